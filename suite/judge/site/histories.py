"""The history of each kind of card: a page, and a script beside it with the numbers for its pictures.

It lies beside the cards and not in their pages, so that one more card changes one history and no other card's page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.safe import is_plain
from suite.judge.site import downloads, pages
from suite.judge.site.cards import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from suite.documents.site import SiteCard

FOLDER: Final = "histories"
_MOST: Final = 200
"""Cards that a history shows: the last ones."""
_OWN: Final = re.compile(r"[0-9a-f]{32}\.(html|js)")


def kinds(cards: Iterable[SiteCard]) -> dict[str, list[SiteCard]]:
    """Cards of one vendor, model, devices, engine and profile, in their order, by the name of their history; two at least."""
    by_kind: dict[tuple[str, ...], list[SiteCard]] = {}
    for card in cards:
        kind = (card.vendor, card.model_sha256, card.devices, card.engine_id, card.profile)
        by_kind.setdefault(kind, []).append(card)
    return {
        identity(jsonio.digest(kind)): alike for kind, alike in by_kind.items() if len(alike) > 1
    }


def write(
    histories: Mapping[str, Sequence[SiteCard]],
    stale: Callable[[str, object], bool],
    put: Callable[[str, bytes], None],
    rows: Mapping[str, str],
) -> None:
    """Write those of which a card changed.

    Args:
        histories: as `kinds`, the oldest card first.
        stale: whether a file that is made of something has to be written.
        put: writes a file of the site.
        rows: a digest of each card's row, by its id.
    """
    for name, cards in histories.items():
        if stale(f"{FOLDER}/{name}.html", [rows[card.id] for card in cards]):
            last = cards[-_MOST:]
            put(f"{FOLDER}/{name}.js", downloads.script("history", downloads.history(last)))
            put(f"{FOLDER}/{name}.html", pages.history_page(last, name, len(cards) - len(last)))


def sweep(out: Path, histories: Mapping[str, object]) -> None:
    """Take away histories that are no more; what is no such file stays."""
    for path in (out / FOLDER).glob("*.*"):
        if path.stem not in histories and _OWN.fullmatch(path.name) and is_plain(path):
            path.unlink()
