"""What every vendor is asked alike: tasks, prompt, decoding, objectives and bounds."""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about
from suite.documents.phase import Phase
from suite.documents.scalars import Count, Milliseconds, Name, Number, Positive, Seed, Sha256, Share
from suite.documents.text import Title

Temperature = Annotated[int, Meta(ge=0, le=2)] | Annotated[float, Meta(ge=0, le=2)]
Division = Literal["closed", "optimised", "open"]


class PinnedTexts(Document):
    """How many tasks have the very texts whose digests come with the suite."""

    references: Annotated[Count, about("Tasks with the known reference summary.")]
    openings: Annotated[Count, about("Tasks whose document begins with the known first sentence.")]
    documents: Annotated[Count, about("Tasks with the known document, every byte of it.")]
    known_documents: Annotated[Count, about("Tasks of which the suite knows the whole document.")]


class TaskSet(Document):
    """Which tasks, in which order."""

    name: Annotated[Name, about('"mini-256", "xsum-1000", "custom".')]
    size: Annotated[Positive, about("Number of tasks.")]
    ids_sha256: Annotated[Sha256, about('Sha256 of the ids joined by "\\n", in order.')]
    records_sha256: Annotated[
        Sha256, about('Sha256 of the record digests joined by "\\n", in order.')
    ]
    locked: Annotated[
        bool,
        about(
            "The digest equals the one locked in the suite, and the texts are the known ones; under a challenge, of the set that it was drawn from."
        ),
    ]
    pinned: Annotated[
        PinnedTexts | UnsetType,
        about("How many texts are the known ones; absent for a set without pins of its texts."),
    ] = UNSET
    new: Annotated[
        Positive | UnsetType,
        about(
            "How many of the tasks are new ones of a challenge; the others are the set's. Absent without a challenge."
        ),
    ] = UNSET


class Prompt(Document):
    """The prompt that every task is put into."""

    id: Annotated[str, about('"closed-v1", "compat-flagperf".')]
    template: Annotated[str, about("With {document}.")]
    sha256: Annotated[Sha256, about("Digest of the template's UTF-8 bytes.")]


class Decoding(Document):
    """Decoding parameters."""

    max_new_tokens: Annotated[int, about("Most tokens to generate.", ge=1, le=65536)]
    min_new_tokens: Annotated[int, about("Fewest tokens to generate.", ge=0, le=65536)]
    temperature: Annotated[Temperature, about("Sampling temperature; 0 is greedy.")]
    top_p: Annotated[Share, about("Nucleus sampling share.")]
    seed: Annotated[Seed, about("Sampling seed.")]
    ignore_eos: Annotated[bool, about("Go on after the end token.")]
    stop: Annotated[tuple[Name, ...], about("Texts that end the answer.", max_length=16)]


class Objectives(Document):
    """Service-level objectives for goodput, milliseconds."""

    ttft_ms: Annotated[Milliseconds | None, about("Time to first token; null for none.")]
    tpot_ms: Annotated[Milliseconds | None, about("Time per output token; null for none.")]
    e2e_ms: Annotated[Milliseconds | None, about("Whole request; null for none.")]


NO_OBJECTIVES: Final = Objectives(ttft_ms=None, tpot_ms=None, e2e_ms=None)


class Quality(Document):
    """What the summaries must reach; None means there is no reference for this model."""

    reference_source: Annotated[str, about("Where the reference comes from, or why there is none.")]
    reference: Annotated[
        dict[str, Number] | None,
        about("Rouge1, rouge2, rougeL, rougeLsum (0..1), generated_tokens (mean)."),
    ]
    reference_sha256: Annotated[
        Sha256 | UnsetType,
        about(
            "SHA-256 of the signed bytes of the reference run that the answers are held against task by task; absent without one."
        ),
    ] = UNSET
    rouge_ratio_min: Annotated[Number, about("Each ROUGE >= this share of the reference.")]
    length_ratio_min: Annotated[
        Number, about("Mean generated length must be at least this share of the reference.")
    ]
    rouge1_floor: Annotated[Number, about("Plausibility: below this nothing was summarised.")]
    rouge2_floor: Annotated[Number, about("Plausibility: below this nothing was summarised.")]
    rouge1_ceiling: Annotated[Number, about("Above this it is not credible.")]
    rouge2_ceiling: Annotated[Number, about("Above this it is not credible.")]


class Workload(Document):
    """What every vendor is asked alike."""

    profile: Annotated[str, about("Name of the profile.")]
    profile_sha256: Annotated[Sha256, about("Digest of the profile.")]
    title: Annotated[Title, about("Title for people.")]
    division: Annotated[Division, about("Division asked for.")]
    seed: Annotated[int, about("Seed of everything drawn.")]
    taskset: Annotated[TaskSet, about("Which tasks.")]
    prompt: Annotated[Prompt, about("The prompt template.")]
    decoding: Annotated[Decoding, about("Decoding parameters.")]
    max_input_tokens: Annotated[
        Positive, about("Longest prompt in the model's own tokens; longer documents are cut.")
    ]
    phases: Annotated[tuple[Phase, ...], about("In running order.")]
    objectives: Annotated[Objectives, about("Service-level objectives for goodput.")]
    quality: Annotated[Quality, about("What the summaries must reach.")]
