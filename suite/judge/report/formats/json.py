"""The scorecard itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.documents import codec
from suite.judge.report.formats.format import Format

if TYPE_CHECKING:
    from suite.judge.report.formats.format import Subject


def render(subject: Subject) -> bytes:
    """The card as indented JSON."""
    return codec.pretty(subject.card)


# What could be signed may be written as it is.
FORMAT = Format(
    Bilingual("the scorecard as JSON", "JSON 格式的评分卡"), ".json", "card", render, verbatim=True
)
