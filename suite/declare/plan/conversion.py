"""The conversion step of a plan: whether it is needed, and its command with every parameter baked in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import UsageError, choices
from suite.declare.vendor import template
from suite.documents.codec import plain
from suite.documents.document import given
from suite.documents.engine import RECIPE_TARGET, Conversion, Mount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.declare.plan.choice import ModelInput
    from suite.declare.vendor.load import Vendor
    from suite.documents.model import Model, ModelFacts
    from suite.documents.plan import Plan
    from suite.documents.provenance import Census
    from suite.documents.vendor_engine import DeclaredEngine
    from suite.documents.vendor_model import DeclaredConversion

SOURCE_TARGET = "/model-source"
OUTPUT_TARGET = "/model-converted"
KEY_DIGITS = 12
ADDED_SHARE = 1e-4
"""Constants that a format keeps beside the weights, such as the frequencies of rotary positions, as a share of them."""
FORMAT_NAMES = {
    "float32": "F32", "fp32": "F32", "float16": "F16", "fp16": "F16", "half": "F16", "bfloat16": "BF16", "bf16": "BF16",
}  # fmt: skip
"""What files call a type that a step names; every other is called alike, in capitals."""


def needs_conversion(engine: DeclaredEngine, facts: ModelFacts) -> DeclaredConversion | None:
    """The engine's conversion when this model needs it."""
    conversion = given(engine.conversion)
    if conversion is None:
        return None
    quantised = facts.quantisation
    wanted = {
        "always": True,
        "quantised": quantised is not None,
        "fp8": quantised is not None and "fp8" in quantised.lower(),
    }
    return conversion if wanted[conversion.required] else None


def model_type(
    engine: DeclaredEngine, conversion: DeclaredConversion, facts: ModelFacts, named: str
) -> str:
    """The converter's name for the model's architecture.

    Args:
        engine: the engine, for the message.
        conversion: its conversion.
        facts: of the model.
        named: a name given by the user, or empty.

    Raises:
        UsageError: ``model-type-unknown``, ``model-unsupported``.
    """
    rows = conversion.model_types
    if not rows:
        return ""
    values = sorted({row.value for row in rows})
    if named:
        if named not in values:
            raise UsageError(
                "model-type-unknown",
                Sentence(
                    f"the converter of {engine.id} knows no model type {named!r}",
                    f"{engine.id} 的转换器不认识模型类型 {named!r}",
                ),
                hint=choices(named, values),
            )
        return named
    for row in rows:
        if row.architecture == facts.architecture:
            return row.value
    architectures = ", ".join(dict.fromkeys(row.architecture for row in rows))
    raise UsageError(
        "model-unsupported",
        Sentence(
            f"{engine.id} cannot convert {facts.architecture or 'a model without architecture'}",
            f"{engine.id} 不能转换{facts.architecture or '没有架构名称的模型'}",
        ),
        hint=Sentence(f"it converts: {architectures}", f"它可转换：{architectures}"),
    )


def conversion_doc(
    conversion: DeclaredConversion, values: Mapping[str, str], model: ModelInput | Model, root: str
) -> Conversion:
    """The step, fully resolved.

    Args:
        conversion: the declaration.
        values: placeholders; the directories are added here.
        model: the original model on this machine.
        root: directory for converted models on this machine; empty: beside the original.

    The directory's name ends in a digest of all that the weights come out of, so that every step has its own.
    """
    name = template.fill(conversion.output_name, values)
    paths = {
        **values,
        "model_source": SOURCE_TARGET,
        "conversion_target": f"{OUTPUT_TARGET}/{name}",
    }
    parent = Path(root) if root else Path(model.path).parent
    step = Conversion(
        kind=conversion.kind,
        reason=conversion.why,
        command=tuple(template.fill_all(conversion.command, paths)),
        env={key: template.fill(text, paths) for key, text in conversion.env.items()},
        source=paths["model_source"],
        target=paths["conversion_target"],
        host_target="",
        model_type=values["model_type"],
        parameters={item.name: template.fill(item.value, paths) for item in conversion.parameters},
    )
    key = jsonio.digest({"model": model.sha256, "step": plain(step)})
    return replace(step, host_target=str(parent / f"{name}-{key[:KEY_DIGITS]}"))


def step_mounts(plan: Plan, step: Conversion, output: str) -> tuple[Mount, ...]:
    """What the step sees in a container: the source read-only, one directory to write to, and what the devices need.

    Args:
        plan: of a container.
        step: its conversion.
        output: directory on this machine that gets the files.
    """
    engine = plan.engine
    declared = () if engine.container is None else engine.container.mounts
    return (
        Mount(source=plan.model.path, target=step.source, read_only=True),
        Mount(source=output, target=step.target, read_only=False),
        *(mount for mount in declared if mount.target != engine.model_target),
    )


def artefact_problems(conversion: Conversion, model: Model, counted: Sequence[Census]) -> list[str]:
    """What is wrong with the numbers that came out: how many there are, and of which type most are.

    Args:
        conversion: the step; its parameter ``dtype`` names the type.
        model: that went in.
        counted: what came out; nothing is said of a format that is not read.
    """
    if not counted:
        return []
    problems: list[str] = []
    expected, stored = model.facts.parameters, sum(row.parameters for row in counted)
    # Ranks may each keep a copy of what they do not share out.
    shared = conversion.parameters.get("tensor_parallel", "1") != "1"
    added = stored - expected if expected else 0
    if expected and (-added if shared else abs(added)) > expected * ADDED_SHARE:
        problems.append(
            Sentence(
                f"{stored:,} parameters came out, the model has {expected:,}",
                f"转换得到 {stored:,} 个参数，模型有 {expected:,} 个",
            )
        )
    dtype = conversion.parameters.get("dtype", "")
    label = FORMAT_NAMES.get(dtype, dtype.upper())
    most = max(counted, key=lambda row: row.parameters).dtype
    if dtype and most != label:
        problems.append(
            Sentence(
                f"most parameters came out as {most}, the step names {dtype}",
                f"多数参数为 {most}，而步骤写明 {dtype}",
            )
        )
    return problems


def declared_step(vendor: Vendor, plan: Plan) -> Conversion | None:
    """The step that a declaration prescribes for what a plan chose; None when it declares none for the engine.

    Args:
        vendor: the declaration that the plan was made from.
        plan: with its conversion; devices, ranks, precision and model type are taken from it.

    Raises:
        UsageError: ``engine-unknown``, ``accelerator-unknown``, ``accelerator-unsupported``.
    """
    engine, step = vendor.engine(plan.engine.id), plan.conversion
    conversion = given(engine.conversion)
    if conversion is None or step is None:
        return None
    device = vendor.accelerator(engine, plan.devices.accelerator)
    image = plan.engine.image
    values = {
        "model": plan.engine.model_target,
        "model_name": plan.model.id.rpartition("/")[2],
        "model_type": step.model_type,
        "served_model_name": plan.engine.served_model_name,
        "tensor_parallel": str(plan.engine.tensor_parallel),
        "devices": str(plan.devices.count),
        "visible": plan.devices.visible,
        "dtype": plan.engine.dtype.requested,
        "max_model_len": str(plan.engine.max_model_len),
        "recipe": RECIPE_TARGET,
        "arch": given(device.architecture, ""),
        "image": engine.images[0].reference if image is None else image.reference,
    }
    parent = str(Path(step.host_target).parent)
    return conversion_doc(conversion, values, plan.model, parent)
