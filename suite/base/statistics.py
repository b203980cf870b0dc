"""Means, percentiles and Student's quantiles, the same to the last bit wherever they are computed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NORMAL: Final = 1.959963984540054
"""97.5 % quantile of the normal distribution."""
STUDENT: Final = (
    12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
    2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963,
    2.079614, 2.073873, 2.068658, 2.063899, 2.059539, 2.055529, 2.051831, 2.048407, 2.045230, 2.042272,
)  # fmt: skip
"""97.5 % quantiles of Student's t for 1 to 30 degrees of freedom."""
BEYOND_STUDENT: Final = len(STUDENT) + 1
"""Degrees of freedom from which the normal distribution stands for Student's t."""


def mean(values: Sequence[float] | Floats) -> float:
    """Arithmetic mean of at least one value, correctly rounded sum."""
    return math.fsum(values) / len(values)


def percentile(ordered: Sequence[float] | Floats, q: float) -> float:
    """Percentile by linear interpolation between order statistics.

    Args:
        ordered: at least one value, ascending.
        q: 0 to 100.
    """
    value = finite_percentile(ordered, q)
    assert value is not None
    return value


def finite_percentile(ordered: Sequence[float] | Floats, q: float, late: int = 0) -> float | None:
    """The same where `late` further samples are infinite; None where it falls among these.

    Args:
        ordered: the finite ones, ascending.
        q: 0 to 100.
        late: samples that never came.
    """
    position = (len(ordered) + late - 1) * q / 100.0
    if not len(ordered) or math.ceil(position) >= len(ordered):
        return None
    below = math.floor(position)
    low, high = float(ordered[below]), float(ordered[math.ceil(position)])
    return low + (high - low) * (position - below)


def median(values: Sequence[float]) -> float:
    """Middle of at least one value, in any order."""
    return percentile(sorted(values), 50.0)


def student(degrees: int) -> float:
    """97.5 % quantile of Student's t; the normal one beyond 30 degrees of freedom."""
    return STUDENT[degrees - 1] if degrees < BEYOND_STUDENT else NORMAL


def student_tails(t: float, degrees: int) -> float:
    """Chance that Student's t lies at least as far from zero; the normal one's beyond 30 degrees of freedom.

    By the finite series for whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4).
    """
    if degrees >= BEYOND_STUDENT:
        return math.erfc(abs(t) / math.sqrt(2))
    angle = math.atan(abs(t) / math.sqrt(degrees))
    sine, square = math.sin(angle), math.cos(angle) ** 2
    odd = degrees % 2
    term = math.cos(angle) if odd else 1.0
    terms = []
    for step in range(1 + odd, degrees, 2):
        terms.append(term)
        term *= square * step / (step + 1)
    within = sine * math.fsum(terms)
    if odd:
        within = (angle + within) * 2 / math.pi
    return max(0.0, 1.0 - within)
