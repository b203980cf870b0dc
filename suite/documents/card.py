"""The scorecard: what is signed.

Every number that was measured is a `Value`: with unit, count and interval, or with the reason why there is
none. Text that the suite wrote is given in English and Chinese, titles as `Text`, sentences by the table `chinese`;
text that came from a run (versions, error messages) is as it was, cleaned.
"""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.bundle import KeyId
from suite.documents.card_clients import CardClients
from suite.documents.card_phase import CardPhase
from suite.documents.deviceevidence import DeviceAttestation
from suite.documents.document import Document, about
from suite.documents.engine import Dtype
from suite.documents.peaks import Peaks
from suite.documents.plan import RuntimeKind, SuiteVersion, UsedDevices
from suite.documents.scalars import (
    Count,
    Label,
    Line,
    LongLine,
    Name,
    NonNegative,
    Number,
    Positive,
    Ratio,
    RuleId,
    Sha256,
    Sha256OrEmpty,
    Word,
)
from suite.documents.standing import Level, Standing
from suite.documents.text import Text, Title
from suite.documents.value import Value
from suite.documents.workload import Decoding, Division, Objectives, TaskSet

OutcomeText = Literal["not-applicable", "skipped", "pass", "warn", "fail", "error"]
Plausibility = Literal["plausible", "below-floor", "above-ceiling", "not-judged"]
Direction = Literal["lower", "higher", "none"]
TimeKind = Literal["suite", "preparation", "conversion", "engine", "warm-up", "measured"]


SCORECARD_SCHEMA: Final = 1


class DivisionReason(Document):
    """What bars a stricter division: the rule and what it found."""

    rule: Annotated[RuleId, about("Number of the rule.")]
    why: Annotated[Line, about("What it found.")]


