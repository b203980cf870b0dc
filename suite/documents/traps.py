"""``vendors/traps.yaml``: figures that are often declared and wrong."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import PositiveNumber, Required


class Trap(Document):
    """A figure that is often declared and wrong. Mirrors ``schemas/traps.schema.json``."""

    match: Annotated[
        str,
        about(
            "Regular expression over vendor and accelerator.", extra_json_schema={"format": "regex"}
        ),
    ]
    precision: Annotated[tuple[str, ...], about("Which peaks.", min_length=1)]
    value: Annotated[PositiveNumber, about("The wrong figure, in TFLOP/s or TOP/s.")]
    why: Annotated[Required, about("What it really is.")]
    why_zh: Annotated[Required, about("The same in Chinese.")]
    right: Annotated[Required, about("What would be right.")]
    right_zh: Annotated[
        Required | UnsetType, about("The same in Chinese, where it is more than a number.")
    ] = UNSET
    source: Annotated[Required, about("Where both are found.")]


class Traps(Document):
    """The whole file."""

    SCHEMA: ClassVar[str] = "traps"

    traps_schema: Annotated[Literal[1], about("Version of this shape.")]
    traps: Annotated[tuple[Trap, ...], about("Known wrong figures.")]
