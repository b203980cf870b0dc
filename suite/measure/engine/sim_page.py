"""The table of ``docs/threat-model.md``: cheat, level, and what named it there; `suite.cli.pages` writes it.

What named a cheat is read from ``docs/cheats.json``, which whole runs of every cheat leave (``make cheats``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from suite.base import markdown, resources
from suite.base.bilingual import Bilingual
from suite.documents.standing import LEVEL_NAMES, LEVELS
from suite.measure.engine.sim_cheats import CHEATS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.measure.engine.sim_reply import Cheat

SEEN: Final = resources.TOP / "docs" / "cheats.json"
"""What named each cheat at each level, as the runs found; in a checkout."""
AUDITED: Final = "audited"

_Seen = dict[str, dict[str, tuple[str, ...]]]
_COLUMNS: Final = Bilingual("cheat | what the vendor does", "作弊 | 厂商所为")
_AUDITED: Final = Bilingual("audited", "已审计")
_STOPS: Final = Bilingual("no form of it works from", "任何形式均失效的级别")
_LEFT: Final = Bilingual("what is left before", "在此之前仍可为")
_NAMED: Final = Bilingual("named by {}", "由 {} 指出")
_UNSEEN: Final = Bilingual("**not seen**", "**看不出**")
_ENDS: Final = Bilingual("stops working †", "失效 †")
_NOT_RUN: Final = Bilingual("not run", "未运行")
_ARGUED: Final = Bilingual("**not seen** †", "**看不出** †")
_BY: Final = {
    "reproduction": Bilingual("the reproduction", "复现"),
    "audit": Bilingual("the audit", "审计"),
}


def table(language: str) -> str:
    """One row a cheat, one column a level, in one language, ``en`` or ``zh``."""
    samples = msgspec.json.decode(SEEN.read_bytes(), type=_Seen)
    titles = [
        *getattr(_COLUMNS, language).split(" | "),
        *(getattr(LEVEL_NAMES[level], language) for level in LEVELS),
        *(getattr(words, language) for words in (_AUDITED, _STOPS, _LEFT)),
    ]
    rows = [_row(cheat, samples.get(cheat.name, {}), language) for cheat in CHEATS.values()]
    return markdown.table(titles, rows)


def _row(cheat: Cheat, seen: dict[str, tuple[str, ...]], language: str) -> list[str]:
    cells = [f"`{cheat.name}`", getattr(cheat.does, language)]
    for level in (*LEVELS, AUDITED):
        if level in seen:
            cells.append(_cell(seen[level], language))
        else:
            cells.append(getattr(_argued(cheat, level), language))
    stops = getattr(LEVEL_NAMES[cheat.stops], language)
    return [*cells, stops, getattr(cheat.left, language)]


def _argued(cheat: Cheat, level: str) -> Bilingual:
    """What follows from what a level is, where nothing was run."""
    if level in LEVELS and LEVELS.index(level) >= LEVELS.index(cheat.stops):
        return _ENDS
    return _ARGUED if cheat.apply is None else _NOT_RUN


def _cell(names: Sequence[str], language: str) -> str:
    if not names:
        return str(getattr(_UNSEEN, language))
    words = [getattr(_BY[name], language) if name in _BY else name for name in names]
    return str(getattr(_NAMED, language).format(", ".join(words)))
