"""Fleet statements on the site: a list of them with every machine, and of each the statement and the page of its spread."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from suite.judge.site import pages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.judge.site.cards import ShownFleet

FLEETS: Final = "fleets"
BUNDLE: Final = "fleet.sigstore.json"
LIST: Final = "fleets.html"


def files(fleets: Sequence[ShownFleet]) -> dict[str, Callable[[], bytes]]:
    """What lies in the site for them, by its path there."""
    made: dict[str, Callable[[], bytes]] = {}
    if not fleets:
        return made
    listed = sorted(fleets, key=lambda item: (item.statement.collected, item.id), reverse=True)
    made[LIST] = lambda: pages.fleets_page(listed)
    for item in fleets:
        made[f"{FLEETS}/{item.id}/{BUNDLE}"] = functools.partial(bytes, item.bundle)
        if item.spread:
            made[f"{FLEETS}/{item.id}/index.html"] = functools.partial(bytes, item.spread)
    return made
