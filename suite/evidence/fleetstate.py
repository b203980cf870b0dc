"""What the journal of a fleet says: which attempts there were, which machines are out, what may still be done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.errorcodes import error_codes
from suite.base.visible import visible
from suite.declare.fleet import Job, jobs
from suite.documents.document import given
from suite.documents.fleet import PREFLIGHT, FleetAttempt, FleetMachine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.documents.fleet import Fleet, JournalEntry, Machine, MachineOutcome


UNPLACED: Final = "fleet-unplaced"
"""Code of an attempt that never ran."""


@dataclass(slots=True)
class Attempt:
    """An attempt of the journal.

    Attributes:
        submitted: its first entry.
        handle: what the backend knows it by; "" where the controller was killed before it learned that.
        ended: its last; None while it runs.
    """

    submitted: JournalEntry
    handle: str = ""
    ended: JournalEntry | None = None

    @property
    def job(self) -> Job:
        """What was attempted."""
        return job_of(self.submitted)

    @property
    def number(self) -> int:
        """Which attempt, from 1."""
        return given(self.submitted.attempt, 1)

    @property
    def begun(self) -> bool:
        """Whether it ever ran, so that it counts among the attempts that are allowed."""
        return self.ended is None or self.ended.code != UNPLACED

    @property
    def passed(self) -> bool:
        """Whether it left what it was for: a card, or a machine that is ready."""
        if self.ended is None:
            return False
        if self.job.cell == PREFLIGHT:
            return given(self.ended.status) == 0
        return given(self.ended.card_sha256) is not None

    @property
    def repeatable(self) -> bool:
        """Whether it may be tried again: the infrastructure failed, and no measured phase had begun."""
        ended = self.ended
        if ended is None or given(ended.measured, False):
            return False
        code = error_codes().get(given(ended.code, ""))
        return code is not None and code.infrastructure


@dataclass(slots=True)
class State:
    """What a journal says of a fleet.

    Attributes:
        attempts: by job, in order.
        lost: machines that were lost, or not ready, since the controller began; `suite fleet resume` asks them again.
        unasked: machines that must be asked whether they are ready before they run anything.
        backend: who placed the attempts last; "" before anything began.
    """

    attempts: dict[Job, list[Attempt]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    unasked: set[str] = field(default_factory=set)
    backend: str = ""

    def running(self) -> list[Attempt]:
        """Attempts that were submitted and have not ended."""
        return [tries[-1] for tries in self.attempts.values() if tries[-1].ended is None]

    def pending(self, fleet: Fleet, job: Job) -> bool:
        """Whether a job may still be attempted."""
        tries = self.attempts.get(job)
        if not tries:
            return True
        begun = [attempt for attempt in tries if attempt.begun]
        return len(begun) <= fleet.retries and tries[-1].repeatable


def state(fleet: Fleet, entries: Iterable[JournalEntry]) -> State:
    """Follow a journal from its first entry to its last."""
    now = State(unasked={machine.name for machine in fleet.machines})
    for entry in entries:
        advance(now, entry)
    return now


def known_jobs(fleet: Fleet) -> frozenset[Job]:
    """Everything that a fleet may attempt, the question whether a machine is ready included."""
    return frozenset(jobs(fleet)) | {Job(machine.name, PREFLIGHT, 0) for machine in fleet.machines}


def may_follow(now: State, known: frozenset[Job], entry: JournalEntry) -> bool:
    """Whether a controller can have written an entry: an attempt is submitted, then placed, then ended, and one at a time."""
    if entry.kind in ("begun", "left"):
        return True
    job = job_of(entry)
    tries = now.attempts.get(job, [])
    running = bool(tries) and tries[-1].ended is None
    if entry.kind == "submitted":
        return job in known and not running and entry.attempt == len(tries) + 1
    return running and entry.attempt == tries[-1].number


def advance(now: State, entry: JournalEntry) -> None:
    """Take one more entry into a state, which it may follow."""
    job = job_of(entry)
    match entry.kind:
        case "begun":
            now.backend = given(entry.backend, "")
            now.lost.clear()
        case "left":
            pass  # who conducts is nothing that a state keeps
        case "submitted":
            now.attempts.setdefault(job, []).append(Attempt(entry))
        case "placed":
            now.attempts[job][-1].handle = given(entry.handle, "")
        case "ended":
            last = now.attempts[job][-1]
            last.ended = entry
            if job.cell == PREFLIGHT and last.passed:
                now.unasked.discard(job.machine)
            elif job.cell == PREFLIGHT or given(entry.status) is None:
                now.unasked.add(job.machine)
                now.lost.add(job.machine)
            elif last.repeatable:
                now.unasked.add(job.machine)


def job_of(entry: JournalEntry) -> Job:
    """What an entry about an attempt is about."""
    return Job(given(entry.machine, ""), given(entry.cell, ""), given(entry.repeat, 0))


def machines(fleet: Fleet, now: State) -> list[FleetMachine]:
    """Every machine with its attempts and what they came to, in the order of the inventory."""
    wanted: dict[str, list[Job]] = {machine.name: [] for machine in fleet.machines}
    for job in jobs(fleet):
        wanted[job.machine].append(job)
    tries: dict[str, list[Attempt]] = {name: [] for name in wanted}
    for attempts in now.attempts.values():
        tries[attempts[0].job.machine] += attempts
    return [
        _machine(machine, wanted[machine.name], sorted(tries[machine.name], key=_order), now)
        for machine in fleet.machines
    ]


def _order(attempt: Attempt) -> int:
    return attempt.submitted.sequence


def _machine(
    machine: Machine, wanted: Sequence[Job], attempts: Sequence[Attempt], now: State
) -> FleetMachine:
    cards = sum(any(attempt.passed for attempt in now.attempts.get(job, ())) for job in wanted)
    outcome: MachineOutcome = "complete"
    reason = ""
    if machine.excluded:
        outcome, reason = "excluded", _in_a_line(machine.excluded)
    elif cards < len(wanted):
        outcome = "incomplete" if cards else "failed"
        failures = [item.ended for item in attempts if item.ended and not item.passed]
        words = given(failures[-1].reason, "") if failures else "not everything was attempted"
        reason = _in_a_line(f"{cards} of {len(wanted)} runs left a card: {words}")[:2000]
    return FleetMachine(
        name=machine.name, outcome=outcome, reason=reason, attempts=tuple(map(_stated, attempts))
    )


def _in_a_line(text: str) -> str:
    """A reason as a statement can have it: people write several lines, and programs colours."""
    return " ".join(visible(text).split())


def _stated(attempt: Attempt) -> FleetAttempt:
    job, ended = attempt.job, attempt.ended
    if ended is None:
        return FleetAttempt(
            cell=job.cell,
            repeat=job.repeat,
            attempt=attempt.number,
            reason="it had not ended when the fleet was collected",
            measured=False,
        )
    return FleetAttempt(
        cell=job.cell,
        repeat=job.repeat,
        attempt=attempt.number,
        status=ended.status,
        code=ended.code,
        reason=UNSET if ended.reason is UNSET else _in_a_line(ended.reason),
        measured=given(ended.measured, False),
        card_sha256=ended.card_sha256,
    )
