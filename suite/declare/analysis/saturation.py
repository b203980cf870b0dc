"""Is an open loop asking for more than the server can do?

Beyond its capacity a server's queue grows as long as the load lasts. Below it, the queue of a random load wanders
too, and bursts look like the beginning of the end. Told apart by three signs, all of them over the same stretch of
intended starts, and at two looks in a row:

- requests in flight rise: Mann and Kendall's test over equally spaced moments;
- they rise by more than randomness explains: Theil and Sen's line climbs more than `SIGMAS` times √(k (c_a² + c_s²)),
  the standard deviation that k requests cause in a queue whose intended gaps and answering times have these squared
  coefficients of variation (the heavy-traffic variance of Kingman's queue);
- the time to first token rises with them, by at least half of what a queue of that growth makes requests wait.
  While a server only fills up to its usual number of requests in flight, this does not happen.

Everything is counted in the run's own times: what has ended late in being recorded counts as it ended.
"""

from __future__ import annotations

import bisect
import itertools
import math
from typing import TYPE_CHECKING, Final

from suite.base.statistics import median
from suite.declare.analysis.trend import mann_kendall, theil_sen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.declare.analysis.observed import Observed

LOOK_NS: Final = 1_000_000_000
POINTS: Final = 12
"""Moments, and groups of requests, over which a trend is looked for."""
SIGMAS: Final = 3.25
SIGNIFICANT: Final = 0.01
FEWEST: Final = 48
"""Ended requests below which nothing is said."""
WAIT_SHARE: Final = 0.5
MOST: Final = 1000
"""Gaps and answers from which a variation is taken."""
PER_GROUP: Final = 25
"""Requests of a group that are looked at, evenly spread."""


class Saturation:
    """Watches an open loop; told of each request as it ends.

    Attributes:
        over: over-saturated; once true it stays.
    """

    __slots__ = (
        "_arrivals",
        "_before",
        "_end",
        "_ends",
        "_first_index",
        "_next",
        "_origin",
        "_ttfts",
        "over",
    )

    def __init__(self, arrivals_ns: Sequence[int], first_index: int = 0) -> None:
        """Begin.

        Args:
            arrivals_ns: intended starts relative to the phase's (or probe's), rising.
            first_index: index of the first of them.
        """
        self._arrivals = arrivals_ns
        self._first_index = first_index
        self._origin: int | None = None
        self._ends: list[int] = []
        # Intended start, time to first token, time from there to the end.
        self._ttfts: list[tuple[int, float, float]] = []
        self._end = 0
        self._next = LOOK_NS
        self._before = False
        self.over = False

    def add(self, request: Observed) -> bool:
        """A request has ended, well or not; returns whether the loop is over-saturated."""
        if request.cancelled or not 0 <= request.number - self._first_index < len(self._arrivals):
            return self.over
        due = self._arrivals[request.number - self._first_index]
        if self._origin is None:
            self._origin = request.sched - due
        end = request.end - self._origin
        bisect.insort(self._ends, end)
        if request.first is not None:
            wait = float(request.first - self._origin - due)
            bisect.insort(self._ttfts, (due, wait, float(request.end - request.first)))
        self._end = max(self._end, end)
        if self._end >= self._next and not self.over:
            self._next = self._end + LOOK_NS
            risen = self._look()
            self.over = risen and self._before
            self._before = risen
        return self.over

    def _look(self) -> bool:
        if len(self._ttfts) < FEWEST or self._end > self._arrivals[-1]:
            # After the last intended start the queue drains.
            return False
        # Until the first requests have ended, the server only fills up.
        begin, end = self._ends[FEWEST // 2], self._ttfts[-1][0]
        return self._rising(begin, end) or self._rising((begin + end) // 2, end)

    def _rising(self, begin: int, end: int) -> bool:
        """Whether all three signs are there in a stretch of intended starts."""
        if end <= begin:
            return False
        low = bisect.bisect_left(self._arrivals, begin)
        high = bisect.bisect_right(self._arrivals, end)
        ttfts = self._ttfts[bisect.bisect_left(self._ttfts, (begin, -math.inf, 0.0)) :]
        count = high - low
        if count < FEWEST or len(ttfts) < FEWEST:
            return False
        span = float(end - begin)
        moments = [begin + (end - begin) * (k + 1) // POINTS for k in range(POINTS)]
        in_flight = [
            float(bisect.bisect_right(self._arrivals, at) - bisect.bisect_right(self._ends, at))
            for at in moments
        ]
        if not _climbs(in_flight):
            return False
        growth = theil_sen([float(at) for at in moments], in_flight) * span
        spread = max(_burstiness(self._arrivals[low:high]), 1.0) + _variation(
            [answering for _, _, answering in ttfts[:: max(len(ttfts) // MOST, 1)]]
        )
        if growth < SIGMAS * math.sqrt(count * spread):
            return False
        times, waits = _groups(ttfts)
        if not _climbs(waits):
            return False
        # Queued requests are served in turn: growth / rate is what the last one waits longer than the first.
        return theil_sen(times, waits) * span >= WAIT_SHARE * growth * span / count


def _burstiness(starts: Sequence[int]) -> float:
    """Squared coefficient of variation of the gaps between intended starts."""
    step = max(len(starts) // MOST, 1)
    gaps = [float(b - a) for a, b in itertools.pairwise(starts[::step])]
    return _variation(gaps) * step


def _variation(values: Sequence[float]) -> float:
    """Squared coefficient of variation."""
    middle = math.fsum(values) / max(len(values), 1)
    if middle <= 0.0:
        return 0.0
    return math.fsum((value - middle) ** 2 for value in values) / len(values) / middle**2


def _climbs(values: Sequence[float]) -> bool:
    trend = mann_kendall(values)
    return trend.s > 0 and trend.p < SIGNIFICANT


def _groups(ttfts: Sequence[tuple[int, float, float]]) -> tuple[list[float], list[float]]:
    """Median start and median time to first token of equal groups."""
    times, waits = [], []
    for number in range(POINTS):
        begin = len(ttfts) * number // POINTS
        end = len(ttfts) * (number + 1) // POINTS
        group = ttfts[begin : end : max((end - begin) // PER_GROUP, 1)]
        times.append(median([float(start) for start, _, _ in group]))
        waits.append(median([wait for _, wait, _ in group]))
    return times, waits
