"""Did the engine die? Asked when requests fail, so that a phase ends with it and the run names the right phase."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL_NS = 1_000_000_000
"""Least time between two questions while requests run: a container is asked through its engine, in milliseconds."""
GRACE_S = 1.0
"""The kernel closes a dying process's connections a moment before it reports its end."""
ENDING_S = 30.0
"""An engine whose worker died answers errors, and that it is not healthy, for as long as its server takes to end."""
_POLL_S = 0.02


@dataclass(slots=True)
class Watch:
    """Asks an engine whether it lives.

    Attributes:
        alive: None while it runs, else why not.
        while_running: also ask in the middle of a phase.
        always: ask all the time though nothing fails: of an engine over several nodes, which answers from memory, and
            whose requests may wait for a node that is gone.
        dead: why it no longer runs, once that is known.
        failed: requests of the phase that have failed in stretches that are over.
        healthy: None while its health path answers, else what comes instead; asked after failures alone.
    """

    alive: Callable[[], str | None]
    while_running: bool
    always: bool = False
    dead: str | None = None
    failed: int = 0
    healthy: Callable[[], str | None] = lambda: None
    _seen: int = 0
    _next_ns: int = 0

    def saw_failures(self, count: int) -> None:
        """In the middle of a phase: ask when more requests have failed than before."""
        now = time.monotonic_ns()
        if count > self._seen and self.while_running and self.dead is None and now >= self._next_ns:
            self._seen = count
            self._next_ns = now + INTERVAL_NS
            self.dead = self.alive()

    def gone(self) -> bool:
        """In the middle of a phase: whether it is known to be dead."""
        if self.always and self.dead is None:
            self.dead = self.alive()
        return self.dead is not None

    def after(self, failures: int) -> str | None:
        """At the end of a phase: why the engine is dead, None when it lives.

        After failures it is given a moment to be seen dead, and longer while its health path does not answer: one that never
        does again is dead, whatever process of it is left.
        """
        asked = failures and self.while_running
        began = time.monotonic()
        self.dead = self.dead or self.alive()
        while asked and self.dead is None and time.monotonic() < began + GRACE_S:
            time.sleep(_POLL_S)
            self.dead = self.alive()
        sick = self.healthy() if asked and self.dead is None else None
        while sick is not None and self.dead is None:
            if time.monotonic() > began + ENDING_S:
                self.dead = sick
                break
            time.sleep(_POLL_S)
            self.dead = self.alive()
            sick = self.healthy() if self.dead is None else None
        return self.dead
