"""Sends the requests of a phase or a probe: every event goes into the log and to the stop rule.

The rule sees the requests in the order of the log, in one go with their being written, so that whoever reads the log
can follow it to the same end.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol

from msgspec import UNSET
from msgspec.structs import replace

from suite.base.bilingual import Sentence
from suite.declare.analysis.observed import Observed, observed
from suite.documents.document import given
from suite.documents.event import Mark
from suite.measure.load.send import run_phase
from suite.measure.load.stats import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from suite.base.jsonio import JSONObject
    from suite.declare.tasks.tokenizer import Tokenizer
    from suite.documents.event import Request, Usage
    from suite.documents.phase import Phase
    from suite.measure.context import Run
    from suite.measure.live import Live
    from suite.measure.load.requests.job import Job
    from suite.measure.load.sources import Source
    from suite.measure.load.stats import PhaseStats
    from suite.measure.load.target import Target
    from suite.measure.watch import Watch


class Rule(Protocol):
    """What can end the sending; see `suite.declare.analysis`.

    Attributes:
        seen: requests told of until it was decided.
    """

    seen: int

    @property
    def ended_by(self) -> str | None:
        """Why, once it is decided."""

    def add(self, request: Observed) -> str | None:
        """A request has ended."""

    def overdue(self, elapsed_ns: int) -> bool:
        """Whether the longest duration has passed."""

    def state(self) -> str:
        """How far it is, in a few words; "" when there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A phase about to run.

    Attributes:
        run: takes evidence and progress.
        target: the server.
        phase: what is asked.
        watch: asks after the engine when requests fail.
    """

    run: Run
    target: Target
    phase: Phase
    watch: Watch

    @property
    def title(self) -> str:
        """How progress names it."""
        phase = self.phase
        name = phase.name + (f" #{phase.repeat + 1}" if phase.repeat else "")
        return name if phase.measured else name + Sentence(" (warm-up)", "（预热）")

    def mark(self, name: str, detail: Mapping[str, object] | None = None) -> None:
        """Write a mark of this phase."""
        phase = self.phase
        self.run.writer.event(
            Mark(
                t=self.run.now(),
                name=name,
                phase=phase.name,
                repeat=phase.repeat,
                measured=phase.measured,
                detail=dict(detail) if detail else UNSET,
            )
        )

    def ending(self) -> bool:
        """Whether the run was asked to stop, or the engine is dead."""
        return self.run.stop.requested() or self.watch.gone()


class Sending:
    """The requests of one load, a phase or a probe, and what comes back of them.

    Attributes:
        requests: what has ended, if it is kept.
        seen: how many have.
    """

    def __init__(
        self,
        stage: Stage,
        live: Live,
        *,
        rule: Rule | None = None,
        cancel: bool = False,
        keep: bool = False,
    ) -> None:
        """Prepare.

        Args:
            stage: the phase that it belongs to.
            live: how it goes, for whoever watches.
            rule: ends the sending; None sends everything.
            cancel: when the rule ends it, what is in flight is cancelled, not waited for.
            keep: keep the requests in `requests`.
        """
        self.requests: list[Observed] = []
        self.seen = 0
        self._stage = stage
        self._run = stage.run
        self._live = live
        self._rule = rule
        self._cancel = cancel
        self._keep = keep
        self._began_ns: int | None = None
        self._overdue_ns: int | None = None
        self._failed_before = stage.watch.failed

    def send(self, jobs: Sequence[Job] | Source) -> PhaseStats:
        """Send the requests.

        Raises:
            UsageError: as `run_phase`.
            EngineError: the same.
        """
        enough: Callable[[], Ending | None] | None = self._enough if self._rule else None
        return run_phase(
            self._stage.target,
            jobs,
            phase=self._stage.phase,
            zero_ns=self._run.zero_ns,
            on_request=self._on_request,
            stop=self._stage.ending,
            on_progress=self._on_progress,
            enough=enough,
            workers=self._run.load.workers,
            farm=self._run.farm,
        )

    def detail(self, stats: PhaseStats) -> JSONObject:
        """What the closing mark notes."""
        rule, count = self._rule, self.seen
        if rule is not None and rule.ended_by == stats.ended_by:
            count = rule.seen
        detail = {**stats.to_json(), "seen": count}
        if stats.ended_by == "max-duration" and self._overdue_ns is not None:
            detail["ended_t"] = self._overdue_ns
        return detail

    def _on_request(self, event: Request) -> None:
        tokenizer = self._run.tokenizer
        # Counted here, in the gaps between arrivals, so that an event is whole when it is written: some 0.7 µs
        # per token, where the client itself takes ten times as much. Counted after the phase, a killed run
        # would lose it.
        if tokenizer is not None and (event.text or event.reasoning):
            event = replace(event, usage=_counted(tokenizer, event))
        self._run.writer.event(event)
        farm = self._run.farm
        request = observed(event if farm is None else farm.on_the_runs_clock(event))
        self.seen += 1
        self._live.add(request)
        if self._keep:
            self.requests.append(request)
        if self._rule is not None:
            self._rule.add(request)

    def _on_progress(self, done: int, failed: int, in_flight: int) -> None:
        self._stage.watch.saw_failures(self._failed_before + failed)
        now = self._run.now()
        if self._live.due(now):
            state = self._rule.state() if self._rule is not None else ""
            self._run.progress.requests(self._live.state(now, done, failed, in_flight, state))

    def _enough(self) -> Ending | None:
        assert self._rule is not None
        if self._rule.ended_by is not None:
            return Ending(self._rule.ended_by, cancel=self._cancel)
        now = self._run.now()
        if self._began_ns is None:
            self._began_ns = now
        if self._overdue_ns is None and self._rule.overdue(now - self._began_ns):
            self._overdue_ns = now
        return None if self._overdue_ns is None else Ending("max-duration")


def _counted(tokenizer: Tokenizer, event: Request) -> Usage:
    """The usage of an answer with the suite's own counts."""
    reasoning = given(event.reasoning, "")
    own = tokenizer.count(event.text) + (tokenizer.count(reasoning) if reasoning else 0)
    usage = replace(event.usage, own_completion=own)
    if event.chunk_tokens is not None or reasoning:
        return usage
    lead = tuple(tokenizer.count(event.text[:end]) for end in accumulate(event.lead_chars))
    return replace(usage, own_lead=lead)
