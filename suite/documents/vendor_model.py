"""How an engine in ``vendors/<id>/vendor.yaml`` takes a model: precisions, splits, conversion."""

from typing import Annotated, Literal

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.engine import ConversionKind
from suite.documents.scalars import Required, VariableName


class DtypeRow(Document):
    """What a requested precision becomes."""

    requested: Annotated[str, about("As the engine's argument spells it.")]
    executed: Annotated[str, about("What really runs: float16, bfloat16, float32, fp8, .")]
    precision: Annotated[str, about("The peak that MFU divides by.")]
    note: Annotated[str, about("Why they differ, or empty.")]
    quantisation: Annotated[
        str | UnsetType,
        about("Method by which the weights are rounded to it, one of the engine's quantisation."),
    ] = UNSET


class DtypeRefusal(Document):
    """A precision that the engine does not run."""

    requested: Annotated[str, about("As the engine's argument spells it.")]
    accelerators: Annotated[tuple[str, ...] | UnsetType, about("Only on these.")] = UNSET
    why: Annotated[Required, about("The reason.")]
    source: Annotated[Required, about("Key of sources.")]


class Dtypes(Document):
    """Precisions: requested, executed, refused."""

    default: Annotated[
        str, about("What is requested when nobody says otherwise; model means the model's own.")
    ]
    rows: Annotated[tuple[DtypeRow, ...], about("What may be requested.", min_length=1)]
    refused: Annotated[tuple[DtypeRefusal, ...], about("What may not.")]
    source: Annotated[Required, about("Key of sources.")]


class TensorParallel(Document):
    """How the model may be split."""

    allowed: Annotated[tuple[int, ...], about("Numbers of ranks; empty means any.")]
    note: Annotated[str, about("What binds it.")]
    source: Annotated[Required, about("Key of sources.")]


class BakedParameter(Document):
    """A parameter that is fixed in the converted weights."""

    name: Annotated[
        str, about("Tensor_parallel, arch, dtype, device_generation, tool_version, buckets, .")
    ]
    value: Annotated[str, about("Template.")]


class ModelTypeRow(Document):
    """Which name the converter has for an architecture."""

    architecture: Annotated[str, about("From config.json.")]
    value: Annotated[str, about("The converter's name.")]
    models: Annotated[str, about("Models that were verified by the vendor.")]


class DeclaredConversion(Document):
    """What must happen to the weights before the engine can load them."""

    kind: Annotated[ConversionKind, about("Another layout, compiled graphs, or scales.")]
    required: Annotated[Literal["always", "quantised", "fp8"], about("When.")]
    command: Annotated[tuple[str, ...], about("Template.")]
    env: Annotated[dict[VariableName, str], about("For the command.")]
    output_name: Annotated[str, about("Template of the directory's name.")]
    parameters: Annotated[
        tuple[BakedParameter, ...],
        about("Baked into the result; a mismatch fails before anything starts."),
    ]
    model_types: Annotated[
        tuple[ModelTypeRow, ...], about("Empty when the converter asks for none.")
    ]
    why: Annotated[Required, about("The reason for the step.")]
    source: Annotated[Required, about("Key of sources.")]


class ModelSupport(Document):
    """A model that the engine is known to run."""

    architecture: Annotated[str, about("From config.json.")]
    names: Annotated[str, about("As the vendor lists them.")]
    note: Annotated[str | UnsetType, about("What else to know.")] = UNSET


class Quantisation(Document):
    """A quantisation that the engine can run."""

    method: Annotated[str, about("As the engine names it.")]
    arguments: Annotated[tuple[str, ...], about("Arguments that select it.")]
    precision: Annotated[str, about("The peak that MFU divides by.")]
    note: Annotated[str | UnsetType, about("What else to know.")] = UNSET
