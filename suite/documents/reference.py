"""A signed reference run: what a model answers on a task set when it runs as it should, task by task and without any text."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about
from suite.documents.model import FileDigest
from suite.documents.receipt import Verifier
from suite.documents.scalars import Count, Name, Positive, Ratio, Sha256, Word
from suite.documents.trust import Instant

REFERENCE_TYPE: Final = "urn:llm-inference-conformance:reference:v1"
"""Predicate type of its statement."""


class ReferenceModel(Document):
    """Which model answered."""

    id: Annotated[Name, about("Hub id or directory name.")]
    revision: Annotated[Name | None, about("Pinned Hub commit, or null.")]
    weights: Annotated[
        tuple[FileDigest, ...], about("Files that hold the weights.", min_length=1, max_length=4096)
    ]


class ReferenceEngine(Document):
    """What computed the answers."""

    id: Annotated[Word, about("Engine by the declaration's id.")]
    version: Annotated[Name, about("As the engine says it.")]
    dtype: Annotated[
        Literal["float32", "bfloat16"], about("Data type of weights and arithmetic, as executed.")
    ]


class ReferenceTasks(Document):
    """What was asked, and how."""

    name: Annotated[Name, about('"mini-256", "xsum-1000", "custom".')]
    records_sha256: Annotated[
        Sha256,
        about("SHA-256 of the record digests of the task set joined by line feeds, in order."),
    ]
    prompt_sha256: Annotated[Sha256, about("Digest of the prompt template.")]
    max_new_tokens: Annotated[Positive, about("Limit of generated tokens; decoding is greedy.")]


class ReferenceAnswer(Document):
    """The answer to one task, without its text."""

    id: Annotated[Name, about("Task id.")]
    record_sha256: Annotated[Sha256, about("Digest of the task's record.")]
    rouge: Annotated[
        tuple[Ratio, Ratio, Ratio, Ratio],
        about("F-measures of ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum."),
    ]
    tokens: Annotated[Count, about("Generated tokens as the run counts them.")]
    ended: Annotated[bool, about("It ended by itself, not at the limit.")]
    words: Annotated[Count, about("Its words as ROUGE reads them, not stemmed.")]
    words_sha256: Annotated[Sha256, about("SHA-256 of those words joined by blanks.")]
    token_ids: Annotated[
        Annotated[tuple[Count, ...], Meta(max_length=65536)] | UnsetType,
        about("Generated token ids; absent where the engine gives none."),
    ] = UNSET


class Reference(Document):
    """Predicate of a reference run. Its statement's only subject is the manifest of the run that it was made from."""

    SCHEMA: ClassVar[str] = "reference"

    reference_schema: Annotated[Literal[1], about("Version of this schema.")]
    verifier: Annotated[Verifier, about("Who states it.")]
    timeCreated: Annotated[Instant, about("When, by the signer's clock, in UTC.")]
    model: Annotated[ReferenceModel, about("Which model answered.")]
    engine: Annotated[ReferenceEngine, about("What computed the answers.")]
    tasks: Annotated[ReferenceTasks, about("What was asked, and how.")]
    answers: Annotated[
        tuple[ReferenceAnswer, ...],
        about("In the order of the set.", min_length=1, max_length=100_000),
    ]
