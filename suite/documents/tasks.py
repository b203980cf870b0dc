"""A canonical task file (JSON Lines): a header, then one record a line, sorted by id."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from suite.documents.document import Document, about
from suite.documents.scalars import Required, Sha256

Total = Annotated[int, Meta(ge=1, le=100000000)]
CountName = Annotated[str, Meta(pattern="^[a-z][a-z-]{0,40}$")]


class TaskSource(Document):
    """Where the records came from."""

    kind: Annotated[
        str,
        about(
            "What the source was: the name of a data format, or mini set.",
            min_length=1,
            max_length=80,
        ),
    ]
    sha256: Annotated[Sha256 | None, about("Digest of the source file; null for a folder.")]
    has_ids: Annotated[bool, about("False when the ids were derived from row numbers.")]
    notes: Annotated[
        dict[CountName, Total], about("Peculiarities of the source file that are in no record.")
    ]
    excluded: Annotated[dict[CountName, Total], about("Records that were left out, by reason.")]


class TaskFileHeader(Document):
    """The first line of a canonical task file (JSON Lines). Every other line is a `TaskRecord`; the records are sorted by id."""

    SCHEMA: ClassVar[str] = "tasks"

    tasks_schema: Annotated[Literal[1], about("Version of this format.")]
    records: Annotated[Total, about("Number of record lines.")]
    ids_sha256: Annotated[
        Sha256, about("SHA-256 of the ids joined by line feeds, in the order of the file.")
    ]
    records_sha256: Annotated[
        Sha256,
        about("SHA-256 of the records' digests joined by line feeds, in the order of the file."),
    ]
    source: Annotated[TaskSource, about("Where the records came from.")]


class TaskRecord(Document):
    """A record line."""

    id: Annotated[str, about("Key of the record.", min_length=1, max_length=128)]
    document: Annotated[str, about("The article as the source has it.")]
    summary: Annotated[Required, about("The reference summary as the source has it.")]
    sha256: Annotated[
        Sha256,
        about(
            "SHA-256 of the canonical JSON of id, summary and document_sha256, the document's own SHA-256."
        ),
    ]
