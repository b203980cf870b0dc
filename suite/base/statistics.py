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
    return STUDENT[degrees - 1] if degrees <= len(STUDENT) else NORMAL
