"""Sends the requests of one phase and records what comes back.

Closed loop: so many requests in flight at any time. Open loop: every request at its intended time, whatever
the server does; how late each was sent is in its event.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import sys
import time
from typing import TYPE_CHECKING, Final

from suite.measure.load.address import resolve
from suite.measure.load.clock import ClockFacts, OffsetWatch, StampKind, probe, receive_stamps
from suite.measure.load.job import Job, PhaseStats, Target
from suite.measure.load.loop import Loop
from suite.measure.load.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from suite.declare.plandoc import PhaseDoc, PlanDoc
    from suite.eventdoc import RequestEvent

__all__ = ["Job", "PhaseStats", "Target", "run_phase", "stamp_kinds"]

LOOK_NS: Final = 50_000_000
"""How often time-outs, the stop signal and the clock are looked at."""
SPIN_NS: Final = 150_000
"""The last part of the wait for an intended time is spent polling: a wake-up takes 50 to 100 µs."""
ROOM_NS: Final = 700_000
"""Decoding is not begun when a request is due sooner than this."""
LEAD_NS: Final = 5_000_000
"""An open-loop phase starts this long after its connections stand."""
WARM_NS: Final = 10_000_000_000
"""Longest wait for the connections that are opened beforehand."""
SPARES: Final = 16
"""Connections that an open loop keeps open beyond those in use."""
_SWITCH_S: Final = 0.0005
"""How long another thread may hold the interpreter during a phase."""


def stamp_kinds(plan: PlanDoc) -> tuple[StampKind, StampKind]:
    """Where receive and send times will come from, for the log's header.

    Send times are always the client's: read just before the first byte is written.
    """
    url = plan["engine"]["url"] or ""
    return ("user" if url.startswith("unix:") else receive_stamps()), "user"


def run_phase(
    target: Target,
    jobs: Sequence[Job],
    *,
    phase: PhaseDoc,
    zero_ns: int,
    on_request: Callable[[RequestEvent], None],
    stop: Callable[[], bool],
    on_progress: Callable[[int, int, int], None],
) -> PhaseStats:
    """Send the requests of a phase.

    Args:
        target: the server.
        jobs: the requests; with intended times, these rise.
        phase: the load. With ``arrivals_ns`` the loop is open, otherwise closed with ``concurrency`` requests
            in flight (none given: one for ``single_stream``, all for the rest).
        zero_ns: reading of the monotonic clock that is 0 in the events.
        on_request: takes each request's event, soon after it ended; complete but for
            ``usage.own_completion``. It runs between arrivals and should stay below a millisecond.
        stop: asked at least every 100 ms; True ends the phase, what is in flight as ``cancelled``.
        on_progress: takes completed, failed and in-flight requests, at most every 50 ms.

    Returns:
        How it went. Whatever goes wrong with a request is its outcome, never an exception.

    Raises:
        UsageError: the address or a header field cannot be used.
        EngineError: the host is not known.
    """
    address = resolve(target)
    with probe() as kind, _quiet():
        loop = Loop(address, phase["timeout_s"])
        try:
            clock = ClockFacts(kind, 0, 0, 0, 0, 0, 0)
            stats = PhaseStats(len(jobs), clock)
            recorder = Recorder(
                phase, target.request, stats, zero_ns=zero_ns, on_request=on_request
            )
            concurrency = _concurrency(phase, jobs)
            driver = _Driver(
                loop, recorder, stats, jobs, concurrency, stop=stop, on_progress=on_progress
            )
            driver.run(zero_ns)
        finally:
            loop.close()
        return stats


def _concurrency(phase: PhaseDoc, jobs: Sequence[Job]) -> int | None:
    """Requests in flight in a closed loop; None when the loop is open."""
    if jobs and all(job.t_sched_ns is not None for job in jobs):
        return None
    if phase["scenario"] == "single_stream":
        return phase["concurrency"] or 1
    return phase["concurrency"] or max(1, len(jobs))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the interpreter from pausing: no collection of cycles, short turns for other threads."""
    _raise_descriptor_limit()
    collecting, interval = gc.isenabled(), sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.unfreeze()
        if collecting:
            gc.enable()


@contextlib.contextmanager
def _ahead() -> Iterator[bool]:
    """Run ahead of other processes, where this is permitted; yields whether it is.

    A client that waits behind a busy neighbour reads several chunks at once; the kernel has by then joined
    their segments, and only the last one's stamp is left. What the client starts does not inherit this.
    """
    try:
        before = (os.sched_getscheduler(0), os.sched_getparam(0))
        mine = os.sched_param(os.sched_get_priority_min(os.SCHED_RR))
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, mine)
    except (AttributeError, OSError):
        yield False
        return
    try:
        yield True
    finally:
        os.sched_setscheduler(0, *before)


