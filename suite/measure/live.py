"""How a phase goes: what the last seconds looked like, from the requests that have ended.

Adding a request costs well under a microsecond of the client's time beyond what is recorded anyway; the state itself
is made at most `PER_SECOND` times a second, over a bounded window.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from suite.base.quantities import latency
from suite.base.statistics import percentile
from suite.measure.progress import Requests

if TYPE_CHECKING:
    from suite.declare.analysis.observed import Observed

PER_SECOND: Final = 4
WINDOW_NS: Final = 10_000_000_000
MOST: Final = 512
"""Requests of the window that are looked at; in a faster phase the window is shorter."""
_SECOND: Final = 1_000_000_000


@dataclass(slots=True)
class Live:
    """The state of one phase or probe. Times are nanoseconds of the run's clock.

    Attributes:
        title: of the phase or probe.
        planned: requests at most.
        start_ns: when it began.
        due_ns: when the last request is due, for an open loop; else None.
        longest_ns: the longest that it may take, else None.
    """

    title: str
    planned: int
    start_ns: int
    due_ns: int | None = None
    longest_ns: int | None = None
    _recent: deque[Observed] = field(default_factory=lambda: deque(maxlen=MOST))
    _next_ns: int = 0

    def add(self, request: Observed) -> None:
        """A request has ended."""
        self._recent.append(request)

    def due(self, now_ns: int) -> bool:
        """Whether it is time for another state; the next one is then due a while later."""
        if now_ns < self._next_ns:
            return False
        self._next_ns = now_ns + _SECOND // PER_SECOND
        return True

    def state(
        self, now_ns: int, completed: int, failed: int, in_flight: int, rule: str = ""
    ) -> Requests:
        """Counts, tokens per second and latencies of the last seconds, time gone and left; `rule` comes last."""
        details = self._window(now_ns)
        return Requests(
            title=self.title,
            planned=self.planned,
            completed=completed,
            failed=failed,
            in_flight=in_flight,
            elapsed_s=max(now_ns - self.start_ns, 0) / 1e9,
            left_s=self._left_s(now_ns, completed + failed),
            details=(*details, rule) if rule else tuple(details),
        )

    def _window(self, now_ns: int) -> list[str]:
        """Tokens of the answers that ended in the window per second, TTFT p50/p99 and TPOT p50 of these answers."""
        recent = self._recent
        begin = max(now_ns - WINDOW_NS, self.start_ns)
        if len(recent) == MOST:
            begin = max(begin, recent[0].end)
        while recent and recent[0].end < begin:
            recent.popleft()
        answers = [request for request in recent if request.ok]
        if not answers:
            return []
        tokens = sum(request.tokens or 0 for request in answers)
        parts = [f"{tokens * 1e9 / max(now_ns - begin, 1):,.0f} tokens/s"] if tokens else []
        ttft = sorted(value for request in answers if (value := request.ttft_ms()) is not None)
        tpot = sorted(value for request in answers if (value := request.tpot_ms()) is not None)
        if ttft:
            middle, high = latency(percentile(ttft, 50)), latency(percentile(ttft, 99))
            parts.append(f"TTFT {middle}, p99 {high}")
        if tpot:
            parts.append(f"TPOT {latency(percentile(tpot, 50))}")
        return parts

    def _left_s(self, now_ns: int, ended: int) -> float | None:
        gone = max(now_ns - self.start_ns, 0)
        left: list[int] = []
        if self.due_ns is not None:
            left.append(self.due_ns - gone)
        elif ended:
            left.append(gone * (self.planned - ended) // ended)
        if self.longest_ns is not None:
            left.append(self.longest_ns - gone)
        return max(min(left), 0) / 1e9 if left else None
