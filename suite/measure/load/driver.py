"""Decides when what is sent, and when a phase ends; between arrivals it lets decoding go on."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.measure.load.transport.clock import ClockFacts, OffsetWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from suite.documents.event import Request
    from suite.measure.load.decode.recorder import Recorder
    from suite.measure.load.sources import Source
    from suite.measure.load.stats import Ending, PhaseStats
    from suite.measure.load.transport.loop import Loop
    from suite.measure.load.transport.send_stamps import SendTimes

LOOK_NS: Final = 50_000_000
"""How often the stop signal and the end rule are asked."""
EARLY_NS: Final = 15_000_000
"""A look is taken so much earlier when arrivals woke the client anyway: an awakening costs more than the look."""
CARE_NS: Final = 200_000_000
"""How often a closed loop looks after its connections and their time-outs; an open one does at every look."""
WATCH_NS: Final = 1_000_000_000
"""How often the distance of the clocks is measured: a step stays to be seen."""
SPIN_NS: Final = 150_000
"""The last part of the wait for an intended time is spent polling: a wake-up takes 50 to 100 µs."""
ROOM_NS: Final = 700_000
"""Decoding is not begun when a request is due sooner than this."""
LEAD_NS: Final = 5_000_000
"""An open-loop phase starts this long after its connections stand."""
WARM_NS: Final = 10_000_000_000
"""Longest wait for the connections that are opened beforehand."""
PAUSE_NS: Final = 1_000_000
"""Longest time for which arrivals are left to the kernel to gather."""
PAUSE_SHARE: Final = 20
"""The same as a part of the mean gap between two arrivals on one connection: two that meet share a stamp."""
PAUSE_ANSWER_SHARE: Final = 1_000
"""The same as a part of a mean answer: the next request of its stream is sent so much later at most."""
MERGED_SHARE: Final = 200
"""No pauses once one in so many arrivals shared its stamp."""
SPARES: Final = 16
"""Connections that an open loop keeps open beyond those in use."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a phase asks and tells the outside.

    Attributes:
        stop: True ends the phase, what is in flight as ``cancelled``.
        enough: an `Ending` ends the sending; None goes on.
        on_progress: takes completed, failed and in-flight requests.
        begin: asked once, when the connections stand, for the moment of the monotonic clock at which to start;
            None when the phase was stopped meanwhile. Without it the phase starts at once.
    """

    stop: Callable[[], bool]
    enough: Callable[[], Ending | None] | None
    on_progress: Callable[[int, int, int], None]
    begin: Callable[[], int | None] | None = None


class Driver:
    """Runs one phase.

    Attributes:
        start: reading of the monotonic clock from which intended times count.
    """

    def __init__(
        self, loop: Loop, stats: PhaseStats, source: Source, hooks: Hooks, sends: SendTimes
    ) -> None:
        self.start = 0
        self._loop = loop
        self._stats = stats
        self._source = source
        self._hooks = hooks
        self._sends = sends
        self._watch = OffsetWatch()
        self._look_at = 0
        self._looked_at = 0
        self._care_at = 0
        self._watch_at = 0
        self._reads = 0
        self._progress: tuple[int, int, int] | None = None

    def run(self, recorder: Recorder, zero_ns: int) -> None:
        """Run the phase to its end."""
        stats, loop = self._stats, self._loop
        loop.offset_ns = self._watch.first.ns
        start = self._begin() if self._warm() else None
        if start is None:
            self.start = time.monotonic_ns()
            self._stopped()
        else:
            self.start = start
            cpu = time.process_time()
            with _ahead() as stats.real_time:
                self._drive(recorder)
            stats.cpu_s = time.process_time() - cpu
        self._collect(recorder)
        recorder.drain()
        stats.t_start = self.start - zero_ns
        stats.t_end = time.monotonic_ns() - zero_ns
        stats.sent = self._source.given
        stats.unsent = stats.planned - stats.sent
        stats.connections, stats.resent = loop.pool.opened, loop.resent
        self._report()
        self._close_clock()

    def ended(self, event: Request, zero_ns: int) -> None:
        """Report an ended request to a source whose next request depends on it."""
        self._source.ended(event, event.t_end + zero_ns - self.start)

    def _warm(self) -> bool:
        """Open the connections beforehand; False when the phase was stopped meanwhile.

        A server that refuses them is no reason to stop here: its requests will end with that outcome.
        """
        give_up = time.monotonic_ns() + WARM_NS
        count = self._wanted()
        while not self._hooks.stop():
            now = time.monotonic_ns()
            if now >= self._look_at:
                self._look_at = now + LOOK_NS
                self._loop.look_after(count)
            stand = self._loop.pool.ready() >= count or not self._loop.pool.opening()
            if stand or now > give_up:
                return True
            self._loop.poll(self._look_at)
        return False

    def _begin(self) -> int | None:
        if self._hooks.begin is not None:
            return self._hooks.begin()
        return time.monotonic_ns() + (LEAD_NS if self._source.streams is None else 0)

    def _wanted(self) -> int:
        """Connections to keep open."""
        source, in_flight = self._source, self._loop.in_flight
        more = self._stats.planned - source.given if source.waiting() else 0
        if source.streams is None:
            return min(in_flight + more, in_flight + SPARES)
        return min(in_flight + more, source.streams)

    def _drive(self, recorder: Recorder) -> None:
        loop, source = self._loop, self._source
        while True:
            due = self._send_due()
            if not loop.in_flight and not source.waiting():
                return
            now = time.monotonic_ns()
            exact = due != self._look_at
            wait = due - now
            # Rather not just before a request is due: to look, and to open connections above all, would delay it.
            early = now >= self._look_at - EARLY_NS and not (exact and wait < ROOM_NS)
            if early or now >= self._look_at:
                if self._look(now):
                    return
                continue
            pressed = recorder.pressed()
            urgent = pressed or source.conversing
            if recorder.pending() and (wait > ROOM_NS or urgent or not exact):
                happened = loop.poll(0)
                if pressed:
                    # As long as the reading took, which is the slower of the two for the same bytes.
                    recorder.catch_up(time.monotonic_ns() - now)
                elif not loop.ended and (not happened or urgent):
                    recorder.step()
            elif exact and wait <= SPIN_NS:
                loop.poll(0)
            else:
                loop.listen(due - SPIN_NS if exact else due, exact=exact, early_ns=EARLY_NS)
            if loop.ended:
                self._collect(recorder)

    def _send_due(self) -> int:
        """Send what is due; returns the next moment at which something is to be done."""
        loop, source = self._loop, self._source
        while loop.in_flight < source.limit:
            moment = self.start + source.due_ns
            if moment > time.monotonic_ns():
                return min(moment, self._look_at)
            job = source.take()
            loop.submit(job, None if job.t_sched_ns is None else moment)
            if loop.ended:
                # A request that failed at once must not starve those that are in flight.
                return 0
        return self._look_at

    def _look(self, now: int) -> bool:
        """The look around every `LOOK_NS`; True when the phase is to end at once."""
        self._loop.pause_ns = self._pause(now - self._looked_at, now - self.start)
        self._looked_at, self._look_at = now, now + LOOK_NS
        if now >= self._watch_at:
            self._watch_at = now + WATCH_NS
            self._watch.look()
        if now >= self._care_at:
            self._care_at = now + (0 if self._source.streams is None else CARE_NS)
            self._loop.look_after(self._wanted())
        self._report()
        if self._hooks.stop():
            self._stopped()
            self._loop.cancel()
            return True
        ending = self._hooks.enough() if self._hooks.enough is not None else None
        if ending is None:
            return False
        if ending.cancel:
            self._stats.ended_by = ending.reason
            self._source.close()
            self._loop.cancel()
            return True
        if self._source.waiting():
            self._stats.ended_by = ending.reason
            self._source.close()
        return False

    def _pause(self, passed_ns: int, elapsed_ns: int) -> int:
        """How long to let arrivals gather, from what came since the last look and what ended since the start.

        Only what the kernel stamps may wait, and nothing in an open loop. A pause pays when it gathers at least one arrival more; it stays far
        below the time between two arrivals of one stream, and next to nothing of the time of an answer.
        """
        loop, stats = self._loop, self._stats
        came = loop.reads - self._reads
        self._reads = loop.reads
        kernel = stats.clock.receive_stamps == "kernel" and not loop.unstamped
        if self._source.streams is None or not kernel or not came:
            return 0
        live, merged = loop.live(self._looked_at)
        if (stats.merged_reads + merged) * MERGED_SHARE > loop.reads:
            return 0
        ended = self._source.given - loop.in_flight
        answer_ns = elapsed_ns * loop.in_flight // ended if ended > 0 else elapsed_ns
        gap_ns = passed_ns * live // came
        pause = min(PAUSE_NS, gap_ns // PAUSE_SHARE, answer_ns // PAUSE_ANSWER_SHARE)
        return pause if came * pause > passed_ns else 0

    def _stopped(self) -> None:
        self._stats.stopped = True
        self._stats.ended_by = "stopped"
        self._source.close()

    def _collect(self, recorder: Recorder) -> None:
        ended, sends = self._loop.ended, self._sends
        while ended:
            exchange = ended.popleft()
            sends.settle(exchange)
            recorder.add(exchange)

    def _report(self) -> None:
        state = (self._stats.completed, self._stats.failed, self._loop.in_flight)
        if state != self._progress:
            self._progress = state
            self._hooks.on_progress(*state)

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
            send_stamps=self._sends.kind(),
            unstamped_sends=self._sends.unstamped,
        )


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
        _fall_back(*before)


def _fall_back(policy: int, mine: os.sched_param) -> None:
    """Take the policy from before. Only the privileged may clear reset-on-fork: others keep that flag (sched(7))."""
    try:
        os.sched_setscheduler(0, policy, mine)
    except OSError:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, policy | os.SCHED_RESET_ON_FORK, mine)
