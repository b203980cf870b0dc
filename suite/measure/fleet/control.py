"""The controller: asks each machine whether it is ready, gives it its runs, and writes down what becomes of them.

It keeps nothing that the journal does not hold. Killed at any moment and begun again, it follows the journal, takes the
attempts that run on as its own, and goes on. What a machine does next follows from the journal alone:

- it is asked whether it is ready (`suite doctor --json`) before its first run, and again after anything was lost on it;
- it runs its cells in the fleet's order, one attempt at a time;
- a run is tried again only where the infrastructure failed by name, before the first measured phase, and so often as the
  fleet allows; each try is an attempt of its own;
- a machine that was lost, or is not ready, is left alone until a person resumes the fleet.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Protocol

from msgspec import UNSET

from suite.base.errors import SetupError
from suite.declare.fleet import Job, jobs
from suite.documents.document import given
from suite.documents.fleet import PREFLIGHT
from suite.documents.scalars import LINE_LENGTH
from suite.evidence.fleetstate import UNPLACED, advance, state
from suite.measure.fleet import attempt as attempts
from suite.measure.fleet.backend import Gone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from suite.documents.fleet import EntryKind, Fleet, Machine
    from suite.evidence.fleetstate import Attempt, State
    from suite.evidence.journal import Journal
    from suite.measure.fleet.attempt import Ending, Files
    from suite.measure.fleet.backend import Backend


class Observer(Protocol):
    """Who is told how far the fleet is."""

    def ended(self, job: Job, ending: Ending) -> None:
        """An attempt ended."""

    def moved(self, now: State) -> None:
        """Something changed, or some time passed."""


class Controller:
    """Works on a fleet until there is nothing more that it may do."""

    def __init__(
        self,
        directory: Path,
        fleet: Fleet,
        journal: Journal,
        backend: Backend,
        *,
        command: Callable[[Job, Files], Sequence[str]],
        observer: Observer,
        at_once: int,
        poll_s: float,
    ) -> None:
        """Prepare.

        Args:
            directory: of the fleet, absolute, and under the same path on every machine.
            fleet: its fleet.json.
            journal: open for writing.
            backend: places the attempts.
            command: what an attempt runs; the unit of work is decided here and nowhere else.
            observer: is told how far it is.
            at_once: most machines that work at a time.
            poll_s: seconds between two looks.
        """
        self._directory = directory
        self._fleet = fleet
        self._journal = journal
        self._backend = backend
        self._command = command
        self._observer = observer
        self._at_once = at_once
        self._poll_s = poll_s
        self._now = state(fleet, journal.entries)
        self._jobs: dict[str, list[Job]] = {}
        for job in jobs(fleet):
            self._jobs.setdefault(job.machine, []).append(job)
        self._running = {attempt.job: attempt for attempt in self._now.running()}
        self._gone: dict[Job, tuple[float, Gone]] = {}
        self._idle = {machine.name: machine for machine in fleet.machines if not machine.excluded}
        for job in self._running:
            self._idle.pop(job.machine, None)

    def work(self, stopped: Callable[[], bool]) -> State:
        """Go on until nothing runs and nothing may be attempted, or until somebody stops it; returns what came of it.

        What runs when it is stopped runs on, and `resume` finds it.

        Raises:
            SetupError: ``run-unwritable``, ``fleet-backend-failed``; the journal then says how far it came.
        """
        self._write("begun", backend=self._backend.name)
        while not stopped():
            self._collect()
            self._place()
            self._observer.moved(self._now)
            if not self._running:
                break
            time.sleep(self._poll_s)
        self._write("left")
        return self._now

    def _write(self, kind: EntryKind, job: Job | None = None, **members: object) -> None:
        if job is not None:
            members |= {"machine": job.machine, "cell": job.cell, "repeat": job.repeat}
        advance(self._now, self._journal.append(kind, **members))

    def _files(self, attempt: Attempt) -> Files:
        return attempts.files(self._directory, attempt.job, attempt.number)

    # what became of the attempts that run

    def _collect(self) -> None:
        for job, attempt in list(self._running.items()):
            ending = attempts.ending(self._files(attempt), job)
            if ending is not None:
                self._end(attempt, ending)
        for attempt in self._running.values():
            if not attempt.handle:
                self._adopt(attempt)
        handles = {
            attempt.handle: self._files(attempt)
            for attempt in self._running.values()
            if attempt.handle
        }
        over = self._backend.gone(handles) if handles else {}
        now = time.monotonic()
        for job, attempt in list(self._running.items()):
            if attempt.handle not in over and attempt.handle:
                self._gone.pop(job, None)
                continue
            unknown = Gone("fleet-lost", "the controller was killed before it was placed")
            since, gone = self._gone.setdefault(job, (now, over.get(attempt.handle, unknown)))
            if now - since >= self._backend.settle_s:
                self._lose(attempt, gone)
        self._withdraw()

    def _withdraw(self) -> None:
        """Give up what a queue holds back for a machine that was lost: it would hold it for as long as that is away."""
        for job, attempt in list(self._running.items()):
            at = self._files(attempt)
            if job.machine in self._now.lost and attempts.give_up(at):
                self._end(
                    attempt, attempts.lost(at, UNPLACED, "its machine was lost before it began")
                )

    def _adopt(self, attempt: Attempt) -> None:
        """Look for an attempt that was placed by a controller killed before it wrote that down."""
        name, _, index = given(attempt.submitted.handle, "").rpartition("_")
        job = attempt.job
        if not name or not index.isdecimal():
            return
        handle = self._backend.find(job.machine, self._files(attempt), name, int(index))
        if handle:
            self._write("placed", job, attempt=attempt.number, handle=handle)

    def _lose(self, attempt: Attempt, gone: Gone) -> None:
        at = self._files(attempt)
        code = UNPLACED if attempts.give_up(at) else gone.code
        # It may have ended between the look at its files and the look at its process.
        ending = attempts.ending(at, attempt.job)
        self._end(attempt, ending or attempts.lost(at, code, gone.reason))
        if not attempt.handle and code == UNPLACED:
            self._now.lost.discard(attempt.job.machine)  # it never heard of it

    def _end(self, attempt: Attempt, ending: Ending) -> None:
        job = attempt.job
        self._write(
            "ended",
            job,
            attempt=attempt.number,
            status=UNSET if ending.status is None else ending.status,
            code=ending.code or UNSET,
            reason=ending.reason[:LINE_LENGTH] or UNSET,
            measured=ending.measured,
            card_sha256=ending.card_sha256 or UNSET,
        )
        self._gone.pop(job, None)
        if attempt.handle:
            self._backend.release(attempt.handle)
        del self._running[job]
        if not any(other.machine == job.machine for other in self._running):
            self._idle[job.machine] = self._machine(job.machine)
        self._observer.ended(job, ending)

    def _machine(self, name: str) -> Machine:
        return next(machine for machine in self._fleet.machines if machine.name == name)

    # what is attempted next

    def _place(self) -> None:
        busy = len({job.machine for job in self._running})
        for name, machine in list(self._idle.items()):
            if busy >= self._at_once:
                return
            if name in self._now.lost:
                continue
            del self._idle[name]
            wanted = self._next(name)
            if wanted:
                self._submit(machine, wanted)
                busy += 1

    def _next(self, machine: str) -> list[Job]:
        pending = [job for job in self._jobs[machine] if self._now.pending(self._fleet, job)]
        if pending and machine in self._now.unasked:
            return [Job(machine, PREFLIGHT, 0)]
        return pending[: self._backend.batch]

    def _submit(self, machine: Machine, wanted: Sequence[Job]) -> None:
        placed: list[tuple[Job, int, Files]] = []
        # On the disk before the backend hears of it: what a controller killed meanwhile had placed is found by it.
        name = f"suite-{machine.name}-{secrets.token_hex(8)}"
        for index, job in enumerate(wanted):
            number = len(self._now.attempts.get(job, ())) + 1
            at = attempts.files(self._directory, job, number)
            command = self._command(job, at)
            attempts.write_script(at, machine.name, command, self._fleet.directory)
            self._write("submitted", job, attempt=number, handle=f"{name}_{index}")
            placed.append((job, number, at))
        try:
            handles = self._backend.submit(machine, [at for *_, at in placed], name)
        except SetupError as refused:
            for job, _, at in placed:
                self._running[job] = self._now.attempts[job][-1]
                if attempts.give_up(at):
                    self._end(self._running[job], attempts.lost(at, UNPLACED, refused.message))
            if refused.code != UNPLACED:
                raise
            return
        for (job, number, _), handle in zip(placed, handles, strict=True):
            self._write("placed", job, attempt=number, handle=handle)
            self._running[job] = self._now.attempts[job][-1]
