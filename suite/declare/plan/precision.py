"""The precision that a model is run in: what is asked for, what it becomes on an accelerator, and which peak that selects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import UsageError
from suite.documents.document import given
from suite.documents.vendor_model import DtypeRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.accelerator import Accelerator
    from suite.documents.model import ModelFacts
    from suite.documents.vendor_engine import DeclaredEngine

_MODEL_DTYPES = {
    "float32": "float32",
    "float": "float32",
    "float16": "float16",
    "half": "float16",
    "bfloat16": "bfloat16",
}


def choose_dtype(
    engine: DeclaredEngine, facts: ModelFacts, named: str | None, device: Accelerator
) -> DtypeRow:
    """What is requested, what it becomes and which peak that selects.

    Args:
        engine: the declaration.
        facts: of the model.
        named: what the user asked for.
        device: the accelerator; a precision may be refused on some.

    Raises:
        UsageError: ``dtype-unsupported``, ``quantisation-unsupported``.
    """
    dtypes = engine.dtypes
    own = _MODEL_DTYPES.get(facts.torch_dtype, facts.torch_dtype)
    requested = dtypes.default if named is None else named
    if requested == "model":
        requested = own
    refused = {
        row.requested: row.why
        for row in dtypes.refused
        if device.id in given(row.accelerators, [device.id])
    }
    if requested != own and dtypes.default == "model" and not _takes_dtype(engine):
        why = f"no argument sets it: the engine takes the precision of the weights, {own or 'unknown'}"
        refused |= {row.requested: why for row in dtypes.rows if row.requested != own}
    rows = {row.requested: row for row in dtypes.rows if row.requested not in refused}
    if requested not in rows:
        why = refused.get(requested, "")
        raise UsageError(
            "dtype-unsupported",
            Sentence(
                f"dtype: {requested or 'unknown'} is not allowed for {engine.id}; "
                f"the values are {', '.join(rows)}",
                f"dtype：{engine.id} 不允许 {requested or '未知'}；可取 {', '.join(rows)}",
            )
            + (f": {why}" if why else ""),
            hint=_nearest_dtype(requested, engine, list(rows.values())),
        )
    row = rows[requested]
    if facts.quantisation is None:
        if own and own != row.executed and not row.note:
            row = replace(
                row,
                note=Sentence(
                    f"the model's weights are stored in {own}", f"模型的权重以 {own} 存储"
                ),
            )
        return row
    return quantised(engine, rows[requested], facts.quantisation)


def _nearest_dtype(requested: str, engine: DeclaredEngine, rows: Sequence[DtypeRow]) -> str:
    """What to name instead: the engine's own word for a peak's, as ``bf16``."""
    own = [row.requested for row in rows if requested in (row.precision, row.executed)]
    if own:
        return Sentence(
            f"name it as the engine does: --dtype {own[0]}", f"请按引擎的写法：--dtype {own[0]}"
        )
    if requested in [kind.method for kind in engine.quantisation]:
        return Sentence(
            f"{requested} is a quantisation of the weights: name a model that has them, or the engine's argument for it",
            f"{requested} 是权重的量化方式：请指定这样的模型，或给出引擎的相应参数",
        )
    return Sentence("name one with --dtype", "请以 --dtype 指定")


def _takes_dtype(engine: DeclaredEngine) -> bool:
    """Whether the precision that is asked for reaches the engine by anything that starts it."""
    texts = (
        *engine.command,
        *(text for step in engine.pre_commands for text in step),
        *(given(rule.value, "") for rule in engine.arguments),
        *(variable.value for variable in engine.env),
    )
    return any("{dtype}" in text for text in texts)


def quantised(engine: DeclaredEngine, row: DtypeRow, method: str) -> DtypeRow:
    """The precision when a quantisation is in force; the peak follows what is multiplied.

    Raises:
        UsageError: ``quantisation-unsupported``.
    """
    for declared in engine.quantisation:
        if declared.method == method:
            return DtypeRow(
                requested=row.requested,
                executed=declared.precision,
                precision=declared.precision,
                note=f"quantised: {method}",
            )
    methods = ", ".join(item.method for item in engine.quantisation) or Sentence("none", "无")
    raise UsageError(
        "quantisation-unsupported",
        Sentence(
            f"{engine.id} is not declared to run with the quantisation {method}",
            f"{engine.id} 未声明可运行量化方式 {method}",
        ),
        hint=Sentence(f"declared: {methods}", f"已声明：{chinese(methods)}"),
    )
