"""What a person sees while a run goes on: one line per finished step, one live line on a terminal."""

from __future__ import annotations

import shutil
import sys
import time


class Terminal:
    """Progress on standard error, so that standard output stays readable by programs."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._live_allowed = sys.stderr.isatty() and not quiet
        self._quiet = quiet
        self._shown = 0
        self._last = 0.0
        self._start = time.monotonic()

    def line(self, text: str) -> None:
        """Print a finished step on a line of its own."""
        self._clear()
        if not self._quiet:
            print(f"[{time.monotonic() - self._start:6.1f}s] {text}", file=sys.stderr, flush=True)

    def live(self, text: str) -> None:
        """Show what happens now; at most ten times a second, on a terminal only."""
        now = time.monotonic()
        if not self._live_allowed or now - self._last < 0.1:
            return
        self._last = now
        width = shutil.get_terminal_size().columns - 1
        shown = f"[{now - self._start:6.1f}s] {text}"[:width]
        print(f"\r{shown:<{self._shown}}", end="", file=sys.stderr, flush=True)
        self._shown = len(shown)

    def _clear(self) -> None:
        if self._shown:
            print("\r" + " " * self._shown + "\r", end="", file=sys.stderr, flush=True)
            self._shown = 0
