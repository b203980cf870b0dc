"""Percentiles and Student's quantiles: the same numbers as NumPy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from suite.base import statistics

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50).map(sorted)


@given(VALUES, st.floats(0, 100))
def test_a_percentile_is_numpys(values, q):
    mine = statistics.percentile(values, q)
    assert mine == pytest.approx(float(np.percentile(values, q)), rel=1e-9, abs=1e-6)


@given(VALUES)
def test_a_mean_and_a_median_lie_between_the_ends(values):
    assert values[0] - 1e-6 <= statistics.mean(values) <= values[-1] + 1e-6
    assert values[0] <= statistics.median(values[::-1]) <= values[-1]


def test_students_quantile_falls_towards_the_normal_one():
    falling = [statistics.student(degrees) for degrees in range(1, 40)]
    assert falling == sorted(falling, reverse=True)
    assert falling[0] == pytest.approx(12.706, abs=1e-3)
    assert falling[-1] == statistics.NORMAL


@pytest.mark.parametrize("degrees", [1, 2, 3, 6, 17, 30, 31])
def test_students_tails_are_those_of_scipy(degrees):
    distribution = scipy_stats.norm if degrees > 30 else scipy_stats.t(degrees)
    for t in (0.0, 0.3, -1.7, 4.303, 40.0):
        expected = 2 * distribution.sf(abs(t))
        assert statistics.student_tails(t, degrees) == pytest.approx(expected, rel=1e-6, abs=1e-15)
    at = statistics.student(degrees)
    assert statistics.student_tails(at, degrees) == pytest.approx(0.05, abs=1e-7)


def test_a_percentile_among_samples_that_never_came_is_none():
    values = [float(k) for k in range(97)]
    assert statistics.finite_percentile(values, 50.0, 3) == statistics.percentile(
        [*values, 1e9, 1e9, 1e9], 50.0
    )
    assert statistics.finite_percentile(values, 96.9, 3) == statistics.percentile(
        [*values, 1e9, 1e9, 1e9], 96.9
    )
    assert statistics.finite_percentile(values, 97.0, 3) is None
    assert statistics.finite_percentile(values, 99.0, 3) is None
    assert statistics.finite_percentile([], 50.0, 3) is None
