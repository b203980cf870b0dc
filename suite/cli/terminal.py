"""What a person sees while a run goes on: one line per finished step, one live line on a terminal.

The live line is written by a thread of its own: a terminal that takes its time, over a slow connection or stopped by
Ctrl-S, must never hold up the client that takes the times.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from typing import Final

LIVE_S: Final = 0.25
"""Least time between two live lines."""
GIVE_UP_S: Final = 1.0
"""How long a finished step waits for a terminal that does not take the live line."""


class Terminal:
    """Progress on standard error, so that standard output stays readable by programs."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._live_allowed = sys.stderr.isatty() and not quiet
        self._quiet = quiet
        self._start = time.monotonic()
        self._last = 0.0
        self._writing = threading.Lock()
        self._shown = 0
        self._latest: str | None = None
        self._woken = threading.Event()
        self._writer: threading.Thread | None = None

    def line(self, text: str) -> None:
        """Print a finished step on a line of its own."""
        self.clear()
        if not self._quiet:
            print(f"[{time.monotonic() - self._start:6.1f}s] {text}", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the live line away."""
        self._latest = None
        held = self._writing.acquire(timeout=GIVE_UP_S)
        try:
            if self._shown:
                print("\r" + " " * self._shown + "\r", end="", file=sys.stderr, flush=True)
                self._shown = 0
        finally:
            if held:
                self._writing.release()

    def live(self, text: str) -> None:
        """Show what happens now; at most four times a second, on a terminal only. Never waits."""
        now = time.monotonic()
        if not self._live_allowed or now - self._last < LIVE_S:
            return
        self._last = now
        self._latest = f"[{now - self._start:6.1f}s] {text}"
        if self._writer is None:
            self._writer = threading.Thread(target=self._write, name="progress", daemon=True)
            self._writer.start()
        self._woken.set()

    def _write(self) -> None:
        while self._woken.wait():
            self._woken.clear()
            with self._writing:
                text, self._latest = self._latest, None
                if text is not None:
                    self._show(text)

    def _show(self, text: str) -> None:
        # The last column stays free: many terminals wrap a line that reaches it.
        shown = text[: shutil.get_terminal_size().columns - 1]
        print(f"\r{shown:<{self._shown}}", end="", file=sys.stderr, flush=True)
        self._shown = len(shown)
