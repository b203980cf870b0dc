"""From what came over the wire to request events, in small steps between the loop's arrivals.

Decoding waits for idle moments: arrival times do not depend on when the client reads, but every microsecond
spent on decoding is one in which it does not. When more than `BACKLOG_BYTES` wait, decoding takes turns with
reading, which takes longer for the same bytes: what waits then grows no further.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final

from suite.measure.load.decode.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.documents.engine import RequestFormat
    from suite.documents.event import Request
    from suite.documents.phase import Phase
    from suite.measure.load.decode.decoder import Decoded
    from suite.measure.load.stats import PhaseStats
    from suite.measure.load.transport.exchange import Exchange

BACKLOG_BYTES: Final = 16 << 20
"""Bytes of ended responses that may wait for an idle moment."""


class Recorder:
    """Decodes ended requests, in the order in which they ended, and hands them on as events.

    Attributes:
        finished: requests handed on.
    """

    def __init__(
        self,
        phase: Phase,
        request: RequestFormat,
        stats: PhaseStats,
        *,
        zero_ns: int,
        on_request: Callable[[Request], None],
    ) -> None:
        self.finished = 0
        self._stats = stats
        self._on_request = on_request
        self._decoder = Decoder(phase, request, zero_ns)
        self._waiting: deque[Exchange] = deque()
        self._waiting_bytes = 0
        self._current_bytes = 0

    def add(self, exchange: Exchange) -> None:
        """Queue a request that has ended."""
        self._waiting.append(exchange)
        self._waiting_bytes += exchange.framer.total
        peak = self._stats.undecoded_peak_bytes
        self._stats.undecoded_peak_bytes = max(peak, self._waiting_bytes)

    def pending(self) -> bool:
        """Whether there is something to do for `step`."""
        return bool(self._waiting) or self._decoder.busy()

    def pressed(self) -> bool:
        """Whether so much waits that something must be done about it between arrivals."""
        return self._waiting_bytes > BACKLOG_BYTES

    def step(self) -> None:
        """Decode or hand on a little; harmless when nothing waits."""
        if not self._decoder.busy():
            if not self._waiting:
                return
            exchange = self._waiting.popleft()
            self._current_bytes = exchange.framer.total
            self._decoder.begin(exchange)
        decoded = self._decoder.step()
        if decoded is not None:
            self._waiting_bytes -= self._current_bytes
            self._finish(decoded)

    def catch_up(self, most_ns: int) -> None:
        """Decode for so long, or until less waits than may."""
        until = time.monotonic_ns() + most_ns
        while self.pressed() and time.monotonic_ns() < until:
            self.step()

    def drain(self) -> None:
        """Hand on everything that is left."""
        before = time.process_time()
        while self.pending():
            self.step()
        cpu_s = time.process_time() - before
        self._stats.decode_cpu_s += cpu_s
        self._stats.cpu_s += cpu_s

    def _finish(self, decoded: Decoded) -> None:
        event, stats = decoded.event, self._stats
        stats.outcomes[event.outcome] += 1
        stats.merged_reads += event.merged_reads
        stats.without_done += decoded.without_done
        stats.backward_stamps += decoded.backward
        stats.usage_in_choice += decoded.usage_in_choice
        stats.half_characters += decoded.replaced
        self.finished += 1
        self._on_request(event)
