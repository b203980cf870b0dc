"""``provenance.json``: where converted weights come from."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.engine import ConversionKind
from suite.documents.model import FileDigest
from suite.documents.scalars import Count, NonNegative, Number, Sha256


class ConvertedModel(Document):
    """The model that went in."""

    id: Annotated[str, about("Its name.")]
    sha256: Annotated[Sha256, about("Digest over its files.")]


class Census(Document):
    """The tensors of one type."""

    dtype: Annotated[str, about("As the file's format names it, for example BF16 or Q8_0.")]
    tensors: Annotated[Count, about("How many.")]
    parameters: Annotated[Count, about("Values in all of them.")]


class TensorRounding(Document):
    """What one tensor loses."""

    tensor: Annotated[str, about("Its name in the source.")]
    values: Annotated[Count, about("How many it has.")]
    overflowed: Annotated[Count, about("Finite values that become infinite.")]
    vanished: Annotated[Count, about("Values other than 0 that become 0.")]
    largest_relative_error: Annotated[
        NonNegative, about("Of a value that neither overflows nor vanishes; a ratio.")
    ]
    not_finite: Annotated[
        Count | UnsetType, about("Values of the source that are infinite or no number.")
    ] = UNSET


class Rounding(Document):
    """What rounding to a narrower type loses, by IEEE 754, whatever layout is written."""

    dtype: Annotated[str, about("The type that is written.")]
    tensors: Annotated[tuple[TensorRounding, ...], about("Every floating-point tensor.")]


class Repetition(Document):
    """The same step, run a second time."""

    differing: Annotated[
        tuple[str, ...],
        about("Files that came out otherwise, or only once; empty: the same bytes."),
    ]
    seconds: Annotated[NonNegative, about("How long it took.")]


class Provenance(Document):
    """Where converted weights come from: what went in, what ran, what came out."""

    SCHEMA: ClassVar[str] = "provenance"

    provenance_schema: Annotated[Literal[1], about("Version of this schema.")]
    kind: Annotated[ConversionKind, about("What was done to the weights.")]
    reason: Annotated[str, about("Why the engine needs it.")]
    model: Annotated[ConvertedModel, about("The model that went in.")]
    inputs: Annotated[tuple[FileDigest, ...], about("Files that went in.")]
    command: Annotated[tuple[str, ...], about("Argument list that was run.", min_length=1)]
    env: Annotated[dict[str, str], about("Variables that were set for it.")]
    model_type: Annotated[
        str, about("Name that the converter has for the architecture; empty when it asks for none.")
    ]
    parameters: Annotated[dict[str, str], about("What is baked into the artefact.")]
    tool: Annotated[
        dict[str, str | Number],
        about("What ran it: the runtime, and the image or the packages by dotted name."),
    ]
    outputs: Annotated[tuple[FileDigest, ...], about("Files that came out.", min_length=1)]
    census_before: Annotated[
        tuple[Census, ...], about("What went in, by type; empty where its format is not read.")
    ]
    census_after: Annotated[
        tuple[Census, ...], about("What came out, by type; empty where its format is not read.")
    ]
    rounding: Annotated[
        Rounding | str, about("What the type that is written loses; or why that is not told.")
    ]
    started_utc: Annotated[
        str,
        about("When it began.", pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"),
    ]
    seconds: Annotated[NonNegative, about("How long it took.")]
    repeated: Annotated[
        Repetition | UnsetType, about("Only where the step was run twice: --verify-conversion.")
    ] = UNSET
