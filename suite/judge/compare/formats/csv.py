"""One row for every metric of every pair, for a spreadsheet."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual
from suite.base.visible import CsvLines, inert
from suite.documents.document import given
from suite.documents.value import Measured
from suite.judge.compare.formats.format import Format

if TYPE_CHECKING:
    from msgspec import UnsetType

    from suite.base.language import Language
    from suite.documents.comparison import ManyComparison, Repetition
    from suite.documents.value import Value

COLUMNS = (
    *("baseline", "card", "run", "phase", "metric", "unit", "a", "a_low", "a_high"),
    *("b", "b_low", "b_high", "ratio", "ratio_low", "ratio_high", "paired_tasks", "p"),
    *("runs_a", "runs_b", "spread_a", "spread_b", "outcome", "why"),
)


def _cells(side: str, value: Value | None) -> dict[str, object]:
    if not isinstance(value, Measured):
        return {}
    return {side: value.value, f"{side}_low": value.low, f"{side}_high": value.high}


def _repeated(made: Repetition | UnsetType) -> dict[str, object]:
    if made is UNSET:
        return {}
    runs = {"runs_a": made.runs[0], "runs_b": made.runs[1]}
    return {**runs, "spread_a": made.spread_a, "spread_b": made.spread_b}


def render(result: ManyComparison, language: Language) -> bytes:
    """The pairs in order, in each the metrics in order; for programs, so in English."""
    del language
    lines = CsvLines()
    writer = csv.DictWriter(lines, COLUMNS, lineterminator=CsvLines.END, restval="")
    writer.writeheader()
    for pair in result.pairs:
        for change in pair.comparison.metrics:
            units = [value.unit for value in (change.a, change.b) if isinstance(value, Measured)]
            ratio = change.ratio
            writer.writerow(
                {
                    "baseline": result.baseline,
                    "card": pair.letter,
                    "run": inert(pair.comparison.b.run),
                    "phase": inert(change.phase),
                    "metric": change.metric,
                    "unit": units[0] if units else "",
                    **_cells("a", change.a),
                    **_cells("b", change.b),
                    "ratio": ratio.value if ratio else "",
                    "ratio_low": ratio.low if ratio else "",
                    "ratio_high": ratio.high if ratio else "",
                    "paired_tasks": given(change.paired, ""),
                    "p": given(change.p, ""),
                    **_repeated(change.repeated),
                    "outcome": change.outcome,
                    "why": inert(change.why),
                }
            )
    return lines.text.encode()


FORMAT = Format(Bilingual("every metric as a table", "全部指标的表格"), ".csv", render)
