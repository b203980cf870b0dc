"""What a person sees while a command works: one line per finished step, and on a terminal what happens now.

All writing is done by a thread of its own, fed through a queue: a terminal that takes its time, over a slow connection
or stopped by Ctrl-S, must never hold up the client that takes the times. To put something into a `SimpleQueue` is
permitted in a signal's handler, so that Ctrl-C is answered at once.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from rich.live import Live
from rich.text import Text

from suite.base.bilingual import Sentence, placed
from suite.base.language import language
from suite.base.visible import visible
from suite.cli.output import error_console
from suite.cli.progressview import Activity, Step, Transfer, render

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console, RenderableType

    from suite.measure.progress import Requests

REFRESH_S: Final = 0.25
"""Time between two views of what happens now."""
GIVE_UP_S: Final = 1.0
"""How long `Terminal.clear` waits for a terminal that takes nothing."""


class _Cleared(threading.Event):
    """Asks the writer to take the view away; set when that is done and everything before it is printed."""


class Terminal:
    """Progress on standard error, so that standard output stays readable by programs."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._console = error_console()
        self._live_allowed = not quiet and shows_progress(self._console)
        self._start = time.monotonic()
        self._activity: Activity | None = None
        self._measured = False
        self._since = self._start
        self._queue: queue.SimpleQueue[str | _Cleared] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._view: Live | None = None

    def __enter__(self) -> Self:
        """Enter a block at whose end the view is gone."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take the view away, however the block ended."""
        self.clear()

    # what a run reports: see suite.measure.progress.Progress ------------------------------------------------

    def line(self, text: str) -> None:
        """Print a finished step on a line of its own."""
        self._activity = None
        self._print(language().of(text))

    def step(self, title: str, *, log: Path | None = None) -> None:
        """Show the step that runs now, how long it has taken and the last line of its log."""
        activity = self._activity
        if not isinstance(activity, Step) or activity.title != language().of(title):
            self._show(Step(language().of(title), log))

    def requests(self, state: Requests) -> None:
        """Show how far a phase is."""
        self._measured = True
        self._show(state)

    # what only the command line reports ---------------------------------------------------------------------

    def transfer(self, title: str, done: float, total: float | None, unit: str) -> None:
        """Show how much of a file or folder has been read or downloaded."""
        self._show(Transfer(language().of(title), done, total, unit))

    def interrupted(self, signal_name: str) -> None:
        """Answer a signal at once: what is being closed. Safe in a signal's handler."""
        activity = self._activity
        if activity is None:
            what = Sentence("ending in order", "正在有序结束")
        elif isinstance(activity, Step):
            what = Sentence(f"breaking off: {activity.title}", f"正在中断：{activity.title}")
        else:
            what = Sentence(f"closing {activity.title}", f"正在结束 {activity.title}")
        if self._measured:
            what += Sentence("; what was measured is kept", "；已测得的内容会保留")
        self._print(language().of(placed(signal_name, what)))
        self._show(
            Step(language().of(Sentence("closing what was started", "正在结束已启动的内容")), None)
        )

    def clear(self) -> None:
        """Take the view away and wait until everything is printed, but not for ever."""
        self._activity = None
        if self._writer is not None:
            cleared = _Cleared()
            self._queue.put(cleared)
            cleared.wait(GIVE_UP_S)

    # the writer ---------------------------------------------------------------------------------------------

    def _print(self, text: str) -> None:
        if not self._quiet:
            self._queue.put(f"[{time.monotonic() - self._start:6.1f}s] {text}")
            self._run_writer()

    def _show(self, activity: Activity) -> None:
        if self._live_allowed:
            self._activity = activity
            self._since = time.monotonic()
            self._run_writer()

    def _run_writer(self) -> None:
        if self._writer is None:
            self._writer = threading.Thread(target=self._write, name="progress", daemon=True)
            self._writer.start()

    def _write(self) -> None:
        while True:
            try:
                # Without a view nothing wakes this thread but a finished step.
                order = self._queue.get(timeout=REFRESH_S if self._live_allowed else None)
            except queue.Empty:
                self._refresh()
                continue
            if isinstance(order, _Cleared):
                self._refresh()
                order.set()
            else:
                if self._activity is None:
                    self._refresh()
                stamp, end, text = visible(order).partition("] ")
                self._console.print(Text.assemble((stamp + end, "dim"), text))

    def _refresh(self) -> None:
        activity = self._activity
        if activity is None:
            if self._view is not None:
                self._view.stop()
                self._view = None
            return
        frame = self._rendered(activity)
        if self._view is None:
            self._view = Live(
                frame,
                console=self._console,
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
                vertical_overflow="visible",
            )
            self._view.start(refresh=True)
        else:
            self._view.update(frame, refresh=True)

    def _rendered(self, activity: Activity) -> RenderableType:
        now = time.monotonic()
        return render(activity, now - self._since, now - self._start, self._console.width)


def shows_progress(console: Console) -> bool:
    """Whether there is a terminal that can take lines away again; FORCE_COLOR makes none of a pipe."""
    return console.is_terminal and console.file.isatty() and not console.is_dumb_terminal
