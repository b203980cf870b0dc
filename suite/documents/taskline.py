"""One line of ``tasks.jsonl``: what was asked, with the reference summary to score against."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import Count, Required, Sha256


class Origin(Document):
    """Where a new task of a challenge comes from: a story of the generator, or a task of the set with other names and numbers."""

    INTEGERS_ONLY: ClassVar[bool] = True

    kind: Annotated[Literal["story", "perturbed"], about("How it was made.")]
    number: Annotated[Count | UnsetType, about("Of a story: which of the round's.")] = UNSET
    task: Annotated[Required | UnsetType, about("Id of the task that it was.")] = UNSET
    document_sha256: Annotated[Sha256 | UnsetType, about("Of that task's document.")] = UNSET
    reference: Annotated[Required | UnsetType, about("Reference summary of that task.")] = UNSET
    replaced: Annotated[
        tuple[Required, ...] | UnsetType,
        about("Words and numbers of that task's document that this one's no longer holds."),
    ] = UNSET


class TaskLine(Document):
    """One line of ``tasks.jsonl``: what was asked, with the reference summary to score against."""

    SCHEMA: ClassVar[str] = "taskline"
    INTEGERS_ONLY: ClassVar[bool] = True

    id: Annotated[Required, about("Task id.")]
    record_sha256: Annotated[
        Sha256,
        about("SHA-256 of the canonical JSON of document_sha256, id and reference (as summary)."),
    ]
    document_sha256: Annotated[Sha256, about("SHA-256 of the document's UTF-8 text.")]
    document_words: Annotated[Count, about("Words in the document, separated by white space.")]
    lead: Annotated[str, about("First sentence of the document: the LEAD-1 baseline.")]
    reference: Annotated[str, about("Reference summary.")]
    origin: Annotated[
        Origin | UnsetType, about("Of a new task of a challenge; absent for a task of the set.")
    ] = UNSET
