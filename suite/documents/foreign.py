"""A result of another tool: nobody signed it, nothing was recomputed, and it is never ranked with cards."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import Count, Label, Line, Name, NonNegative, Number, Sha256, Word

FOREIGN_SCHEMA: Final = 1


class ForeignNumber(Document):
    """One number under the name that the tool has for it, and the quantity that this is nearest to."""

    quantity: Annotated[
        Name, about("What it is nearest to; the tool's own rule decides what it is.")
    ]
    name: Annotated[Name, about("The tool's own name.")]
    value: Annotated[Number, about("The number, in the unit.")]
    unit: Annotated[Word, about("Unit.")]


class ForeignLoad(Document):
    """One load of the other tool's run."""

    name: Annotated[Label, about("The tool's name for it; empty for none.")]
    model: Annotated[Label, about("Model as the tool names it; empty when it does not.")]
    concurrency: Annotated[NonNegative | UnsetType, about("Requests in flight at most.")] = UNSET
    rate: Annotated[NonNegative | UnsetType, about("Requests per second that were offered.")] = (
        UNSET
    )
    numbers: Annotated[tuple[ForeignNumber, ...], about("What it measured.", min_length=1)]


class ForeignResult(Document):
    """A file of another tool, read."""

    SCHEMA: ClassVar[str] = "foreign"

    foreign_schema: Annotated[Literal[1], about("Version of this schema.")]
    tool: Annotated[Word, about("Which tool wrote it.")]
    title: Annotated[Name, about("The tool's name for people.")]
    file: Annotated[Line, about("Name of the file.")]
    sha256: Annotated[Sha256, about("Digest of the file.")]
    standing: Annotated[
        Literal["foreign"], about("Unsigned, not recomputed: somebody's word alone.")
    ]
    note: Annotated[Line, about("What to know before laying it beside a card.")]
    left_out: Annotated[Count, about("Numbers of the file that could not be read as such.")]
    loads: Annotated[
        Annotated[tuple[ForeignLoad, ...], Meta(max_length=10_000)],
        about("Its loads.", min_length=1),
    ]
