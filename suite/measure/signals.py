"""Ctrl-C and SIGTERM, turned into one orderly end.

The first signal raises `Interrupted` at once, unless the code runs under `Stop.deferred`, where it only sets
a flag (a load phase polls it; a clean-up must not be cut). Further signals are counted and ignored, so that
an impatient second Ctrl-C cannot leave a container behind.

Whoever starts a process or a container does so in `shielded`: a signal between the start and the moment when
its end is taken care of would leave it running.
"""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


_INSTALLED: list[Stop] = []


@contextlib.contextmanager
def shielded() -> Iterator[None]:
    """Hold signals back inside the block; one that came is raised at its end, when clean-up is taken care of.

    For the few lines that start something and register its end. Does nothing where no `Stop` is installed.

    Raises:
        Interrupted: code ``interrupted``.
    """
    if not _INSTALLED:
        yield
        return
    stop = _INSTALLED[-1]
    with stop.deferred():
        yield
    stop.raise_pending()


class Stop:
    """Whether the run was asked to stop."""

    def __init__(self, on_first: Callable[[str], None] | None = None) -> None:
        """Prepare.

        Args:
            on_first: takes the name of the first signal, in its handler: it must return at once and take no lock.
        """
        self.signals = 0
        self._on_first = on_first
        self._name = ""
        self._deferred = 0
        self._pending = False

    def requested(self) -> bool:
        """True from the first signal on."""
        return self.signals > 0

    def check(self) -> None:
        """Raise `Interrupted` if a signal came: while it was deferred, or where foreign code swallowed it.

        Raises:
            Interrupted: code ``interrupted``.
        """
        if self.requested():
            self._pending = False
            raise self._error()

    def raise_pending(self) -> None:
        """Raise `Interrupted` if a signal was held back and nothing holds signals back any longer.

        Raises:
            Interrupted: code ``interrupted``.
        """
        if self._pending and not self._deferred:
            self.check()

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Let signals only set the flag inside the block."""
        self._deferred += 1
        try:
            yield
        finally:
            self._deferred -= 1

    def defer_for_good(self) -> None:
        """From here on signals only set the flag: the run is cleaning up."""
        self._deferred += 1

    @contextlib.contextmanager
    def installed(self) -> Iterator[Stop]:
        """Handle SIGINT and SIGTERM inside the block; only the main thread may call this."""
        old = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number in old:
            signal.signal(number, self._handle)
        _INSTALLED.append(self)
        try:
            yield self
        finally:
            _INSTALLED.pop()
            for number, handler in old.items():
                signal.signal(number, handler)

    def _error(self) -> Interrupted:
        return Interrupted(
            "interrupted", Sentence(f"stopped by {self._name}", f"被 {self._name} 停止")
        )

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.signals += 1
        self._name = signal.Signals(number).name
        if self.signals > 1:
            return
        if self._on_first is not None:
            self._on_first(self._name)
        if self._deferred:
            self._pending = True
        else:
            raise self._error()
