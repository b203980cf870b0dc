"""Drift over a phase: found when it is there, and seldom otherwise."""

import math
import random

import pytest

from suite.declare.stopping.drift import drift, rate_drift
from tests.unit.declare.stopping.support import SECOND


def series(seed, change, *, count=1000, noise=0.2, r=0.0):
    """Values around 50 that change by a share from start to end, neighbours correlated by `r`."""
    source = random.Random(seed)
    times, values, held = [], [], 0.0
    for number in range(count):
        held = r * held + math.sqrt(1 - r * r) * source.gauss(0, 1)
        times.append(number * SECOND)
        values.append(50 * (1 + change * number / count) * (1 + noise * held))
    return times, values


@pytest.mark.parametrize("change", [0.2, 0.5, -0.2])
def test_a_drift_is_found_with_its_size(change):
    for seed in range(20):
        found = drift(*series(seed, change, noise=0.1))
        assert found.detected
        assert found.change == pytest.approx(change, abs=0.08)
        assert found.low < found.change < found.high
    assert found.start == pytest.approx(50, rel=0.1)
    assert found.buckets == 20


@pytest.mark.parametrize("r", [0.0, 0.9])
def test_without_a_drift_none_is_found(r):
    found = [seed for seed in range(200) if drift(*series(seed, 0.0, r=r)).detected]
    assert len(found) <= 4


def test_the_interval_covers():
    covered = 0
    for seed in range(200):
        found = drift(*series(seed, 0.1))
        covered += found.low <= 0.1 <= found.high
    assert covered >= 180


def test_a_sure_but_small_drift_does_not_count():
    found = drift(*series(1, 0.03, noise=0.01))
    assert found.p < 0.01
    assert not found.detected
    assert "less than the 5% that count" in found.why
    assert drift(*series(1, 0.03, noise=0.01), least=0.02).detected


def test_order_does_not_matter():
    times, values = series(1, 0.2)
    mixed = list(zip(times, values, strict=True))
    random.Random(1).shuffle(mixed)
    assert drift([t for t, _ in mixed], [v for _, v in mixed]) == drift(times, values)


@pytest.mark.parametrize(
    ("times", "values"), [([], []), ([1], [1.0]), (list(range(20)), [1.0] * 20)]
)
def test_too_few_values_say_nothing(times, values):
    found = drift(times, values)
    assert not found.measured
    assert not found.detected
    assert found.why


def test_a_rate_drifts_too():
    source = random.Random(1)
    falling = [100 - k + source.gauss(0, 2) for k in range(40)]
    found = rate_drift(falling)
    assert found.detected
    assert found.change == pytest.approx(-0.4, abs=0.05)
    assert not rate_drift([100 + source.gauss(0, 2) for _ in range(40)]).detected
    assert not rate_drift([0.0] * 40).measured
    assert not rate_drift([1.0] * 5).measured
