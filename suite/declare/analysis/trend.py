"""Does a series rise, fall or step? Tests by rank, Theil and Sen's slope, the best single step.

The ranks and the slope mind neither single outliers nor the shape of the noise. All want values that do not depend
on their neighbours: give them means or medians of batches, not single requests.

Sources: Mann, Econometrica 13 (1945) 245; Kendall, Rank Correlation Methods (1975); Sen, JASA 63 (1968) 1379;
Mann and Whitney, Annals of Mathematical Statistics 18 (1947) 50.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from suite.base.statistics import median

if TYPE_CHECKING:
    from collections.abc import Sequence


class Trend(NamedTuple):
    """Mann and Kendall's test.

    Attributes:
        s: pairs that rise less pairs that fall.
        p: two-sided probability of so large an `s` without a trend.
    """

    s: int
    p: float


def mann_kendall(values: Sequence[float]) -> Trend:
    """Test for a monotone trend.

    Args:
        values: in order of time; fewer than three show nothing.
    """
    n = len(values)
    if n < 3:
        return Trend(0, 1.0)
    s = sum((b > a) - (b < a) for a, b in itertools.combinations(values, 2))
    variance = _variance(values)
    if variance <= 0.0 or s == 0:
        return Trend(s, 1.0)
    z = (s - math.copysign(1, s)) / math.sqrt(variance)
    return Trend(s, math.erfc(abs(z) / math.sqrt(2.0)))


def mann_whitney(first: Sequence[float], last: Sequence[float], factor: float = 1.0) -> float:
    """Two-sided probability of two samples so far apart in rank if they were of one kind; 1 for an empty one.

    The normal approximation, with corrections for continuity and ties.

    Args:
        first: one sample.
        last: the other.
        factor: on the variance, for samples whose values depend on each other; see `inflated`.
    """
    m, n = len(first), len(last)
    if not m or not n:
        return 1.0
    # Twice the pairs that rise less those that fall: whole numbers.
    apart = abs(sum((b > a) - (b < a) for a in first for b in last))
    total = m + n
    ties = sum(t * (t * t - 1) for t in Counter([*first, *last]).values())
    variance = m * n / 12.0 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0.0 or apart <= 1:
        return 1.0
    z = (apart - 1) / 2.0 / math.sqrt(variance * factor)
    return math.erfc(z / math.sqrt(2.0))


def less_step(values: Sequence[float], margin: int = 3) -> list[float]:
    """What the best single step leaves: each value less the mean of its side.

    Args:
        values: in order of time.
        margin: fewest values on either side; with fewer than twice as many the mean of all is taken away.
    """
    count = len(values)
    middle = math.fsum(values) / max(count, 1)
    rest = [value - middle for value in values]
    best, place = 0.0, 0
    for cut in range(margin, count - margin + 1):
        below = math.fsum(rest[:cut])
        # Squares that a step here explains; of equals the first.
        explained = below * below * count / (cut * (count - cut))
        if explained > best:
            best, place = explained, cut
    if not place:
        return rest
    low, high = math.fsum(rest[:place]) / place, math.fsum(rest[place:]) / (count - place)
    return [number - (low if k < place else high) for k, number in enumerate(rest)]


def squares(values: Sequence[float]) -> float:
    """Sum of squares."""
    return math.fsum(value * value for value in values)


def _variance(values: Sequence[float]) -> float:
    """Variance of `s` without a trend, ties allowed for."""
    n = len(values)
    total = n * (n - 1) * (2 * n + 5)
    ties = sum(t * (t - 1) * (2 * t + 5) for t in Counter(values).values())
    return (total - ties) / 18.0


def theil_sen(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The median slope over all pairs of points.

    Args:
        xs: at least two different positions.
        ys: as many values.
    """
    pairs = itertools.combinations(zip(xs, ys, strict=True), 2)
    return median([(d - b) / (c - a) for (a, b), (c, d) in pairs if c != a])


def dependence(values: Sequence[float]) -> float:
    """Lag-1 autocorrelation of a series less its mean, 0 where it is not positive; at most 0.9."""
    n = len(values)
    if n < 4:
        return 0.0
    middle = math.fsum(values) / n
    rest = [value - middle for value in values]
    total = math.fsum(number * number for number in rest)
    if total <= 0.0:
        return 0.0
    r = math.fsum(a * b for a, b in itertools.pairwise(rest)) / total
    return min(max(r, 0.0), 0.9)


def inflated(r: float) -> float:
    """Factor on the variance of a mean whose neighbours are correlated by `r` (an AR(1) process)."""
    return (1.0 + r) / (1.0 - r)
