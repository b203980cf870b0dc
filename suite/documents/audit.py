"""What an audit of recorded answers against a reference came to: the predicate of a reviewer's statement about a card."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.receipt import Verifier
from suite.documents.scalars import Count, Line, Name, NonNegative, Positive, Ratio, Sha256, Word
from suite.documents.trust import Instant

AuditVerdict = Literal["same", "different", "undecided"]


class AuditReference(Document):
    """What the answers were held against."""

    engine: Annotated[Literal["transformers", "vllm"], about("Which library computed it.")]
    versions: Annotated[dict[str, Word], about("Of the interpreter and the libraries, by name.")]
    dtype: Annotated[Word, about("Precision of the reference.")]
    run_dtype: Annotated[Word, about("Precision of the run, and of the reference's second pass.")]
    model_sha256: Annotated[
        Sha256, about("Digest of the model by the plan; the reference has the same files.")
    ]


class AuditSample(Document):
    """Which answers were looked at."""

    seed: Annotated[Count, about("Drawn by the reviewer after the run; chooses the answers.")]
    answers: Annotated[Positive, about("How many.")]
    tokens: Annotated[Positive, about("Their tokens, end tokens included.")]
    source: Annotated[
        Literal["ids", "text"],
        about("The engine's token ids, or the model's own tokenizer over the text."),
    ]


class Calibration(Document):
    """The reference against itself: alone in its own precision, and in company in the run's."""

    flips: Annotated[Count, about("Places of the sample where the two passes prefer other tokens.")]
    largest_change: Annotated[
        NonNegative, about("Largest change of a gap between best and second token, in nats.")
    ]
    band: Annotated[
        NonNegative, about("Margin in nats up to which a divergence counts as a tie: arithmetic.")
    ]


class AuditPhase(Document):
    """The answers of one phase."""

    phase: Annotated[Name, about("Name of the phase.")]
    answers: Annotated[Count, about("Answers looked at.")]
    tokens: Annotated[Count, about("Their tokens.")]
    mismatches: Annotated[Count, about("Tokens that the reference would not have given.")]
    wide: Annotated[Count, about("Those of them beyond the band.")]


class Divergence(Document):
    """Where an answer first leaves what the reference would have said."""

    request: Annotated[Name, about("Place in the log, for example offline/0 request 17.")]
    task: Annotated[Name, about("Id of the task.")]
    position: Annotated[Count, about("Token of the answer, from 0.")]
    rank: Annotated[Positive, about("Of the recorded token by the reference; 1 is the best.")]
    margin: Annotated[
        NonNegative, about("The reference's best logit less that of the token, in nats.")
    ]


class Audit(Document):
    """Predicate of an audit. The statement's only subject is the scorecard's signed bytes."""

    SCHEMA: ClassVar[str] = "audit"

    verifier: Annotated[Verifier, about("Who made it.")]
    timeCreated: Annotated[Instant, about("When, by the reviewer's clock, in UTC.")]
    reference: Annotated[AuditReference, about("What the answers were held against.")]
    sample: Annotated[AuditSample, about("Which answers were looked at.")]
    calibration: Annotated[Calibration, about("The reference against itself.")]
    mismatches: Annotated[Count, about("Tokens that the reference would not have given.")]
    wide: Annotated[Count, about("Those of them beyond the band.")]
    largest_margin: Annotated[NonNegative, about("Of all tokens, in nats.")]
    mean_margin: Annotated[
        NonNegative, about("Over all tokens, in nats; 0 where the token is best.")
    ]
    worst_rank: Annotated[Positive, about("Of all tokens.")]
    phases: Annotated[tuple[AuditPhase, ...], about("The same by phase.", max_length=1000)]
    divergences: Annotated[
        tuple[Divergence, ...], about("First of each answer, widest first.", max_length=100)
    ]
    p_margins: Annotated[Ratio, about("Chance of margins as wide from arithmetic alone, at most.")]
    p_flips: Annotated[
        Ratio, about("Chance of so many divergences from arithmetic alone, at most.")
    ]
    false_alarm: Annotated[
        Ratio, about("Share of honest runs that would be called different, at most.")
    ]
    verdict: Annotated[AuditVerdict, about("Whether the same model answered.")]
    why: Annotated[Line, about("The sentence that explains it.")]
    tokens_sha256: Annotated[
        Sha256 | UnsetType,
        about("SHA-256 of the file with rank, margin, gap, change and flip of every token."),
    ] = UNSET
