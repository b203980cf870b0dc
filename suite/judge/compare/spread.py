"""How far runs of one plan on one machine lie apart, and what that does to the ratio of two sides.

A number's own interval says how requests or tasks differ within a run; that another run of the same plan would give
another number it does not hold. Where a side was run several times its runs tell: with ``s`` the standard deviation of
the logarithms within the sides, of ``k`` and ``m`` runs, ``s² (1/k + 1/m)`` is added to the variance of the ratio's
logarithm. Both sides are taken to vary alike, so that ``s`` is known with ``k + m - 2`` degrees of freedom and a side may
have a single run. The interval uses Student's t with the degrees of freedom of Welch and Satterthwaite, rounded down, the
part within the runs counting as known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base.statistics import BEYOND_STUDENT, NORMAL, mean, student
from suite.judge.compare.ratio import ratio_within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.comparison import ValueRatio

FEW: Final = 3
"""Runs of a side below which its spread is hardly known."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The part of a ratio's variance that comes from repeating the runs.

    Attributes:
        variance: of the logarithm of the ratio.
        freedom: degrees of freedom that it is known with, one at least.
        deviations: standard deviation of one run of each side, of the logarithm; None for a side of one run.
    """

    variance: float
    freedom: int
    deviations: tuple[float | None, float | None]


def spread_of(a: Sequence[float], b: Sequence[float]) -> Spread | None:
    """The spread of two sides from the values of their runs.

    Returns:
        None where neither side was repeated, or where a value is not above zero.
    """
    if max(len(a), len(b)) < 2 or min(*a, *b) <= 0:
        return None
    freedom = len(a) + len(b) - 2
    squares = _squares(a), _squares(b)
    return Spread(
        sum(squares) / freedom * (1 / len(a) + 1 / len(b)),
        freedom,
        (_deviation(squares[0], len(a)), _deviation(squares[1], len(b))),
    )


def _squares(values: Sequence[float]) -> float:
    """Of the distances of the logarithms from their mean, summed."""
    logs = [math.log(value) for value in values]
    middle = mean(logs)
    return math.fsum((item - middle) ** 2 for item in logs)


def _deviation(squares: float, count: int) -> float | None:
    return math.sqrt(squares / (count - 1)) if count > 1 else None


def widened(ratio: ValueRatio, spread: Spread) -> tuple[ValueRatio, int]:
    """A ratio whose interval holds the spread between runs as well, and its degrees of freedom."""
    low, centre, high = map(math.log, (ratio.low, ratio.value, ratio.high))
    within = [max(0.0, distance) / NORMAL for distance in (centre - low, high - centre)]
    freedom = BEYOND_STUDENT
    if spread.variance:
        variance = min(within) ** 2 + spread.variance
        freedom = min(freedom, int(spread.freedom * (variance / spread.variance) ** 2))
    down, up = (student(freedom) * math.sqrt(part**2 + spread.variance) for part in within)
    return ratio_within(centre, down, up), freedom
