"""A terminal table of what leads the card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.judge.report import text
from suite.judge.report.formats.format import Format

if TYPE_CHECKING:
    from suite.judge.report.formats.format import Subject


def render(subject: Subject) -> bytes:
    """The summary."""
    return f"{text.render(subject.card, subject.language)}\n".encode()


FORMAT = Format(Bilingual("a terminal table", "终端表格"), ".txt", "card", render)
