"""Model and device measurements of transformers' MetricsRecorder, by the names of its dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.tabular import view_table

if TYPE_CHECKING:
    from suite.judge.report.formats.format import Subject


def render(subject: Subject) -> bytes:
    """A row a phase."""
    return view_table(subject, "transformers")


FORMAT = Format(
    Bilingual(
        "transformers' MetricsRecorder records as CSV", "transformers MetricsRecorder 记录（CSV）"
    ),
    ".csv",
    "evidence",
    render,
)
