"""From what came over the wire to request events, in small steps between the loop's arrivals.

Decoding waits for idle moments: arrival times do not depend on when the client reads, but every microsecond
spent on decoding is one in which it does not. When more than `BACKLOG_BYTES` wait, ended responses go to a
spool, undecoded; a helper process decodes them beside the phase where one was worth starting, and otherwise
they are read back in later idle moments and after the phase. Every response is handed on exactly once; not
always in the order in which they ended.

Bound, measured for a million streamed tokens (220 bytes each on the wire, 1,024 streams; `suite bench-load`): 65 MB
resident in all processes of the client together.
"""

from __future__ import annotations

import os
import re
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from suite.base.errors import SetupError
from suite.measure.load.decoding import Decoder, Facts, Response
from suite.measure.load.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from suite.declare.plandoc import PhaseDoc, RequestDoc
    from suite.eventdoc import RequestEvent
    from suite.measure.load.connection import Exchange
    from suite.measure.load.decoding import Decoded
    from suite.measure.load.helper import Helper
    from suite.measure.load.job import HelperState, Job, PhaseStats
    from suite.measure.load.spool import Place

BACKLOG_BYTES: Final = 16 << 20
"""Bytes of ended responses that may wait in memory; beyond, they go to the spool."""
HELPER_TOKENS: Final = 100_000
"""Planned tokens from which a phase gets a decode helper: fewer than these hardly fill the backlog."""
_MAX_TOKENS: Final = re.compile(rb'"max_(?:completion_)?tokens":([0-9]{1,9})')


def planned_tokens(jobs: Iterable[Job]) -> int:
    """Tokens that these requests may generate at most, as far as their bodies say."""
    total = 0
    for job in jobs:
        match = _MAX_TOKENS.search(job.body)
        total += int(match[1]) if match else 0
    return total


def spare_core() -> bool:
    """Whether this process may use more than one processor."""
    try:
        return len(os.sched_getaffinity(0)) > 1
    except AttributeError:
        return (os.cpu_count() or 1) > 1


