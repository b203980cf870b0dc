"""One row for every value of the card, for a spreadsheet."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import msgspec

from suite.base.bilingual import Bilingual
from suite.base.visible import CsvLines, inert
from suite.judge.report.formats.format import Format
from suite.judge.report.view import values

if TYPE_CHECKING:
    from suite.judge.report.formats.format import Subject

COLUMNS = (
    "run",
    "phase",
    "metric",
    "value",
    "unit",
    "n",
    "low",
    "high",
    "interval",
    "not_measured",
)


def render(subject: Subject) -> bytes:
    """Phases in the card's order, then the values of the whole run; what has no number says why."""
    lines = CsvLines()
    writer = csv.DictWriter(lines, COLUMNS, lineterminator=CsvLines.END)
    writer.writeheader()
    for phase, metric, value in values(subject.card):
        writer.writerow(
            {
                "run": inert(subject.card.run.id),
                "phase": inert(phase),
                "metric": metric,
                **{name: inert(cell) for name, cell in msgspec.to_builtins(value).items()},
            }
        )
    return lines.text.encode()


FORMAT = Format(
    Bilingual("every value of the card as a table", "评分卡全部数值的表格"), ".csv", "card", render
)
