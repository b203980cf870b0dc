"""One row for every value of the card, as Parquet: the columns of `csv`, with the facts that tell runs apart."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import msgspec

from suite.base.bilingual import Bilingual, Sentence
from suite.base.errors import SetupError, extra
from suite.judge.report.formats.csv import COLUMNS
from suite.judge.report.formats.format import Format
from suite.judge.report.view import values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.judge.report.formats.format import Subject

_FACTS = ("started_utc", "vendor", "devices", "engine", "engine_version", "model", "profile")


def packed(
    rows: Sequence[Mapping[str, object]], names: Sequence[str], kinds: Mapping[str, str]
) -> bytes:
    """Rows as a Parquet file.

    Args:
        rows: each with every name.
        names: the columns, in their order.
        kinds: Arrow's types of those that are not texts, as pyarrow names them.

    Raises:
        SetupError: ``parquet-missing`` without pyarrow.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as cause:
        raise SetupError(
            "parquet-missing",
            Sentence("pyarrow is not installed", "未安装 pyarrow"),
            hint=extra("parquet"),
        ) from cause
    schema = pa.schema([(name, getattr(pa, kinds.get(name, "string"))()) for name in names])
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink, compression="zstd")
    return sink.getvalue()


def render(subject: Subject) -> bytes:
    """The table.

    Raises:
        SetupError: ``parquet-missing`` without pyarrow.
    """
    card = subject.card
    facts = {
        "started_utc": card.run.started_utc,
        "vendor": card.vendor.id,
        "devices": card.devices.title,
        "engine": card.engine.id,
        "engine_version": card.engine.version,
        "model": card.model.id,
        "profile": card.workload.profile,
    }
    rows = [
        {**facts, "run": card.run.id, "phase": phase, "metric": metric} | msgspec.to_builtins(value)
        for phase, metric, value in values(card)
    ]
    kinds = dict.fromkeys(("value", "low", "high"), "float64") | {"n": "int64"}
    return packed(rows, (*_FACTS, *COLUMNS), kinds)


FORMAT = Format(
    Bilingual("every value of the card as Parquet", "评分卡全部数值（Parquet）"),
    ".parquet",
    "card",
    render,
    verbatim=True,
)
