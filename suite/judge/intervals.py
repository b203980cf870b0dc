"""Means, percentiles and ratios with their intervals, the same to the last bit wherever they are computed.

Nothing here depends on the platform: sums are exact (`math.fsum`, or integers), and resampling draws from
the raw stream of PCG64, which NumPy keeps fixed, with one seed for all metrics.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from suite.base.bilingual import Sentence, chinese
from suite.base.statistics import NORMAL, finite_percentile, mean, percentile, student
from suite.documents.value import Measured, NotMeasured, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from suite.base.statistics import Floats

    Integers = NDArray[np.int64]
    Counts = NDArray[np.uint8] | NDArray[np.uint32]

SEED = 20180827
RESAMPLES = 1000
CONFIDENCE = 0.95
PERCENTILE_FLOORS = {90.0: 64, 99.0: 662, 99.9: 6636}
"""Fewest samples per percentile: from here on, at most one sample beyond it has a probability below 1 %."""
LATE = Sentence("a failed request is infinitely late", "失败的请求视为无限迟")
FEWEST_FOR_BOOTSTRAP = 8
"""Below this a bootstrap interval is narrower than it claims."""

_TAIL = (1.0 - CONFIDENCE) / 2.0
_EXACT_RANKS = 1000
_ROWS = 50
_KEPT_COUNTS = 16_000_000
_MOST_IN_A_BYTE = 255


@functools.lru_cache(maxsize=64)
def _ranks(count: int, q: float) -> tuple[int, int] | None:
    """Ranks (from 0) of the order statistics that enclose a percentile with 95 % confidence, if any do."""
    p = q / 100.0
    if count > _EXACT_RANKS:
        middle, half = count * p, NORMAL * math.sqrt(count * p * (1.0 - p))
        low, high = math.floor(middle - half), math.ceil(middle + half)
        return (low - 1, high) if low >= 1 and high < count else None
    # From the top, where p ** count does not underflow for any p of 1/2 and above.
    probability = p**count
    above = 0.0  # P(more than `rank` samples lie below the percentile)
    high = count
    for rank in range(count - 1, -1, -1):
        above += probability
        if above <= _TAIL:
            high = rank
        if above >= 1.0 - _TAIL:
            return (rank, high) if high < count else None
        probability *= (rank + 1) / (count - rank) * (1.0 - p) / p
    return None


def percentile_value(
    ordered: Floats, q: float, unit: str, *, late: int = 0, independent: str = ""
) -> Value:
    """A percentile with its distribution-free interval, or the reason why it is not printed.

    Args:
        ordered: ascending samples in `unit`.
        q: 0 to 100.
        unit: unit of the samples.
        late: further samples that never came: each is larger than any other.
        independent: "" when the samples are independent; otherwise why they are not, and no interval is given.
    """
    count = len(ordered) + late
    floor = PERCENTILE_FLOORS.get(q, 1)
    if not len(ordered) or count < floor:
        return NotMeasured(
            f"n = {count} < {floor}" if len(ordered) else Sentence("no samples", "没有样本")
        )
    value = finite_percentile(ordered, q, late)
    if value is None:
        return NotMeasured(
            Sentence(
                f"it falls among the {late} of {count} requests that failed: {LATE}",
                f"该百分位落在 {count} 个请求中失败的 {late} 个之内：{chinese(LATE)}",
            )
        )
    if independent:
        return Measured(value, unit, count, None, None, independent)
    ranks = _ranks(count, q)
    if ranks is None:
        return Measured(
            value,
            unit,
            count,
            None,
            None,
            Sentence(f"n = {count}, too few for an interval", f"n = {count}，样本过少，无区间"),
        )
    if ranks[1] >= len(ordered):
        why = Sentence(
            f"no interval: its upper end falls among the {late} requests that failed",
            f"无区间：其上端落在失败的 {late} 个请求之内",
        )
        return Measured(value, unit, count, None, None, why)
    low, high = float(ordered[ranks[0]]), float(ordered[ranks[1]])
    return Measured(
        value, unit, count, low, high, Sentence("95 % order statistics", "95 % 次序统计量")
    )


def _blocks(count: int, width: int) -> Iterator[Integers]:
    """Seeded indexes below `count`: `RESAMPLES` rows of `width`, in blocks of rows."""
    source = np.random.PCG64(SEED)
    for _ in range(0, RESAMPLES, _ROWS):
        raw = np.asarray(source.random_raw(_ROWS * width), dtype=np.uint64)
        # Multiply and shift: 32 random bits times the count, no division, no rejection.
        indexes = ((raw >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32)
        yield indexes.astype(np.int64).reshape(_ROWS, width)


def _counts(count: int, width: int) -> Iterator[Counts]:
    """How often each resample draws each index: `RESAMPLES` rows of `count`, in blocks of rows."""
    offsets = np.arange(_ROWS, dtype=np.int64)[:, np.newaxis] * count
    for block in _blocks(count, width):
        drawn = np.bincount((block + offsets).ravel(), minlength=_ROWS * count)
        rows = drawn.reshape(_ROWS, count)
        if drawn.max() <= _MOST_IN_A_BYTE:
            yield rows.astype(np.uint8)
        else:
            yield rows.astype(np.uint32)


@functools.lru_cache(maxsize=4)
def _kept(count: int, width: int) -> tuple[Counts, ...]:
    return tuple(_counts(count, width))


def _draws(count: int, width: int) -> Iterable[Counts]:
    """As `_counts`; kept for the next metric unless they are large."""
    return _kept(count, width) if RESAMPLES * count <= _KEPT_COUNTS else _counts(count, width)


def _scaled(values: Floats) -> tuple[Integers, float]:
    """Values as integers times a power of two, so that sums are exact in any order."""
    largest = float(np.max(np.abs(values)))
    if largest == 0.0:
        return np.zeros(len(values), dtype=np.int64), 1.0
    scale = 2.0 ** (38 - math.frexp(largest)[1])
    return np.rint(values * scale).astype(np.int64), scale


def _resampled_sums(values: Floats, width: int | None = None) -> tuple[Floats, float]:
    """Sums of the resamples, and the factor that they are scaled by."""
    integers, scale = _scaled(values)
    count = len(integers)
    # Integers, since these are multiplied without the threads that floats would start.
    sums = [block.astype(np.int64) @ integers for block in _draws(count, width or count)]
    return np.concatenate(sums).astype(np.float64), scale


def _ends(samples: Floats) -> tuple[float, float]:
    ordered = np.sort(samples)
    return percentile(ordered, 100.0 * _TAIL), percentile(ordered, 100.0 * (1.0 - _TAIL))


def mean_obstacle(late: int) -> str:
    """Why latencies have no mean: some never came; "" when all did."""
    return (
        Sentence(
            f"{late} requests failed: {LATE}, which leaves no mean",
            f"{late} 个请求失败：{chinese(LATE)}，因而没有均值",
        )
        if late
        else ""
    )


def bootstrap_mean(values: Sequence[float] | Floats, unit: str) -> Value:
    """Mean with a seeded 95 % bootstrap interval."""
    array = np.asarray(values, dtype=np.float64)
    count = len(array)
    if count == 0:
        return NotMeasured(Sentence("no samples", "没有样本"))
    if count < FEWEST_FOR_BOOTSTRAP:
        why = Sentence(f"n = {count}, too few for an interval", f"n = {count}，样本过少，无区间")
        return Measured(mean(array), unit, count, None, None, why)
    sums, scale = _resampled_sums(array)
    low, high = _ends(sums / scale / count)
    return Measured(mean(array), unit, count, low, high, Sentence("95 % bootstrap", "95 % 自助法"))


def bootstrap_ratio(
    numerators: Sequence[float] | Floats, denominators: Sequence[float] | Floats, unit: str, n: int
) -> Value:
    """Ratio of two sums over the same items, resampled by item.

    Args:
        numerators: one number per item.
        denominators: one number per item, their sum positive.
        unit: unit of the ratio.
        n: what to report as the number of samples (items may hold several).
    """
    above, below = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    total = math.fsum(below)
    if total <= 0.0:
        return NotMeasured(Sentence("no samples", "没有样本"))
    value = math.fsum(above) / total
    items = len(above)
    if items < FEWEST_FOR_BOOTSTRAP:
        return Measured(
            value,
            unit,
            n,
            None,
            None,
            Sentence(f"n = {items}, too few for an interval", f"n = {items}，样本过少，无区间"),
        )
    sums, scale = _resampled_sums(above)
    under, under_scale = _resampled_sums(below)
    usable = under > 0
    low, high = _ends((sums[usable] / scale) / (under[usable] / under_scale))
    return Measured(value, unit, n, low, high, Sentence("95 % bootstrap", "95 % 自助法"))


def t_value(values: Sequence[float], unit: str, n: int) -> Value:
    """Mean over repeats with Student's 95 % interval.

    Args:
        values: one number per repeat.
        unit: their unit.
        n: what to report as the number of samples.
    """
    repeats = len(values)
    if repeats == 0:
        return NotMeasured(Sentence("no repeat was measured", "没有测量任何重复"))
    middle = mean(values)
    if repeats == 1:
        return Measured(
            middle, unit, n, None, None, Sentence("one repeat, no interval", "单次重复，无区间")
        )
    variance = math.fsum((value - middle) ** 2 for value in values) / (repeats - 1)
    half = student(repeats - 1) * math.sqrt(variance / repeats)
    interval = Sentence(f"95 % t over {repeats} repeats", f"{repeats} 次重复的 95 % t 区间")
    return Measured(middle, unit, n, middle - half, middle + half, interval)


def block_interval(slices: Floats, block: int) -> tuple[float, float]:
    """95 % interval of the mean of equal time slices, by a circular block bootstrap.

    Neighbouring slices depend on each other, so whole runs of `block` slices are drawn.

    Args:
        slices: one rate per slice, in order of time; its length is a multiple of `block`.
        block: slices per block.
    """
    count = len(slices)
    wrapped = np.concatenate([slices, slices[: block - 1]])
    blocks = np.array([math.fsum(wrapped[start : start + block]) for start in range(count)])
    sums, scale = _resampled_sums(blocks, count // block)
    return _ends(sums / scale / count)
