"""MTTransformer's offline result as its result_convert.py gives it: six fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.tabular import view_table

if TYPE_CHECKING:
    from suite.judge.report.formats.format import Subject


def render(subject: Subject) -> bytes:
    """A row a phase."""
    return view_table(subject, "mtt-offline")


FORMAT = Format(
    Bilingual("MTTransformer's offline result as CSV", "MTTransformer 离线结果（CSV）"),
    ".csv",
    "evidence",
    render,
)