class Run(Document):
    """Which run this is."""

    id: Annotated[Name, about("Name of the run.")]
    started_utc: Annotated[
        str, about("Start, UTC with Z.", pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$")
    ]
    ended: Annotated[
        Literal["complete", "interrupted", "engine-died", "engine-failed", "failed", "cut"],
        about("How the run ended; cut: its log has no footer."),
    ]
    error: Annotated[Line, about("The error that ended it; empty when it ran to its planned end.")]
    plan_sha256: Annotated[Sha256, about("Digest of the plan.", standing="recomputed")]
    nonce: Annotated[
        Name | UnsetType, about("Round identifier issued by the reviewers.", standing="asserted")
    ] = UNSET


class Verdict(Document):
    """The answer, rolled up from the checks."""

    conformant: Annotated[bool, about("Whether no rule failed.")]
    outcome: Annotated[OutcomeText, about("The worst outcome.")]
    sentence: Annotated[Text, about("The answer in a sentence.")]


class LevelResult(Document):
    """How far the whole can be trusted: derived from what the evidence holds, never claimed."""

    level: Annotated[Level, about("The highest level that the evidence reaches.")]
    round: Annotated[Name | UnsetType, about("Of the challenge that the run was made under.")] = (
        UNSET
    )
    issuer: Annotated[
        KeyId | UnsetType,
        about(
            "Key that the challenge is signed with; whether it is a reviewer's, a trust list says."
        ),
    ] = UNSET
    reasons: Annotated[
        tuple[DivisionReason, ...], about("Rules that bar the next level; empty where none does.")
    ]


class DivisionResult(Document):
    """Which division was asked for, which was granted, and why not a stricter one."""

    requested: Annotated[Division, about("Asked for.")]
    granted: Annotated[Division, about("Granted.")]
    reasons: Annotated[tuple[DivisionReason, ...], about("Why not a stricter one.")]


class CardVendor(Document):
    """Whose machine."""

    id: Annotated[Name, about("Declaration's id.")]
    name: Annotated[Name, about("Name.")]
    emulated: Annotated[bool, about("The vendor's devices and commands were emulated.")]
    declaration_sha256: Annotated[
        Sha256, about("Digest of the vendor declaration.", standing="recomputed")
    ]


class Served(Document):
    """Under which names the server answered; an arrow stands where they changed within an answer."""

    model: Annotated[Line, about("Name of the model; empty when the server does not say.")]
    fingerprint: Annotated[
        Line, about("`system_fingerprint`: the configuration; empty when the server does not say.")
    ]
    requests: Annotated[Count, about("Measured requests that it answered so.")]


class CardEngine(Document):
    """The engine as it ran."""

    id: Annotated[Name, about("Id.")]
    title: Annotated[Name, about("Name.")]
    version: Annotated[
        Label, about("Version that it reported; empty when unknown.", standing="observed")
    ]
    image_reference: Annotated[
        str, about("Image; empty without a container.", max_length=400, standing="observed")
    ]
    image_digest: Annotated[
        Label, about("Digest of the image that ran; empty when unknown.", standing="observed")
    ]
    image_pinned: Annotated[
        bool, about("The declaration named the image by digest.", standing="recomputed")
    ]
    dtype: Annotated[Dtype, about("Precision.")]
    tensor_parallel: Annotated[Positive, about("Tensor parallel size.")]
    max_model_len: Annotated[Positive, about("Longest sequence, tokens.")]
    prefix_caching: Annotated[bool, about("Reuse of cached prefixes across requests.")]
    quantisation: Annotated[str, about("Quantisation; empty for none.", max_length=100)]
    speculative_decoding: Annotated[bool, about("Speculative decoding.")]
    arguments: Annotated[tuple[LongLine, ...], about("The command line.", standing="observed")]
    environment: Annotated[
        dict[str, LongLine],
        about("Environment variables given to the engine.", standing="observed"),
    ]
    served: Annotated[
        Annotated[tuple[Served, ...], Meta(max_length=20)] | UnsetType,
        about(
            "As what the server answered, the commonest first; absent when it does not say.",
            standing="observed",
        ),
    ] = UNSET


class CardModel(Document):
    """The model as it lay on disk."""

    id: Annotated[Name, about("Name.")]
    revision: Annotated[Label, about("Revision; empty for a directory without one.")]
    sha256: Annotated[Sha256, about("Digest over its files.", standing="observed")]
    tokenizer_sha256: Annotated[
        Sha256OrEmpty, about("Digest of the tokenizer; empty without one.", standing="observed")
    ]
    chat_template_sha256: Annotated[
        Sha256OrEmpty, about("Digest of the chat template; empty without one.", standing="observed")
    ]
    architecture: Annotated[Label, about("Architecture.", standing="recomputed")]
    parameters: Annotated[
        Count | None, about("Parameters; null when nothing tells them.", standing="recomputed")
    ]
    active_parameters: Annotated[
        Count | None,
        about(
            "Parameters used for one token of text; null when nothing tells them.",
            standing="recomputed",
        ),
    ]
    parameters_unknown: Annotated[
        Line, about("Why one of them is null; empty when none is.", standing="recomputed")
    ]
    weight_bytes: Annotated[Count, about("Bytes of the weights.", standing="recomputed")]


class CardPrompt(Document):
    """The prompt, word for word; in lines, because signed text holds no line breaks."""

    id: Annotated[Name, about("Name.")]
    template: Annotated[
        tuple[Annotated[str, Meta(max_length=8000)], ...], about("Lines of the template.")
    ]
    sha256: Annotated[Sha256, about("Digest.")]


class CardWorkload(Document):
    """What every vendor is asked alike."""

    profile: Annotated[Name, about("Profile.")]
    profile_sha256: Annotated[Sha256, about("Digest of the profile.")]
    title: Annotated[Title, about("Name of the profile.")]
    taskset: Annotated[TaskSet, about("Which tasks.")]
    prompt: Annotated[CardPrompt, about("The prompt.")]
    decoding: Annotated[Decoding, about("Decoding parameters.")]
    max_input_tokens: Annotated[Count, about("Longest prompt, tokens.")]
    seed: Annotated[int, about("Seed of the order and of arrivals.")]
    objectives: Annotated[Objectives, about("Service-level objectives.")]


class CardFact(Document):
    """A fact about the environment as text: its value, or why it is unknown."""

    value: Annotated[LongLine | UnsetType, about("The value as text.")] = UNSET
    unknown: Annotated[Line | UnsetType, about("Why.")] = UNSET

    SCHEMA_EXTRA: ClassVar[dict[str, object]] = {
        "oneOf": [{"required": ["value"]}, {"required": ["unknown"]}]
    }

    def __post_init__(self) -> None:
        """Refuse a fact that is both or neither."""
        if (self.value is UNSET) == (self.unknown is UNSET):
            raise ValueError("a fact has either a value or the reason why it is unknown")


class TimeShare(Document):
    """One stretch of the run's wall time."""

    what: Annotated[
        Name, about("suite, preparation, conversion, engine-start, engine-stop or a phase.")
    ]
    kind: Annotated[TimeKind, about("Kind.")]
    seconds: Annotated[NonNegative, about("Seconds.")]


class QualityRow(Document):
    """One quality metric beside its reference and its bound."""

    metric: Annotated[Name, about("Name of the metric.")]
    value: Annotated[Value, about("The run's value.")]
    reference: Annotated[Number | None, about("The reference run's value.")]
    bound: Annotated[Number | None, about("Smallest value that passes.")]
    baseline: Annotated[Value | None, about("The same metric of each document's first sentence.")]


class QualityResult(Document):
    """What the summaries are worth."""

    phase: Annotated[Label, about("The phase they come from; empty when nothing was scored.")]
    reference_source: Annotated[Line, about("Where the reference comes from; empty without one.")]
    rows: Annotated[tuple[QualityRow, ...], about("Metrics.")]
    plausibility: Annotated[Plausibility, about("Whether this can be a summary at all.")]
    floor: Annotated[dict[str, Ratio], about("Below this nothing was summarised.")]
    ceiling: Annotated[dict[str, Ratio], about("Above this it is not credible.")]


class Headline(Document):
    """A number for the reader who has ten seconds; the phase is "" for a number of the whole run."""

    phase: Annotated[Label, about("Phase; empty for the whole run.")]
    metric: Annotated[Name, about("Metric.")]


class Check(Document):
    """One numbered rule and what it found."""

    rule: Annotated[RuleId, about("Its number.")]
    outcome: Annotated[OutcomeText, about("How it ended.")]
    title: Annotated[Text, about("What the rule asks.")]
    why: Annotated[Line, about("What decided.")]
    evidence: Annotated[tuple[Line, ...], about("Where to look.", max_length=200)]


class MetricDescription(Document):
    """What a metric's name means. `order` is its place in reading order: members are stored sorted."""

    order: Annotated[Count, about("Place in reading order; members are stored sorted by name.")]
    title: Annotated[Text, about("Name for people.")]
    unit: Annotated[Word, about("Unit.")]
    direction: Annotated[Direction, about("Which way is better.")]
    formula: Annotated[Line, about("How it is computed.")]
    definition: Annotated[Line, about("What it is.")]
    standing: Annotated[
        Standing,
        about("How far its value can be trusted: asserted where a declared figure divides it."),
    ]


class Scorecard(Document):
    """The whole card."""

    SCHEMA: ClassVar[str] = "scorecard"

    scorecard_schema: Annotated[Literal[1], about("Version of this schema.")]
    metric_schema: Annotated[Positive, about("Version of the metric definitions.")]
    run: Annotated[Run, about("Which run this is.", standing="observed")]
    suite: Annotated[SuiteVersion, about("Which suite measured and scored.", standing="observed")]
    verdict: Annotated[
        Verdict, about("The answer, rolled up from the checks.", standing="recomputed")
    ]
    division: Annotated[
        DivisionResult,
        about("Which division was asked for and which was granted.", standing="recomputed"),
    ]
    level: Annotated[LevelResult, about("How far the whole can be trusted.", standing="recomputed")]
    vendor: Annotated[CardVendor, about("Whose machine.", standing="asserted")]
    runtime: Annotated[RuntimeKind, about("How the engine ran.", standing="observed")]
    runtime_note: Annotated[
        Line, about("Why not in a container; empty otherwise.", standing="observed")
    ]
    devices: Annotated[UsedDevices, about("On what.", standing="asserted")]
    engine: Annotated[CardEngine, about("The engine as it ran.", standing="asserted")]
    model: Annotated[CardModel, about("The model as it lay on disk.", standing="asserted")]
    workload: Annotated[
        CardWorkload, about("What every vendor is asked alike.", standing="recomputed")
    ]
    peaks: Annotated[Peaks, about("Declared by the vendor, not measured.", standing="asserted")]
    environment: Annotated[
        dict[str, CardFact],
        about("Facts about machine, container and engine by dotted name.", standing="observed"),
    ]
    startup: Annotated[
        dict[str, Value], about("Start-up times by metric name.", standing="recomputed")
    ]
    time_breakdown: Annotated[
        tuple[TimeShare, ...],
        about("Where the run's wall time went, in order.", standing="recomputed"),
    ]
    phases: Annotated[
        tuple[CardPhase, ...], about("Loads in the order of the plan.", standing="recomputed")
    ]
    quality: Annotated[QualityResult, about("What the summaries are worth.", standing="recomputed")]
    headline: Annotated[
        tuple[Headline, ...],
        about("Numbers for the reader who has ten seconds.", max_length=8, standing="recomputed"),
    ]
    checks: Annotated[
        tuple[Check, ...], about("Rules in order of their numbers.", standing="recomputed")
    ]
    metrics: Annotated[
        dict[str, MetricDescription],
        about("Definitions of the metrics on this card.", standing="recomputed"),
    ]
    attestation: Annotated[
        DeviceAttestation | UnsetType,
        about(
            "What the devices signed before and after the run, fact by fact; absent where nothing that they signed holds."
        ),
    ] = UNSET
    clients: Annotated[
        CardClients | UnsetType,
        about("The load clients that sent in the run's place; absent where there were none."),
    ] = UNSET
    task_defects: Annotated[
        dict[str, Count], about("Defects found in the task file by kind.", standing="observed")
    ]
    standing: Annotated[
        dict[str, Standing],
        about(
            "How far each fact can be trusted, by its JSON pointer; a metric's stands with its definition."
        ),
    ]
    notes: Annotated[tuple[Line, ...], about("Remarks.", standing="observed")]
    chinese: Annotated[
        dict[str, Line] | UnsetType,
        about(
            "The Chinese form of each sentence that the suite wrote on this card, by its English one."
        ),
    ] = UNSET
