"""One-way random effects: how much identical machines differ from each other, beside how much each differs from itself.

Model: y_ij = mu + b_i + e_ij, machines i = 1 … k drawn from all of their kind, repeats j = 1 … r_i of one machine.

- Components by the analysis of variance (Searle, Casella, McCulloch: Variance Components, 1992, section 3.6): within = MSW,
  between = max(0, (MSB - MSW) / n0), n0 = (N - sum r_i^2 / N) / (k - 1), which is r where all machines have r repeats.
- Interval of the intraclass correlation, between / (between + within), from F = MSB / MSW (Searle 1971; McGraw and Wong,
  Psychological Methods 1, 1996, case 1); exact for equal repeats. For unequal ones F is of the machines' means with the
  harmonic mean of the repeats (Thomas and Hultquist, Annals of Statistics 6, 1978), which is an approximation.
- Interval of the standard deviation between machines' means by chi-square with k - 1 degrees of freedom. It holds both
  components: (between + within / r). It is what a buyer meets, who gets one machine.
- The median of the machines' means with its order statistics (`suite.judge.intervals`): from 6 machines on the smallest and
  the largest mean enclose it with 95 %.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base.statistics import mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TAIL: Final = 0.025
_STEPS: Final = 300
_TINY: Final = 1e-300


@dataclass(frozen=True, slots=True)
class Components:
    """What repeats on several machines come to; standard deviations in the unit of the values.

    Attributes:
        machines: with a value.
        repeats: of all machines.
        between: standard deviation between machines, their own repeats taken out.
        within: standard deviation between the repeats of one machine; None where no machine has two.
        means: standard deviation of the machines' means with its 95 % interval.
        icc: intraclass correlation with its 95 % interval; None without repeats, or where nothing differs.
    """

    machines: int
    repeats: int
    between: float
    within: float | None
    means: tuple[float, float, float]
    icc: tuple[float, float, float] | None


def components(values: Sequence[Sequence[float]]) -> Components:
    """The components of at least two machines, each with at least one value."""
    # From one of the values on: those that are equal then differ by 0, not by the rounding of their mean.
    values = [[value - values[0][0] for value in each] for each in values]
    machines, sizes = len(values), [len(each) for each in values]
    total = sum(sizes)
    averages = [mean(each) for each in values]
    spread = _variance(averages)
    low, high = (
        math.sqrt(spread * (machines - 1) / quantile)
        for quantile in (chi_square(1 - TAIL, machines - 1), chi_square(TAIL, machines - 1))
    )
    means = (math.sqrt(spread), low, high)
    if total == machines:
        return Components(machines, total, math.sqrt(spread), None, means, None)
    grand = math.fsum(math.fsum(each) for each in values) / total
    msb = math.fsum(
        size * (each - grand) ** 2 for size, each in zip(sizes, averages, strict=True)
    ) / (machines - 1)
    msw = math.fsum(
        (value - centre) ** 2
        for each, centre in zip(values, averages, strict=True)
        for value in each
    ) / (total - machines)
    n0 = (total - math.fsum(size * size for size in sizes) / total) / (machines - 1)
    between = max(0.0, (msb - msw) / n0)
    return Components(
        machines,
        total,
        math.sqrt(between),
        math.sqrt(msw),
        means,
        _correlation(spread, msw, sizes, between),
    )


def _correlation(
    spread: float, msw: float, sizes: Sequence[int], between: float
) -> tuple[float, float, float] | None:
    if between + msw == 0.0:
        return None
    value = between / (between + msw)
    if msw == 0.0:
        return value, 1.0, 1.0
    machines, freedom = len(sizes), sum(sizes) - len(sizes)
    repeats = machines / math.fsum(1 / size for size in sizes)
    ratio = repeats * spread / msw
    ends = (
        ratio / f_quantile(1 - TAIL, machines - 1, freedom),
        ratio / f_quantile(TAIL, machines - 1, freedom),
    )
    low, high = (max(0.0, (end - 1) / (end + repeats - 1)) for end in ends)
    return value, low, high


def _variance(values: Sequence[float]) -> float:
    centre = mean(values)
    return math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1)


# how many machines, said beforehand


def machines_for_median(confidence: float = 0.95) -> int:
    """Fewest machines whose smallest and largest value enclose the median of all with that confidence: 1 - 2 / 2^k."""
    return math.ceil(1 - math.log2(1 - confidence))


def machines_to_see(share: float, confidence: float = 0.95) -> int:
    """Fewest machines of which one at least is of a kind that makes up that share, with that confidence: 1 - (1 - share)^k."""
    return math.ceil(math.log(1 - confidence) / math.log(1 - share))


# quantiles


@functools.lru_cache(maxsize=256)
def chi_square(p: float, freedom: int) -> float:
    """Quantile of the chi-square distribution: twice the inverse of the regularised lower incomplete gamma function."""
    return 2 * _inverse(lambda x: _lower_gamma(freedom / 2, x), p)


@functools.lru_cache(maxsize=256)
def f_quantile(p: float, above: int, below: int) -> float:
    """Quantile of the F distribution, by the regularised incomplete beta function: I_x(above / 2, below / 2)."""
    return _inverse(
        lambda x: _incomplete_beta(above / 2, below / 2, above * x / (above * x + below)), p
    )


def _inverse(rising: Callable[[float], float], p: float) -> float:
    """Where a distribution over the positive numbers reaches p, by halving intervals of a doubled range."""
    low, high = 0.0, 1.0
    while rising(high) < p:
        low, high = high, 2 * high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if rising(middle) < p else (low, middle)
    return high


def _lower_gamma(a: float, x: float) -> float:
    """Regularised lower incomplete gamma function by its series (Abramowitz and Stegun 6.5.29)."""
    if x <= 0:
        return 0.0
    term = total = 1 / a
    index = a
    while term > total * 1e-17:
        index += 1
        term *= x / index
        total += term
    return min(1.0, total * math.exp(a * math.log(x) - x - math.lgamma(a)))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function by its continued fraction (Abramowitz and Stegun 26.5.8, Lentz's method)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    result, c, d = 1.0, 1.0, 0.0
    for step in range(_STEPS):
        m = step // 2
        if step == 0:
            numerator = 1.0
        elif step % 2 == 0:
            numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            numerator = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / _away(1 + numerator * d)
        c = _away(1 + numerator / c)
        result *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * (result - 1) / a


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