class Recorder:
    """Decodes ended requests and hands them on as events.

    Attributes:
        finished: requests handed on.
    """

    def __init__(
        self,
        phase: PhaseDoc,
        request: RequestDoc,
        stats: PhaseStats,
        *,
        zero_ns: int,
        on_request: Callable[[RequestEvent], None],
        planned_tokens: int = 0,
    ) -> None:
        """Prepare; with many `planned_tokens` and a processor to spare, start the decode helper."""
        self.finished = 0
        self._stats = stats
        self._on_request = on_request
        facts = Facts.of(phase, request, zero_ns)
        self._decoder = Decoder(facts)
        self._waiting: deque[tuple[Exchange, int]] = deque()
        self._waiting_bytes = 0
        self._current_bytes = 0
        self._spool = Spool()
        self._spooled: deque[Place] = deque()
        self._helper: Helper | None = None
        self._retired: Helper | None = None
        self._helper_cpu_s = 0.0
        if planned_tokens >= HELPER_TOKENS and spare_core() and self._spool.open():
            from suite.measure.load.helper import Helper  # noqa: PLC0415 - most phases need none of it

            self._helper = Helper.start(self._spool.fd, facts)

    def add(self, exchange: Exchange) -> None:
        """Queue a request that has ended."""
        size = exchange.framer.total
        self._waiting.append((exchange, size))
        self._waiting_bytes += size
        peak = self._stats.undecoded_peak_bytes
        self._stats.undecoded_peak_bytes = max(peak, self._waiting_bytes)

    def pending(self) -> bool:
        """Whether there is something to do for `step` now."""
        helper = self._helper
        return (
            bool(self._waiting)
            or self._decoder.busy()
            or bool(self._spooled)
            or (helper is not None and helper.readable())
        )

    def outstanding(self) -> bool:
        """Whether an event is still to come, now or when the helper has decoded it."""
        helper = self._helper
        return self.pending() or (helper is not None and helper.held > 0)

    def pressed(self) -> bool:
        """Whether so much waits that something must be done about it between arrivals."""
        return self._waiting_bytes > BACKLOG_BYTES

    def step(self) -> None:
        """Decode, spool or hand on a little, as is most urgent; harmless when nothing waits."""
        helper = self._helper
        if self._waiting and self.pressed() and self._spool.usable():
            self._put_away()
            if helper is not None and helper.full and helper.readable():
                # Else the helper would stand still, and rules that end phases would see no more events.
                self._take_from(helper)
        elif helper is not None and helper.readable():
            self._take_from(helper)
        elif self._decoder.busy() or self._waiting or self._spooled:
            self._decode()

    def drain(self) -> None:
        """Hand on everything that is left; the helper and this process share what is in the spool."""
        before = time.process_time()
        while self.outstanding():
            if self.pending():
                self.step()
            elif self._helper is not None:
                self._helper.wait()
        self.close()
        cpu_s = time.process_time() - before + self._helper_cpu_s
        self._stats.decode_cpu_s += cpu_s
        self._stats.cpu_s += cpu_s

    def close(self) -> None:
        """End the helper and give up the spool; harmless twice."""
        if self._helper is not None:
            self._retire(self._helper, "used")
        if self._retired is not None:
            self._retired.close()
            self._retired = None
        self._spool.close()

    def _decode(self) -> None:
        if not self._decoder.busy() and not self._begin():
            return
        decoded = self._decoder.step()
        if decoded is not None:
            self._waiting_bytes -= self._current_bytes
            self._current_bytes = 0
            self._finish(decoded)

    def _begin(self) -> bool:
        """Take the next response: from memory, else the oldest of the spool."""
        if self._waiting:
            exchange, self._current_bytes = self._waiting.popleft()
            self._decoder.begin(Response.of(exchange))
            return True
        try:
            response = self._spool.get(self._spooled.popleft())
        except (OSError, ValueError) as cause:
            hint = "check the disk that holds temporary files"
            message = f"a response that waited to be decoded cannot be read back: {cause}"
            raise SetupError("spool-unreadable", message, hint=hint) from cause
        self._decoder.begin(response)
        self._tidy()
        return True

    def _put_away(self) -> None:
        """Spool the response that has waited longest."""
        exchange, size = self._waiting[0]
        place = self._spool.put(Response.of(exchange))
        if place is None:
            return
        self._waiting.popleft()
        self._waiting_bytes -= size
        self._stats.spooled += 1
        self._spooled.append(place)
        self._feed()

    def _feed(self) -> None:
        helper = self._helper
        while helper is not None and self._spooled and not helper.full:
            helper.give(self._spooled.popleft())

    def _take_from(self, helper: Helper) -> None:
        decoded = helper.take()
        if decoded is not None:
            self._feed()
            self._tidy()
            self._finish(decoded)
        elif not helper.alive:
            self._spooled.extendleft(reversed(helper.abandoned()))
            self._retire(helper, "died")

    def _tidy(self) -> None:
        """Give the room of the file back of which nothing is needed any more."""
        oldest = self._helper.oldest() if self._helper is not None else None
        if oldest is None and self._spooled:
            oldest = self._spooled[0]
        if oldest is None:
            self._spool.restart()
        else:
            self._spool.release(oldest.offset)

    def _finish(self, decoded: Decoded) -> None:
        event, stats = decoded.event, self._stats
        stats.outcomes[event["outcome"]] += 1
        stats.merged_reads += event["merged_reads"]
        stats.without_done += decoded.without_done
        stats.backward_stamps += decoded.backward
        self.finished += 1
        self._on_request(event)

    def _retire(self, helper: Helper, how: HelperState) -> None:
        # It is not waited for here: this may be in the middle of a phase.
        self._helper, self._retired = None, helper
        self._helper_cpu_s += helper.cpu_s
        self._stats.helper = how
        self._stats.helper_peak_kb = helper.peak_kb
