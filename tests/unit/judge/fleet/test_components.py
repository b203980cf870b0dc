"""Components and intervals on synthetic fleets of known components; quantiles against SciPy's."""

import math

import numpy as np
import pytest
from scipy import stats

from suite.judge.fleet.components import (
    chi_square,
    components,
    f_quantile,
    machines_for_median,
    machines_to_see,
)
from suite.judge.fleet.spread import far
from suite.judge.intervals import percentile_value

FLEETS = 300


def drawn(seed, machines, repeats, between, within):
    """Fleets of machines around 100 with these standard deviations."""
    source = np.random.default_rng(seed)
    own = source.normal(100, between, (FLEETS, machines, 1))
    return own + source.normal(0, within, (FLEETS, machines, repeats))


def held(inside):
    """Whether so many of all intervals hold what they should: 95 % within four standard errors."""
    share = sum(inside) / len(inside)
    return abs(share - 0.95) <= 4 * math.sqrt(0.95 * 0.05 / len(inside))


@pytest.mark.parametrize("p", [0.025, 0.5, 0.975])
@pytest.mark.parametrize("freedom", [1, 2, 7, 60, 400])
def test_quantiles_are_those_of_scipy(p, freedom):
    assert chi_square(p, freedom) == pytest.approx(stats.chi2.ppf(p, freedom), rel=1e-9)
    for below in (1, 5, 120):
        wanted = stats.f.ppf(p, freedom, below)
        assert f_quantile(p, freedom, below) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(
    ("machines", "low", "high"), [(6, 0.62, 2.45), (12, 0.71, 1.70), (30, 0.80, 1.34)]
)
def test_factors_of_the_deviation_of_means(machines, low, high):
    made = components([[float(n)] for n in range(machines)]).means
    assert (made[1] / made[0], made[2] / made[0]) == pytest.approx((low, high), abs=0.005)


@pytest.mark.parametrize(
    ("machines", "repeats", "between", "within"), [(6, 2, 3, 1), (8, 3, 1, 3), (20, 3, 2, 2)]
)
def test_intervals_hold_what_they_claim(machines, repeats, between, within):
    means, icc = [], []
    for fleet in drawn(1, machines, repeats, between, within):
        made = components(fleet.tolist())
        _, low, high = made.means
        means.append(low <= math.sqrt(between**2 + within**2 / repeats) <= high)
        _, low, high = made.icc
        icc.append(low <= between**2 / (between**2 + within**2) <= high)
    assert held(means)
    assert held(icc)


@pytest.mark.parametrize("machines", [6, 13, 40])
def test_the_interval_of_the_median_holds_what_it_claims(machines):
    """By order statistics it claims at least 95 %: less only by chance, more where machines are few."""
    inside = []
    for fleet in drawn(6, machines, 3, 2, 1):
        made = percentile_value(np.sort(fleet.mean(axis=1)), 50.0, "s")
        inside.append(made.low <= 100 <= made.high)
    assert sum(inside) / FLEETS >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / FLEETS)


def test_components_are_unbiased():
    fleets = drawn(2, 10, 3, 2, 3)
    made = [components(fleet.tolist()) for fleet in fleets]
    assert np.mean([item.within**2 for item in made]) == pytest.approx(9, rel=0.05)
    assert np.median([item.between for item in made]) == pytest.approx(2, rel=0.15)


def test_unequal_repeats_are_near_what_is_claimed():
    inside = []
    for fleet in drawn(3, 8, 4, 2, 2):
        values = [machine[: 2 + place % 3].tolist() for place, machine in enumerate(fleet)]
        _, low, high = components(values).icc
        inside.append(low <= 0.5 <= high)
    assert 0.9 < sum(inside) / len(inside) <= 1


def test_without_repeats_there_are_no_components():
    made = components([[1.0], [2.0], [3.0]])
    assert (made.within, made.icc, made.means[0]) == (None, None, 1.0)


def test_machines_that_do_not_differ_have_no_correlation():
    assert components([[5.0, 5.0], [5.0, 5.0]]).icc is None
    assert components([[0.1, 0.1, 0.1]] * 3).icc is None  # the mean of three is not quite 0.1
    assert components([[5.0, 5.0], [6.0, 6.0]]).icc == (1.0, 1.0, 1.0)


def test_how_many_machines_is_what_the_intervals_say():
    assert (machines_for_median(), machines_to_see(1 / 20)) == (6, 59)
    assert percentile_value(np.arange(5.0), 50.0, "s").low is None
    assert percentile_value(np.arange(6.0), 50.0, "s").low == 0.0
    assert 1 - 0.95**58 < 0.95 <= 1 - 0.95**59


@pytest.mark.parametrize("slow", [1.15, 0.85])
def test_a_machine_that_is_far_off_is_seen(slow):
    seen = 0
    for fleet in drawn(4, 12, 3, 1, 1):
        means = {str(n): machine.mean() for n, machine in enumerate(fleet)}
        means["3"] *= slow
        outliers = far(means)
        seen += "3" in outliers
        if "3" in outliers:
            assert (outliers["3"][1] > 0) == (slow > 1)
    assert seen >= 0.98 * FLEETS


def test_honest_machines_are_seldom_called_outliers():
    calls = sum(
        len(far({str(n): machine.mean() for n, machine in enumerate(fleet)}))
        for fleet in drawn(5, 12, 3, 1, 1)
    )
    # Of 3,600 machines whose means have a deviation of 1.15 %: the margin alone passes one in twelve.
    assert calls <= 0.02 * 12 * FLEETS


@pytest.mark.parametrize(("machines", "named", "seen"), [(4, 0.17, 0.69), (12, 0.11, 0.91)])
def test_how_often_few_machines_name_one_is_what_the_document_says(machines, named, seen):
    rng = np.random.default_rng(6)
    honest = 100 + rng.normal(0, 5, (4000, machines))
    slow = honest - 30 * (np.arange(machines) == 0)
    names = [str(n) for n in range(machines)]

    def outliers(means):
        return [far(dict(zip(names, map(float, row), strict=True))) for row in means]

    assert np.mean([bool(found) for found in outliers(honest)]) == pytest.approx(named, abs=0.025)
    assert np.mean(["0" in found for found in outliers(slow)]) == pytest.approx(seen, abs=0.025)


def test_three_machines_have_no_outlier_and_equal_ones_have_one():
    assert far({"a": 1.0, "b": 1.0, "c": 9.0}) == {}
    assert far({"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.5}) == {"d": (None, 0.5)}
    assert far({"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.01}) == {}
