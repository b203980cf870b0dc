"""What every part of a run shares: the plan, where evidence goes, the clock, and who wants to see progress."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite import evidence
    from suite.base.jsonio import JSONObject
    from suite.declare.tasks.taskset import TaskSet
    from suite.declare.tasks.tokenizer import FittedPrompt, Tokenizer
    from suite.documents.plan import Plan
    from suite.measure.engine import Settings
    from suite.measure.load.target import LoadOptions
    from suite.measure.signals import Stop


class Progress(Protocol):
    """Where a run tells how it goes; the command line decides what is shown."""

    def line(self, text: str) -> None:
        """One finished step."""

    def live(self, text: str) -> None:
        """What happens now; may be overwritten by the next call. Must not block."""


@dataclass(slots=True)
class Run:
    """A run under way.

    Attributes:
        plan: what to do.
        settings: of this machine.
        tasks: the task set that the plan names.
        tokenizer: the model's own; None if it has none that can be read.
        writer: takes the evidence.
        progress: where to report.
        stop: the signals.
        load: how to send.
        zero_ns: reading of the monotonic clock that counts as the run's start.
        offset_ns: real time minus monotonic time at the start.
        facts: of the machine and the engine, by name.
        problems: what went wrong beside the measurement, for the notes.
        fitted: prompts by task number, made once.
    """

    plan: Plan
    settings: Settings | None
    tasks: TaskSet
    tokenizer: Tokenizer | None
    writer: evidence.Writer
    progress: Progress
    stop: Stop
    load: LoadOptions
    zero_ns: int
    offset_ns: int
    facts: dict[str, JSONObject] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    fitted: dict[int, FittedPrompt] = field(default_factory=dict)

    def now(self) -> int:
        """Nanoseconds since the run's start."""
        return time.monotonic_ns() - self.zero_ns

    def live(self, text: str) -> None:
        """Show what happens now."""
        # A signal's exception that a library swallowed while we waited is raised again here.
        self.stop.check()
        self.progress.live(text)

    def mark(
        self, name: str, at: int | None = None, fields: Mapping[str, object] | None = None
    ) -> None:
        """Write a mark, for now or for a moment of the run's clock."""
        moment = self.now() if at is None else at
        self.writer.event({"type": "mark", "t": moment, "name": name, **(fields or {})})
