from __future__ import annotations

import hashlib
import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.base import statistics
from suite.documents.value import Measured, NotMeasured
from suite.judge import intervals

FLOATS = st.floats(min_value=1e-3, max_value=1e9, allow_nan=False)
SAMPLES = st.lists(FLOATS, min_size=1, max_size=60)


def ascending(values):
    return np.sort(np.asarray(values, dtype=np.float64))


@given(SAMPLES, st.floats(min_value=0, max_value=100))
def test_percentile_is_numpys_linear_one(values, q):
    found = statistics.percentile(ascending(values), q)
    assert found == pytest.approx(float(np.percentile(values, q)), rel=1e-12)


@given(SAMPLES)
def test_percentiles_are_ordered_and_within_the_samples(values):
    ordered = ascending(values)
    found = [statistics.percentile(ordered, q) for q in (0, 10, 50, 90, 99, 100)]
    assert found == sorted(found)
    assert found[0] == min(values)
    assert found[-1] == max(values)


def test_percentile_by_hand():
    assert statistics.percentile([10.0, 20.0, 40.0], 50) == 20.0
    assert statistics.percentile([10.0, 20.0, 40.0], 75) == 30.0
    assert statistics.percentile([10.0, 20.0, 40.0, 80.0], 90) == pytest.approx(68.0)


@pytest.mark.parametrize(("q", "floor"), [(90.0, 64), (99.0, 662), (99.9, 6636)])
def test_percentiles_need_enough_samples(q, floor):
    values = np.arange(1.0, floor + 1)
    below = intervals.percentile_value(values[:-1], q, "ms")
    assert below == NotMeasured(f"n = {floor - 1} < {floor}")
    assert isinstance(intervals.percentile_value(values, q, "ms"), Measured)


@pytest.mark.parametrize(("q", "floor"), [(90, 64), (99, 662), (99.9, 6636)])
def test_the_floors_follow_from_the_binomial_bound(q, floor):
    def at_most_one(n):
        p = Fraction(str(q)) / 100
        return p**n + n * (1 - p) * p ** (n - 1)

    assert at_most_one(floor) <= Fraction(1, 100)
    assert at_most_one(floor - 1) > Fraction(1, 100)


def brute_ranks(count, p):
    """The same interval from exact binomial sums."""
    below, cumulated = Fraction(0), []
    for k in range(count + 1):
        below += math.comb(count, k) * p**k * (1 - p) ** (count - k)
        cumulated.append(below)
    tail = Fraction(1, 40)
    low = max((k for k in range(count) if cumulated[k] <= tail), default=None)
    high = min((k for k in range(count) if cumulated[k] >= 1 - tail), default=None)
    return None if low is None or high is None else (low, high)


@pytest.mark.parametrize("q", [50.0, 90.0, 99.0])
@pytest.mark.parametrize("count", [1, 5, 6, 20, 64, 100, 331, 700])
def test_ranks_against_exact_sums(count, q):
    assert intervals._ranks(count, q) == brute_ranks(count, Fraction(str(q)) / 100)


def test_few_samples_have_no_interval():
    value = intervals.percentile_value(np.array([1.0, 2.0, 3.0]), 50.0, "ms")
    assert value == Measured(2.0, "ms", 3, None, None, "n = 3, too few for an interval")


@pytest.mark.parametrize("count", [40, 1000, 1001, 5000])
def test_median_interval_covers_the_truth_about_as_often_as_it_says(count):
    rng = random.Random(7)
    hits = 0
    for _ in range(300):
        values = ascending([rng.expovariate(1.0) for _ in range(count)])
        value = intervals.percentile_value(values, 50.0, "ms")
        hits += value.low <= math.log(2) <= value.high
    assert 0.91 <= hits / 300 <= 1.0


def test_bootstrap_interval_covers_the_truth_about_as_often_as_it_says():
    rng = random.Random(3)
    hits = 0
    for _ in range(300):
        value = intervals.bootstrap_mean([rng.gauss(5.0, 2.0) for _ in range(60)], "1")
        hits += value.low <= 5.0 <= value.high
    assert 0.90 <= hits / 300 <= 0.98


@given(SAMPLES)
def test_bootstrap_is_deterministic_and_ordered(values):
    first, second = (intervals.bootstrap_mean(values, "ms") for _ in range(2))
    assert first == second
    assert first.value == math.fsum(values) / len(values)
    if len(values) < intervals.FEWEST_FOR_BOOTSTRAP:
        assert (first.low, first.high) == (None, None)
    else:
        slack = 1e-9 * max(values)
        assert min(values) - slack <= first.low <= first.high <= max(values) + slack


