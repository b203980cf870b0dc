"""Did a value drift over a phase? Its change, with an interval. Two questions, since a slow change and a step differ.

The line: the phase is cut into equal times, the median of each is taken, which takes most of the dependence between
neighbouring requests away, and Theil and Sen's line is laid through the medians. Mann and Kendall's test says whether
there is a trend at all. The slope's interval is Student's, from what the line leaves, as for least squares.

The levels: a clock that was throttled makes a step, which a line describes badly. Hence the medians of shorter times
in the first third of the phase are held against those in the last third by Mann and Whitney's test.

Both are widened by the correlation that is left between neighbouring times (an AR(1) process). For the levels it is
taken from what remains when the better of line and best single step is gone: otherwise a step would pass for
correlation and hide itself.

A drift is detected when one of the two is significant, its interval excludes no change, and the change is large enough
to matter. The change is the line's, unless only the levels say so or a step describes the values clearly better.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from suite.base.bilingual import Sentence, chinese
from suite.base.statistics import mean, median, student
from suite.declare.analysis.trend import (
    dependence,
    inflated,
    less_step,
    mann_kendall,
    mann_whitney,
    squares,
    theil_sen,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

BUCKETS: Final = 20
FEWEST_BUCKETS: Final = 10
PER_BUCKET: Final = 3
"""Values that a bucket needs."""
FINE: Final = 6 * BUCKETS
"""Most times for the levels."""
PER_FINE: Final = 8
"""Values that a time for the levels has on average, so that nearly all hold `PER_BUCKET`."""
SIGNIFICANT: Final = 0.01
LEAST: Final = 0.05
"""Smallest change that counts as drift, as a share of the value at the start."""
CLEARLY: Final = 1.25
"""How much smaller the squares are that a step leaves, where it describes the values clearly better than a line."""
LINE: Final = Sentence("from start to end along the line", "沿拟合直线自始至终")
LEVELS: Final = Sentence("in the last third against the first", "末三分之一相对首三分之一")


class Drift(NamedTuple):
    """How a value changed over a phase.

    Attributes:
        measured: whether there was enough to say anything.
        detected: it drifted.
        change: relative change, e.g. 0.12 for 12 % more later on; `by` says of what.
        low: lower end of its 95 % interval.
        high: upper end.
        p: probability of such a trend, or of such levels, without a drift.
        start: the value that the change is relative to: the line's at the start, or the first third's.
        by: `LINE`: (end − start) / start; `LEVELS`: (last third − first third) / first third; "" if not measured.
        why: one sentence.
    """

    measured: bool
    detected: bool
    change: float
    low: float
    high: float
    p: float
    start: float
    by: str
    why: str


class _Points(NamedTuple):
    """Values at positions that run from 0 to 1."""

    xs: list[float]
    ys: list[float]


def drift(times_ns: Sequence[int], values: Sequence[float], *, least: float = LEAST) -> Drift:
    """Look for a drift.

    Args:
        times_ns: when each value belongs, nanoseconds, in any order.
        values: as many, positive.
        least: smallest relative change that counts.
    """
    if not times_ns:
        return nothing(Sentence("no values", "没有数值"))
    coarse = _medians(times_ns, values, BUCKETS)
    if len(coarse.xs) < FEWEST_BUCKETS:
        few = Sentence(
            f"only {len(coarse.xs)} of {BUCKETS} equal times hold {PER_BUCKET} values",
            f"{BUCKETS} 个等长时段中，仅 {len(coarse.xs)} 个含有 {PER_BUCKET} 个数值",
        )
        return nothing(few)
    return _either(coarse, _medians(times_ns, values, fine(len(values))), least)


def fine(count: int) -> int:
    """Into how many equal times so many values are cut for the levels: a multiple of `BUCKETS`."""
    return BUCKETS * max(1, min(FINE, count // PER_FINE) // BUCKETS)


def rate_drift(amounts: Sequence[float]) -> Drift:
    """The same for a rate.

    Args:
        amounts: what came in each of equal times, at least `FEWEST_BUCKETS` of them. Those of a multiple of
            `BUCKETS` are put together for the line.
    """
    count = len(amounts)
    if count < FEWEST_BUCKETS:
        return nothing(Sentence(f"{count} equal times are too few", f"{count} 个等长时段过少"))
    each = count // BUCKETS if count % BUCKETS == 0 else 1
    sums = [mean(amounts[start : start + each]) for start in range(0, count, each)]
    return _either(_even(sums), _even(amounts), LEAST)


def nothing(why: str) -> Drift:
    """Nothing can be said, and why."""
    return Drift(False, False, 0.0, 0.0, 0.0, 1.0, 0.0, "", why)


def _even(values: Sequence[float]) -> _Points:
    return _Points([(k + 0.5) / len(values) for k in range(len(values))], list(values))


def _medians(times_ns: Sequence[int], values: Sequence[float], count: int) -> _Points:
    """The median of each of so many equal times that holds enough values."""
    begin = min(times_ns)
    span = max(max(times_ns) - begin, 1)
    buckets: list[list[float]] = [[] for _ in range(count)]
    for time, value in zip(times_ns, values, strict=True):
        buckets[min((time - begin) * count // span, count - 1)].append(value)
    full = [(k, median(bucket)) for k, bucket in enumerate(buckets) if len(bucket) >= PER_BUCKET]
    return _Points([(k + 0.5) / count for k, _ in full], [value for _, value in full])


def _either(coarse: _Points, finer: _Points, least: float) -> Drift:
    """What the line says, or the levels where they say more."""
    line = _line(coarse, least)
    levels = _levels(finer, least)
    if not levels.detected:
        return line
    if line.detected and CLEARLY * squares(less_step(finer.ys)) >= squares(_less_line(finer)):
        return line
    return levels


def _line(points: _Points, least: float) -> Drift:
    xs, ys = points
    slope = theil_sen(xs, ys)
    rest = [y - slope * x for x, y in zip(xs, ys, strict=True)]
    start = median(rest)
    if start <= 0.0:
        return nothing(Sentence("the value at the start is not positive", "起始值不为正"))
    half = _half_width(xs, rest)
    p = mann_kendall(ys).p
    change, low, high = slope / start, (slope - half) / start, (slope + half) / start
    return _judged(Drift(True, False, change, low, high, p, start, LINE, ""), least)


def _levels(points: _Points, least: float) -> Drift:
    xs, ys = points
    first = [y for x, y in zip(xs, ys, strict=True) if 3 * x < 1]
    last = [y for x, y in zip(xs, ys, strict=True) if 3 * x > 2]
    if min(len(first), len(last)) < FEWEST_BUCKETS:
        return nothing(
            Sentence(
                f"fewer than {FEWEST_BUCKETS} times in the first or the last third",
                f"首三分之一或末三分之一中的时段不足 {FEWEST_BUCKETS} 个",
            )
        )
    before, after = mean(first), mean(last)
    if before <= 0.0:
        return nothing(
            Sentence("the value in the first third is not positive", "首三分之一的值不为正")
        )
    r = _correlation(points)
    # What is left of `r` when a mean and a step are fitted is too small by about that much.
    widened = inflated(min(r + (2.0 + 4.0 * r) / len(ys), 0.9))
    p = mann_whitney(first, last, widened)
    variance = squares(less_step(ys)) / (len(ys) - 2) * widened
    ratio = after / before
    error = math.sqrt(variance * (1.0 / len(last) + ratio * ratio / len(first))) / before
    half = student(len(first) + len(last) - 2) * error
    change = ratio - 1.0
    low, high = change - half, change + half
    return _judged(Drift(True, False, change, low, high, p, before, LEVELS, ""), least)


def _judged(drift: Drift, least: float) -> Drift:
    """With the verdict and its words."""
    change, low, high = drift.change, drift.low, drift.high
    sure = drift.p < SIGNIFICANT and (low > 0.0 or high < 0.0)
    detected = sure and abs(change) >= least
    words = Sentence(
        f"{change:+.1%} {drift.by} (95 % {low:+.1%} to {high:+.1%}, p = {drift.p:.2g})",
        f"{change:+.1%}，{chinese(drift.by)}（95 % 区间 {low:+.1%} 至 {high:+.1%}，p = {drift.p:.2g}）",
    )
    if sure and not detected:
        words += Sentence(f", less than the {least:.0%} that count", f"，低于应计入的 {least:.0%}")
    return drift._replace(detected=detected, why=words)


def _less_line(points: _Points) -> list[float]:
    slope = theil_sen(*points)
    rest = [y - slope * x for x, y in zip(*points, strict=True)]
    middle = mean(rest)
    return [value - middle for value in rest]


def _correlation(points: _Points) -> float:
    """Of neighbours, when the better of line and step is gone."""
    step, line = less_step(points.ys), _less_line(points)
    return dependence(step if squares(step) < squares(line) else line)


def _half_width(xs: Sequence[float], rest: Sequence[float]) -> float:
    """Half of the 95 % interval of a slope, from what its line leaves."""
    count = len(xs)
    at, level = mean(xs), mean(rest)
    variance = math.fsum((value - level) ** 2 for value in rest) / (count - 2)
    spread = math.fsum((x - at) ** 2 for x in xs)
    return student(count - 2) * math.sqrt(variance / spread * inflated(dependence(rest)))
