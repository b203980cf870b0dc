"""What every part of a run shares: the plan, where evidence goes, the clock, and who wants to see progress."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.documents.event import Mark

if TYPE_CHECKING:
    from pathlib import Path

    from suite import evidence
    from suite.declare.tasks.taskset import TaskSet
    from suite.declare.tasks.tokenizer import FittedPrompt, Tokenizer
    from suite.documents.basis import Basis
    from suite.documents.devices import ObservedDevice, ToolOutput
    from suite.documents.environment import Fact
    from suite.documents.logstamp import Moment
    from suite.documents.phase import Phase
    from suite.documents.plan import Plan
    from suite.measure.engine import Settings
    from suite.measure.load.send import Farm
    from suite.measure.load.target import LoadOptions
    from suite.measure.progress import Progress
    from suite.measure.signals import Stop
    from suite.measure.stamps import Stamps


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
        devices: accelerators that their own tool named.
        salt: what device identities are hashed with.
        basis: what the plan was made from; None where that was not kept.
        earlier: what an attempt that was cut left; None in the first.
        serving: the same when everything was measured, while the engine still serves.
        outputs: what was asked of this machine before, and the answers.
        problems: what went wrong beside the measurement, for the notes.
        fitted: prompts by task number, made once.
        stamps: keeps how the log grew; None where nobody asks for it.
        farm: load clients on other machines; None where this one sends.
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
    salt: str
    basis: Basis | None = None
    stamps: Stamps | None = None
    earlier: evidence.Evidence | None = None
    facts: dict[str, Fact] = field(default_factory=dict)
    devices: list[ObservedDevice] = field(default_factory=list)
    serving: list[ObservedDevice] = field(default_factory=list)
    outputs: list[ToolOutput] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    fitted: dict[int, FittedPrompt] = field(default_factory=dict)
    farm: Farm | None = None

    def now(self) -> int:
        """Nanoseconds since the run's start."""
        return time.monotonic_ns() - self.zero_ns

    def stamp(self, after: Moment, phase: Phase | None = None, why: str = "") -> None:
        """Keep how the log grew, where somebody asks for it; see `suite.measure.stamps.Stamps.take`."""
        if self.stamps is not None:
            self.stamps.take(self.writer, self.now, after, phase, why)

    def step(self, title: str, *, log: Path | None = None) -> None:
        """Report the step that runs now; see `suite.measure.progress.StepProgress`."""
        # A signal's exception that a library swallowed while we waited is raised again here.
        self.stop.check()
        self.progress.step(title, log=log)

    def mark(
        self, name: str, at: int | None = None, detail: dict[str, object] | None = None
    ) -> None:
        """Write a mark, for now or for a moment of the run's clock."""
        moment = self.now() if at is None else at
        self.writer.event(Mark(t=moment, name=name, detail=UNSET if detail is None else detail))
