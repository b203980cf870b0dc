"""The table of ``docs/threat-model.md``: cheat, rule, level; `suite.cli.pages` writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from suite.base import markdown
from suite.base.bilingual import Bilingual
from suite.documents.standing import LEVEL_NAMES, LEVELS
from suite.measure.engine.sim_cheats import CHEATS

if TYPE_CHECKING:
    from suite.measure.engine.sim_reply import Cheat

_COLUMNS: Final = Bilingual("cheat | what the vendor does", "作弊 | 厂商所为")
_LEFT: Final = Bilingual("what is left before", "在此之前仍可为")
_NAMED: Final = Bilingual("named by {}", "由 {} 指出")
_UNSEEN: Final = Bilingual("**not seen**", "**看不出**")
_ADAPTED: Final = Bilingual("an adapted form passes", "变通形式可通过")
_ENDS: Final = Bilingual("stops working", "失效")


def table(language: str) -> str:
    """One row a cheat, one column a level, in one language, ``en`` or ``zh``."""
    titles = [
        *getattr(_COLUMNS, language).split(" | "),
        *(getattr(LEVEL_NAMES[level], language) for level in LEVELS),
        getattr(_LEFT, language),
    ]
    return markdown.table(titles, [_row(cheat, language) for cheat in CHEATS.values()])


def _row(cheat: Cheat, language: str) -> list[str]:
    cells = [f"`{cheat.name}`", getattr(cheat.does, language)]
    end = len(LEVELS) if cheat.stops is None else LEVELS.index(cheat.stops)
    for place in range(len(LEVELS)):
        words = _ENDS if place >= end else _ADAPTED if cheat.rules else _UNSEEN
        cell = getattr(words, language)
        if place == 0 and cheat.rules:
            cell = getattr(_NAMED, language).format(", ".join(cheat.rules)) + (
                f"; {cell}" if place < end else ""
            )
        if LEVELS[place] == "challenged" and cheat.under:
            cell = f"{getattr(_NAMED, language).format(', '.join(cheat.under))}; {cell}"
        cells.append(cell)
    return [*cells, getattr(cheat.left, language)]
