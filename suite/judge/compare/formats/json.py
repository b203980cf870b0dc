"""The comparison itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.documents import codec
from suite.judge.compare.formats.format import Format

if TYPE_CHECKING:
    from suite.base.language import Language
    from suite.documents.comparison import ManyComparison


def render(result: ManyComparison, language: Language) -> bytes:
    """The document, which is for programs, so in English."""
    del language
    return codec.pretty(result)


FORMAT = Format(Bilingual("the comparison as JSON", "JSON 格式的比较"), ".json", render)
