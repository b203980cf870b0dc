"""A phase's stop rule: told of each request as it ends, it says when enough has been seen.

Looks happen only when a request is added, and durations are read from the requests' own times: from the least
intended start seen to the greatest end seen. So the run and the judge, told of the same requests in the same order,
stop at the same one. Only `max_duration_s` needs a clock, because a server that has stopped answering tells nothing.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Literal

from suite.declare.analysis.interval import LOOK_GROWTH, Decision, IntervalRule
from suite.declare.analysis.saturation import Saturation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.declare.analysis.observed import Observed
    from suite.documents.phase import Stop


PhaseEnd = Literal["enough", "saturated"]


class PhaseRule:
    """When to send no more.

    Attributes:
        ended_by: why, once it is decided.
        seen: requests told of until then.
        answers: those among them that ended well.
        interval: what the last look at the interval found; None without one.
    """

    __slots__ = (
        "_arrivals",
        "_end",
        "_interval",
        "_next_look",
        "_saturation",
        "_start",
        "_stop",
        "answers",
        "ended_by",
        "interval",
        "seen",
    )

    def __init__(self, stop: Stop, *, arrivals_ns: Sequence[int] | None = None) -> None:
        """Begin.

        Args:
            stop: the phase's rule.
            arrivals_ns: the phase's intended starts; None for a closed loop.
        """
        self._stop = stop
        self._arrivals = arrivals_ns
        self._interval = IntervalRule(stop.interval) if stop.interval else None
        self._saturation = Saturation(arrivals_ns) if stop.saturation and arrivals_ns else None
        self._start: int | None = None
        self._end = 0
        self._next_look = 0
        self.ended_by: PhaseEnd | None = None
        self.seen = 0
        self.answers = 0
        self.interval: Decision | None = None

    def add(self, request: Observed) -> PhaseEnd | None:
        """A request has ended; returns why nothing more is to be sent if that is decided by it, else None."""
        if self.ended_by is not None:
            return None
        self.seen += 1
        self.answers += request.ok
        start = request.sched
        if self._arrivals and 0 <= request.number < len(self._arrivals):
            start -= self._arrivals[request.number]
        self._start = start if self._start is None else min(self._start, start)
        self._end = max(self._end, request.end)
        if self._interval is not None:
            self._interval.add(request)
        if self._saturation is not None and self._saturation.add(request):
            self.ended_by = "saturated"
        elif self._enough():
            self.ended_by = "enough"
        return self.ended_by

    def _enough(self) -> bool:
        assert self._start is not None
        if self.answers < self._stop.min_requests:
            return False
        if self._end - self._start < self._stop.min_duration_s * 1e9:
            return False
        if self._interval is None:
            return True
        if self.seen < self._next_look:
            return False
        self._next_look = ceil(self.seen * LOOK_GROWTH)
        self.interval = self._interval.look()
        return self.interval.reached

    def overdue(self, elapsed_ns: int) -> bool:
        """Whether the longest duration has passed, so long after the phase's start."""
        longest = self._stop.max_duration_s
        return longest is not None and elapsed_ns >= longest * 1e9

    def state(self) -> str:
        """How far the interval is; "" without one."""
        return "" if self.interval is None else self.interval.why