@given(st.lists(FLOATS, min_size=8, max_size=40), st.integers(min_value=-20, max_value=20))
def test_bootstrap_scales_with_its_unit(values, power):
    factor = 2.0**power
    plain = intervals.bootstrap_mean(values, "ms")
    scaled = intervals.bootstrap_mean([value * factor for value in values], "ms")
    assert scaled.low == plain.low * factor
    assert scaled.high == plain.high * factor


def test_constant_samples_have_an_interval_of_no_width():
    value = intervals.bootstrap_mean([0.1] * 50, "ms")
    assert value.low == pytest.approx(0.1, rel=1e-10)
    assert value.high == pytest.approx(0.1, rel=1e-10)


def test_zero_samples_are_not_measured():
    assert intervals.bootstrap_mean([], "ms") == NotMeasured("no samples")
    assert intervals.bootstrap_ratio([], [], "ms", 0) == NotMeasured("no samples")


def test_zeros_are_measured():
    value = intervals.bootstrap_mean([0.0] * 10, "ms")
    assert (value.value, value.low, value.high) == (0.0, 0.0, 0.0)


def test_ratio_is_a_ratio_of_sums():
    value = intervals.bootstrap_ratio([1.0, 3.0], [1.0, 1.0], "1", 2)
    assert value == Measured(2.0, "1", 2, None, None, "n = 2, too few for an interval")
    many = intervals.bootstrap_ratio([2.0] * 20, [4.0] * 20, "1", 20)
    assert (many.value, many.low, many.high) == (0.5, 0.5, 0.5)


def test_random_stream_is_the_one_that_is_stored_in_scorecards():
    """Another stream would change every interval of every card ever signed."""
    draws = np.concatenate(list(intervals._blocks(1000, 50)))
    assert draws.shape == (intervals.RESAMPLES, 50)
    assert draws[0, :5].tolist() == [84, 401, 48, 779, 146]
    digest = hashlib.sha256(draws.astype("<i8").tobytes()).hexdigest()
    assert digest.startswith("350cc0ee57be1dc1")


def test_large_samples_draw_the_same_numbers_without_keeping_them(monkeypatch):
    values = [float(i % 17) for i in range(300)]
    kept = intervals.bootstrap_mean(values, "ms")
    monkeypatch.setattr(intervals, "_KEPT_COUNTS", 0)
    assert intervals.bootstrap_mean(values, "ms") == kept


def student_cdf(t, df):
    """Simpson's rule over the density."""
    constant = math.gamma((df + 1) / 2) / (math.sqrt(df * math.pi) * math.gamma(df / 2))
    steps = 4000
    width = t / steps
    total = 0.0
    for i in range(steps + 1):
        weight = 1 if i in (0, steps) else 4 if i % 2 else 2
        total += weight * (1 + (i * width) ** 2 / df) ** (-(df + 1) / 2)
    return 0.5 + constant * total * width / 3


@pytest.mark.parametrize("df", [1, 2, 3, 7, 15, 30])
def test_student_quantiles(df):
    assert student_cdf(statistics.student(df), df) == pytest.approx(0.975, abs=2e-7)


def test_t_interval_by_hand():
    value = intervals.t_value([10.0, 12.0, 14.0], "tokens/s", 30)
    half = 4.302653 * 2.0 / math.sqrt(3)
    assert (value.value, value.n, value.interval) == (12.0, 30, "95 % t over 3 repeats")
    assert value.low == pytest.approx(12.0 - half)
    assert value.high == pytest.approx(12.0 + half)


def test_one_repeat_has_no_t_interval():
    assert intervals.t_value([5.0], "J", 4) == Measured(
        5.0, "J", 4, None, None, "one repeat, no interval"
    )


def test_block_interval_encloses_the_mean_and_widens_with_dependence():
    rng = random.Random(5)
    noise = np.array([rng.gauss(100.0, 10.0) for _ in range(40)])
    runs = np.repeat(noise[:10], 4)
    for slices in (noise, runs):
        low, high = intervals.block_interval(slices, 4)
        assert low < float(np.mean(slices)) < high
    single = intervals.block_interval(runs, 1)
    block = intervals.block_interval(runs, 4)
    assert block[1] - block[0] > 1.5 * (single[1] - single[0])
