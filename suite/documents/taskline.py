"""One line of ``tasks.jsonl``: what was asked, with the reference summary to score against."""

from typing import Annotated, ClassVar

from suite.documents.document import Document, about
from suite.documents.scalars import Count, Required, Sha256


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
