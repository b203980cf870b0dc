"""The check itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.documents import codec
from suite.judge.submissions.formats.format import Format

if TYPE_CHECKING:
    from suite.base.language import Language
    from suite.documents.check import CheckReport


def render(report: CheckReport, language: Language) -> bytes:
    """The document, which is for programs, so in English."""
    del language
    return codec.pretty(report)


FORMAT = Format(Bilingual("the check as JSON", "JSON 格式的检查结果"), ".json", render)
