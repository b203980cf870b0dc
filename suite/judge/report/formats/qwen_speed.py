"""Qwen's speed table: context length, tokens per second and device memory of single requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.tabular import view_table

if TYPE_CHECKING:
    from suite.judge.report.formats.format import Subject


def render(subject: Subject) -> bytes:
    """A row a phase."""
    return view_table(subject, "qwen-speed")


FORMAT = Format(
    Bilingual("Qwen's speed table as CSV", "Qwen 速度表（CSV）"), ".csv", "evidence", render
)