def _raise_descriptor_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class _Driver:
    """Decides when what is sent."""

    def __init__(
        self,
        loop: Loop,
        recorder: Recorder,
        stats: PhaseStats,
        jobs: Sequence[Job],
        concurrency: int | None,
        *,
        stop: Callable[[], bool],
        on_progress: Callable[[int, int, int], None],
    ) -> None:
        self._loop = loop
        self._stop = stop
        self._on_progress = on_progress
        self._recorder = recorder
        self._stats = stats
        self._jobs = jobs
        self._concurrency = concurrency
        self._watch = OffsetWatch()
        self._next = 0
        self._start = 0
        self._look_at = 0
        self._told: tuple[int, int, int] | None = None

    def run(self, zero_ns: int) -> None:
        """Run the phase to its end."""
        stats, loop = self._stats, self._loop
        loop.offset_ns = self._watch.first.ns
        if not self._warm():
            self._start = time.monotonic_ns() + (LEAD_NS if self._concurrency is None else 0)
            cpu = time.process_time()
            with _ahead() as stats.real_time:
                self._drive()
            stats.cpu_s = time.process_time() - cpu
        else:
            self._start = time.monotonic_ns()
            stats.stopped = True
        self._collect()
        self._recorder.drain()
        stats.t_start = self._start - zero_ns
        stats.t_end = time.monotonic_ns() - zero_ns
        stats.unsent = len(self._jobs) - self._next
        stats.connections, stats.resent = loop.opened, loop.resent
        self._tell()
        self._close_clock()

    def _warm(self) -> bool:
        """Open the connections beforehand; True when the phase was stopped meanwhile.

        A server that refuses them is no reason to stop here: its requests will end with that outcome.
        """
        give_up = time.monotonic_ns() + WARM_NS
        wanted = self._wanted()
        while not self._stop():
            now = time.monotonic_ns()
            if now >= self._look_at:
                self._look_at = now + LOOK_NS
                self._loop.look_after(wanted)
            stand = self._loop.ready() >= wanted or not self._loop.opening()
            if stand or now > give_up:
                return False
            self._loop.poll(self._look_at)
        return True

    def _wanted(self) -> int:
        """Connections to keep open."""
        left = self._loop.in_flight + len(self._jobs) - self._next
        if self._concurrency is None:
            return min(left, self._loop.in_flight + SPARES)
        return min(left, self._concurrency)

    def _drive(self) -> None:
        loop, recorder = self._loop, self._recorder
        while True:
            due = self._send_due()
            if not loop.in_flight and self._next == len(self._jobs):
                return
            now = time.monotonic_ns()
            if now >= self._look_at:
                if self._look(now):
                    return
                due = min(due, self._look_at)
            exact = due != self._look_at
            wait = due - now
            room = recorder.pending() and (wait > ROOM_NS or recorder.pressed() or not exact)
            if room or (exact and wait <= SPIN_NS):
                happened = loop.poll(0)
            else:
                happened = loop.poll(due - SPIN_NS if exact else due, exact=exact)
            if loop.ended:
                self._collect()
            elif room and (not happened or recorder.pressed()):
                recorder.step()

    def _send_due(self) -> int:
        """Send what is due; returns the next moment at which something is to be done."""
        loop, jobs = self._loop, self._jobs
        if self._concurrency is not None:
            while self._next < len(jobs) and loop.in_flight < self._concurrency:
                self._next += 1
                loop.submit(jobs[self._next - 1], None)
                if loop.ended:
                    # A request that failed at once must not starve those that are in flight.
                    return 0
            return self._look_at
        while self._next < len(jobs):
            job = jobs[self._next]
            moment = self._start + (job.t_sched_ns or 0)
            if moment > time.monotonic_ns():
                return min(moment, self._look_at)
            self._next += 1
            loop.submit(job, moment)
        return self._look_at

    def _look(self, now: int) -> bool:
        """The look around every `LOOK_NS`; True when the phase is to end."""
        self._look_at = now + LOOK_NS
        self._watch.look()
        self._loop.look_after(self._wanted())
        self._tell()
        if not self._stop():
            return False
        self._stats.stopped = True
        self._loop.cancel()
        return True

    def _collect(self) -> None:
        while self._loop.ended:
            self._recorder.add(self._loop.ended.popleft())

    def _tell(self) -> None:
        state = (self._stats.completed, self._stats.failed, self._loop.in_flight)
        if state != self._told:
            self._told = state
            self._on_progress(*state)

    def _close_clock(self) -> None:
        self._watch.look()
        loop, watch = self._loop, self._watch
        kernel = self._stats.clock.receive_stamps == "kernel" and not loop.unstamped
        self._stats.clock = ClockFacts(
            receive_stamps="kernel" if kernel else "user",
            offset_before_ns=watch.first.ns,
            offset_after_ns=watch.last.ns,
            offset_error_ns=max(watch.first.error_ns, watch.last.error_ns),
            step_ns=watch.step_ns,
            reads=loop.reads,
            unstamped_reads=loop.unstamped,
        )
