"""Trends: the test and the slope."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.declare.analysis.trend import (
    dependence,
    inflated,
    less_step,
    mann_kendall,
    mann_whitney,
    squares,
    theil_sen,
)


def test_a_rise_is_a_trend_and_a_fall_its_mirror():
    rise = mann_kendall(list(range(12)))
    assert rise.s == 66
    assert rise.p < 1e-5
    fall = mann_kendall(list(range(12))[::-1])
    assert (fall.s, fall.p) == (-66, rise.p)


def test_the_variance_is_the_textbooks():
    # Kendall's table: n = 10, S = 21 is significant at about 0.073 two-sided by the normal approximation.
    values = [1, 2, 3, 5, 4, 10, 6, 9, 7, 8]
    trend = mann_kendall(values)
    assert trend.s == 31
    assert trend.p == pytest.approx(math.erfc(30 / 125**0.5 / math.sqrt(2)))


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [3.0] * 20])
def test_nothing_to_see_is_no_trend(values):
    assert mann_kendall(values).p == 1.0


def test_without_a_trend_few_are_found():
    source = random.Random(1)
    result = sum(mann_kendall([source.random() for _ in range(12)]).p < 0.05 for _ in range(1000))
    assert result < 70


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_a_line_is_found_exactly(slope, start):
    xs = [float(x) for x in range(10)]
    result = theil_sen(xs, [start + slope * x for x in xs])
    assert result == pytest.approx(slope, abs=1e-6)


def test_an_outlier_changes_nothing():
    xs = [float(x) for x in range(20)]
    ys = [2.0 * x for x in xs]
    ys[10] = 1e9
    assert theil_sen(xs, ys) == pytest.approx(2.0)


def test_dependence_is_seen_where_it_is():
    source = random.Random(3)
    free = [source.gauss(0, 1) for _ in range(500)]
    held, last = [], 0.0
    for item in free:
        last = 0.8 * last + item
        held.append(last)
    assert dependence(free) < 0.2
    assert 0.7 < dependence(held) <= 0.9
    assert dependence([1.0, 1.0, 1.0, 1.0]) == 0.0


def test_the_rank_tests_probability_is_the_textbooks():
    # U = 3 of 25 pairs, no ties: z = (12.5 - 3 - 0.5) / sqrt(5 * 5 * 11 / 12).
    first, last = [1.0, 2.0, 3.0, 4.0, 7.5], [3.5, 6.0, 7.0, 8.0, 9.0]
    below = sum(b < a for a in first for b in last)
    z = (12.5 - below - 0.5) / (275 / 12) ** 0.5
    assert mann_whitney(first, last) == pytest.approx(math.erfc(z / 2**0.5))
    assert mann_whitney(last, first) == mann_whitney(first, last)
    assert mann_whitney(first, last, inflated(0.5)) > mann_whitney(first, last)


@pytest.mark.parametrize(("first", "last"), [([], [1.0]), ([1.0] * 9, [1.0] * 9), ([1.0], [1.0])])
def test_samples_that_say_nothing_are_of_one_kind(first, last):
    assert mann_whitney(first, last) == 1.0


def test_of_one_kind_few_are_told_apart():
    source = random.Random(4)
    result = 0
    for _ in range(1000):
        values = [source.random() for _ in range(40)]
        result += mann_whitney(values[:20], values[20:]) < 0.05
    assert 25 < result < 70


def test_a_step_is_taken_away_and_noise_is_not():
    assert less_step([1.0] * 7 + [5.0] * 13) == pytest.approx([0.0] * 20)
    source = random.Random(5)
    noise = [source.gauss(0, 1) for _ in range(100)]
    stepped = [value + 4 * (k >= 30) for k, value in enumerate(noise)]
    assert squares(less_step(stepped)) == pytest.approx(squares(noise), rel=0.1)
    assert dependence(stepped) > 0.5
    assert dependence(less_step(stepped)) < 0.2
    assert less_step([]) == []
    assert less_step([1.0, 3.0]) == [-1.0, 1.0]
