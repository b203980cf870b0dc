"""Did a value drift over a phase? Its change from start to end, with an interval.

The phase is cut into equal times, the median of each is taken, which takes most of the dependence between neighbouring
requests away, and Theil and Sen's line is laid through the medians. Mann and Kendall's test says whether there is a
trend at all. The slope's interval is Student's, from what the line leaves, widened by the correlation that is left
between neighbouring times. A drift is detected when the test is significant, the interval excludes no change, and the
change is large enough to matter.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from suite.declare.stopping.quantile import mean, median, student
from suite.declare.stopping.trend import dependence, inflated, mann_kendall, theil_sen

if TYPE_CHECKING:
    from collections.abc import Sequence

BUCKETS: Final = 20
FEWEST_BUCKETS: Final = 10
PER_BUCKET: Final = 3
"""Values that a bucket needs."""
SIGNIFICANT: Final = 0.01
LEAST: Final = 0.05
"""Smallest change that counts as drift, as a share of the value at the start."""


class Drift(NamedTuple):
    """How a value changed over a phase.

    Attributes:
        measured: whether there was enough to say anything.
        detected: it drifted.
        change: (end − start) / start along the slope, e.g. 0.12 for 12 % more at the end.
        low: lower end of its 95 % interval.
        high: upper end.
        p: probability of such a trend without a drift.
        start: the value at the start, along the slope.
        buckets: equal times that held enough values.
        why: one sentence.
    """

    measured: bool
    detected: bool
    change: float
    low: float
    high: float
    p: float
    start: float
    buckets: int
    why: str


def drift(times_ns: Sequence[int], values: Sequence[float], *, least: float = LEAST) -> Drift:
    """Look for a drift.

    Args:
        times_ns: when each value belongs, nanoseconds, in any order.
        values: as many, positive.
        least: smallest relative change that counts.
    """
    if not times_ns:
        return _nothing("no values")
    begin, end = min(times_ns), max(times_ns)
    span = max(end - begin, 1)
    held: list[list[float]] = [[] for _ in range(BUCKETS)]
    for time, value in zip(times_ns, values, strict=True):
        held[min((time - begin) * BUCKETS // span, BUCKETS - 1)].append(value)
    full = [(k + 0.5, median(bucket)) for k, bucket in enumerate(held) if len(bucket) >= PER_BUCKET]
    if len(full) < FEWEST_BUCKETS:
        return _nothing(f"only {len(full)} of {BUCKETS} equal times hold {PER_BUCKET} values")
    return _over([at / BUCKETS for at, _ in full], [value for _, value in full], least)


def rate_drift(amounts: Sequence[float], *, least: float = LEAST) -> Drift:
    """The same for a rate, given as what came in each of equal times, at least `FEWEST_BUCKETS` of them."""
    count = len(amounts)
    if count < FEWEST_BUCKETS:
        return _nothing(f"{count} equal times are too few")
    return _over([(k + 0.5) / count for k in range(count)], list(amounts), least)


def _over(xs: Sequence[float], ys: Sequence[float], least: float) -> Drift:
    """Over points whose positions run from 0 to 1."""
    slope = theil_sen(xs, ys).slope
    rest = [y - slope * x for x, y in zip(xs, ys, strict=True)]
    start = median(rest)
    if start <= 0.0:
        return _nothing("the value at the start is not positive")
    half = _half_width(xs, rest)
    trend = mann_kendall(ys)
    change, low, high = slope / start, (slope - half) / start, (slope + half) / start
    sure = trend.p < SIGNIFICANT and (low > 0.0 or high < 0.0)
    detected = sure and abs(change) >= least
    words = f"{change:+.1%} from start to end (95 % {low:+.1%} to {high:+.1%}, p = {trend.p:.2g})"
    if sure and not detected:
        words += f", less than the {least:.0%} that count"
    return Drift(True, detected, change, low, high, trend.p, start, len(ys), words)


def _half_width(xs: Sequence[float], rest: Sequence[float]) -> float:
    """Half of the 95 % interval of a slope, from what its line leaves."""
    count = len(xs)
    at, level = mean(xs), mean(rest)
    variance = math.fsum((one - level) ** 2 for one in rest) / (count - 2)
    spread = math.fsum((x - at) ** 2 for x in xs)
    return student(count - 2) * math.sqrt(variance / spread * inflated(dependence(rest)))


def _nothing(why: str) -> Drift:
    return Drift(False, False, 0.0, 0.0, 0.0, 1.0, 0.0, 0, why)
