"""Fleet statements on the site: a list of them with every machine, and of each the statement and the page of its spread."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.judge.site import pages
from suite.judge.site.cards import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.documents.fleet import FleetStatement

FLEETS: Final = "fleets"
BUNDLE: Final = "fleet.sigstore.json"
LIST: Final = "fleets.html"


@dataclass(frozen=True, slots=True)
class ShownFleet:
    """A fleet whose statement was verified against its plan, journal and cards.

    Attributes:
        statement: what it states.
        sha256: of the signed bytes.
        owner: whose key signed it, by the trust list; "" for a key that nobody vouches for.
        bundle: the signed statement.
        spread: the page of its spread; empty where there is none.
        why: why there is no spread, a sentence; "" where there is one.
    """

    statement: FleetStatement
    sha256: str
    owner: str
    bundle: bytes
    spread: bytes = b""
    why: str = ""

    @property
    def id(self) -> str:
        """Name of its folder."""
        return identity(self.sha256)

    def digest(self) -> str:
        """Of all that is shown."""
        return hashlib.sha256(
            b"\0".join((self.bundle, self.spread, self.owner.encode(), self.why.encode()))
        ).hexdigest()


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
