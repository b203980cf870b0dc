"""One phase sent by several processes, each with its own loop on its own processor.

The requests are dealt by index modulo the number of processes and the concurrency of a closed loop is split, so
that the processes need nothing of each other while they send: no lock, no shared queue. They open their
connections, say so, and start at one moment of the monotonic clock, which all processes of a machine share.
Events come back over a pipe each as they end; the signal to stop and the end rule's word go the other way
within 100 ms.

A process that dies ends the phase: what it and the others had in flight is recorded as ``cancelled``, for it
says nothing of the server, and the phase has ended by ``worker-died``.

Processors are taken from the highest number down, so that the lowest, where most systems handle interrupts,
are left to this process and the system while there are enough.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from suite.base.errors import EngineError, SetupError, UsageError
from suite.declare.analysis.dealing import owner, shares
from suite.documents.event import Request, Usage
from suite.measure.load.processes import worker
from suite.measure.load.processes.merge import merge
from suite.measure.load.processes.order import Order
from suite.measure.load.transport.address import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.base.errors import SuiteError
    from suite.documents.phase import Phase
    from suite.measure.load.driver import Hooks
    from suite.measure.load.processes.merge import Member
    from suite.measure.load.requests.job import Job
    from suite.measure.load.stats import PhaseStats
    from suite.measure.load.target import Target

LOOK_S: Final = 0.04
"""How often the stop signal and the end rule are asked; a process hears of it within another 50 ms."""
REPORT_S: Final = 0.05
"""How often progress is reported at most."""
LEAD_NS: Final = 20_000_000
"""The phase starts this long after the last process has said that its connections stand."""
_ERRORS: Final[dict[str, type[SuiteError]]] = {
    "EngineError": EngineError,
    "SetupError": SetupError,
    "UsageError": UsageError,
}


def count_for(phase: Phase, jobs: Sequence[Job], workers: int) -> int:
    """How many processes can share these requests: no more than requests, or requests in flight."""
    most = min(workers, len(jobs))
    if any(job.t_sched_ns is None for job in jobs):
        concurrency = phase.concurrency or (1 if phase.scenario == "single_stream" else most)
        most = min(most, concurrency)
    return max(1, most)


def deal(jobs: Sequence[Job], workers: int) -> list[list[Job]]:
    """Who sends what: by index modulo the number of processes."""
    hands: list[list[Job]] = [[] for _ in range(workers)]
    for job in jobs:
        hands[owner(job.index, workers)].append(job)
    return hands


def cores(workers: int) -> list[int] | None:
    """A processor for each process, the highest first; None when there are not enough."""
    try:
        allowed = sorted(os.sched_getaffinity(0), reverse=True)
    except AttributeError:
        return None
    return allowed[:workers] if len(allowed) >= workers else None


def send_apart(
    target: Target,
    jobs: Sequence[Job],
    *,
    phase: Phase,
    zero_ns: int,
    on_request: Callable[[Request], None],
    hooks: Hooks,
    workers: int,
    pinned: bool = True,
) -> PhaseStats:
    """Send the requests of a phase from so many processes; see `suite.measure.load.send.run_phase`.

    Args:
        target: the server.
        jobs: the requests.
        phase: the load.
        zero_ns: reading of the monotonic clock that is 0 in the events.
        on_request: takes each request's event.
        hooks: what the phase asks and tells the outside.
        workers: how many processes.
        pinned: each process has a processor of its own, where there are enough.

    Raises:
        UsageError, EngineError: as there, also where only a process met it.
        SetupError: ``worker-unstartable``.
    """
    resolve(target)
    cpu = time.process_time()
    with contextlib.ExitStack() as stack:
        members = [
            stack.enter_context(worker.start(order, hand))
            for order, hand in _orders(target, jobs, phase, zero_ns, workers, pinned=pinned)
        ]
        run = Coordinator(members, phase, zero_ns, on_request, hooks)
        return run.stats(len(jobs), cpu)


def _orders(
    target: Target, jobs: Sequence[Job], phase: Phase, zero_ns: int, number: int, *, pinned: bool
) -> list[tuple[Order, list[Job]]]:
    split = shares(phase.concurrency or 0, number)
    chosen = cores(number) if pinned else None
    orders = []
    for rank, hand in enumerate(deal(jobs, number)):
        # The arrivals are long, and in the jobs already.
        own = replace(phase, concurrency=split[rank] or None, tasks=len(hand), arrivals_ns=None)
        order = Order(
            base_url=target.base_url,
            path=target.path,
            headers=dict(target.headers),
            request=target.request,
            send_stamps=target.send_stamps,
            address=target.address,
            phase=own,
            zero_ns=zero_ns,
            jobs=len(hand),
            core=None if chosen is None else chosen[rank],
        )
        orders.append((order, hand))
    return orders


class Coordinator:
    """The parent's side of a phase: who sends it is told when to start and to end, and what comes back is handed on.

    Attributes:
        start_ns: the moment at which it started.
        ended_by: for the statistics; "" when everything was sent.
        outcomes: of the requests that have ended.
    """

    def __init__(
        self,
        members: Sequence[Member],
        phase: Phase,
        zero_ns: int,
        on_request: Callable[[Request], None],
        hooks: Hooks,
        *,
        on_turn: Callable[[], None] = lambda: None,
    ) -> None:
        """Take over the members, which are gone before this is.

        Args:
            members: who sends.
            phase: the load.
            zero_ns: reading of the monotonic clock that is 0 in the events.
            on_request: takes each request's event.
            hooks: what the phase asks and tells the outside; `Hooks.begin` is asked for the start when all are ready.
            on_turn: called around every `LOOK_S`, and oftener.
        """
        self.start_ns = 0
        self.ended_by = ""
        self.outcomes: Counter[str] = Counter()
        self._members = members
        self._phase = phase
        self._zero_ns = zero_ns
        self._on_request = on_request
        self._hooks = hooks
        self._on_turn = on_turn
        self._progress: tuple[int, int, int] | None = None
        self._poll = select.poll()
        self._by_fd: dict[int, Member] = {}
        self._writing: set[int] = set()
        for member in members:
            self._poll.register(member.events_fd, select.POLLIN)
            self._by_fd[member.events_fd] = member

    def stats(self, planned: int, cpu: float) -> PhaseStats:
        """Carry out the whole phase; gives how it went.

        Args:
            planned: requests of the phase.
            cpu: this process' seconds of processor time before it.
        """
        self.until_ready()
        self.until_ended()
        stats = merge(self._members, planned, self.ended_by)
        stats.outcomes = self.outcomes
        stats.t_start = self.start_ns - self._zero_ns
        stats.t_end = time.monotonic_ns() - self._zero_ns
        stats.cpu_s += time.process_time() - cpu
        self.report()
        return stats

    def until_ready(self) -> None:
        """Wait until all connections stand, and set the moment at which all start."""
        while not all(member.ready or member.over for member in self._members):
            if self._hooks.stop():
                self._stop("stopped")
                break
            self._turn()
        begin, now = self._hooks.begin, time.monotonic_ns()
        start = now + LEAD_NS if begin is None or self.ended_by else begin()
        if start is None:
            self._stop("stopped")
        self.start_ns = now if start is None else start
        for member in self._members:
            member.heard_at = time.monotonic()
            member.tell("start", self.start_ns)

    def until_ended(self) -> None:
        """Hand on what comes and forward what the outside says, until all processes have ended."""
        look_at = report_at = 0.0
        closing = False
        while not all(member.over for member in self._members):
            self._turn()
            now = time.monotonic()
            if now < look_at:
                continue
            look_at = now + LOOK_S
            if now >= report_at:
                report_at = now + REPORT_S
                self.report()
            if self._hooks.stop():
                self._stop("stopped")
            enough = self._hooks.enough
            ending = None if closing or enough is None else enough()
            if ending is not None:
                closing = True
                for member in self._members:
                    member.tell("ending", ending.reason, ending.cancel)

    def report(self) -> None:
        """Report how far the phase is, when that has changed."""
        completed = self.outcomes["ok"]
        flying = sum(member.in_flight for member in self._members if not member.over)
        state = (completed, self.outcomes.total() - completed, flying)
        if state != self._progress:
            self._progress = state
            self._hooks.on_progress(*state)

    def _stop(self, why: str) -> None:
        if not self.ended_by:
            self.ended_by = why
            for member in self._members:
                member.tell("stop")

    def _turn(self) -> None:
        """Take what has come, or wait a moment for it; go on with what is to be written."""
        ready = self._poll.poll(LOOK_S * 1000)
        now = time.monotonic()
        for fd, _ in ready:
            if fd in self._by_fd:
                self._take(self._by_fd[fd])
        self._on_turn()
        for member in self._members:
            more = member.flush() and not member.over
            if more and member.commands_fd not in self._writing:
                self._poll.register(member.commands_fd, select.POLLOUT)
                self._writing.add(member.commands_fd)
            elif not more and member.commands_fd in self._writing:
                self._poll.unregister(member.commands_fd)
                self._writing.remove(member.commands_fd)
            # One that waits for the start has nothing to say.
            spoken = member.over or (member.ready and not self.start_ns)
            if not spoken and now - member.heard_at > member.silent_s:
                member.kill()

    def _take(self, member: Member) -> None:
        for event in member.receive():
            self._record(event)
        if member.error is not None:
            name, code, message, hint = member.error
            raise _ERRORS.get(name, SetupError)(code, message, hint=hint)
        if member.over:
            self._poll.unregister(member.events_fd)
            if member.stats is None:
                self._stop(member.loss)
                cause = member.died()
                for job in member.lose(self.start_ns):
                    self._record(self._lost(job, cause))

    def _record(self, event: Request) -> None:
        self.outcomes[event.outcome] += 1
        self._on_request(event)

    def _lost(self, job: Job, cause: str) -> Request:
        """The event of a request whose process died; when exactly it was sent died with it."""
        now = time.monotonic_ns()
        sent = now if job.t_sched_ns is None else min(now, self.start_ns + job.t_sched_ns)
        return Request(
            phase=self._phase.name,
            repeat=self._phase.repeat,
            measured=self._phase.measured,
            index=job.index,
            task=job.task,
            t_sched=sent - self._zero_ns,
            t_send=sent - self._zero_ns,
            chunk_t0=None,
            chunk_dt=(),
            chunk_tokens=None,
            merged_reads=0,
            t_end=now - self._zero_ns,
            outcome="cancelled",
            status=None,
            error=f"the process that sent it {cause}; its times are not known",
            finish_reason=None,
            text="",
            token_ids=None,
            usage=Usage(),
            prompt_sha256=job.prompt_sha256,
            truncated=job.truncated,
        )
