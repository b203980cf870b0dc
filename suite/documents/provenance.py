"""``provenance.json``: where converted weights come from."""

from typing import Annotated, ClassVar, Literal

from suite.documents.document import Document, about
from suite.documents.engine import ConversionKind
from suite.documents.model import FileDigest
from suite.documents.scalars import NonNegative, Number, Sha256


class ConvertedModel(Document):
    """The model that went in."""

    id: Annotated[str, about("Its name.")]
    sha256: Annotated[Sha256, about("Digest over its files.")]


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
    started_utc: Annotated[
        str,
        about("When it began.", pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"),
    ]
    seconds: Annotated[NonNegative, about("How long it took.")]
