"""Drift over a phase: found when it is there, and seldom otherwise."""

import math
import random

import pytest

from suite.declare.analysis.drift import LEVELS, LINE, drift, fine, rate_drift
from tests.unit.declare.analysis.support import SECOND


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
        result = drift(*series(seed, change, noise=0.1))
        assert result.detected
        assert result.change == pytest.approx(change, abs=0.08)
        assert result.low < result.change < result.high
    assert result.start == pytest.approx(50, rel=0.1)


@pytest.mark.parametrize("r", [0.0, 0.9])
def test_without_a_drift_none_is_found(r):
    result = [seed for seed in range(200) if drift(*series(seed, 0.0, r=r)).detected]
    assert len(result) <= 4


def test_the_interval_covers():
    covered = 0
    for seed in range(200):
        result = drift(*series(seed, 0.1))
        # The middles of the thirds lie at a sixth and at five sixths.
        true = 0.1 if result.by == LINE else (1 + 0.1 * 5 / 6) / (1 + 0.1 / 6) - 1
        covered += result.low <= true <= result.high
    assert covered >= 180


def test_a_sure_but_small_drift_does_not_count():
    result = drift(*series(1, 0.03, noise=0.01))
    assert result.p < 0.01
    assert not result.detected
    assert "less than the 5% that count" in result.why
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
    result = drift(times, values)
    assert not result.measured
    assert not result.detected
    assert result.why


def test_a_rate_drifts_too():
    source = random.Random(1)
    falling = [100 - k + source.gauss(0, 2) for k in range(40)]
    result = rate_drift(falling)
    assert result.detected
    assert result.change == pytest.approx(-0.4, abs=0.05)
    assert not rate_drift([100 + source.gauss(0, 2) for _ in range(40)]).detected
    assert not rate_drift([0.0] * 40).measured
    assert not rate_drift([1.0] * 5).measured


MINUTE = 60


def hour(seed, level, *, r=0.6, noise=0.3, length=3600):
    """TTFT at 4 requests/s, log-normal, neighbours correlated by `r`; `level` gives its relative value at a second."""
    source = random.Random(seed)
    times, values, now, held = [], [], 0.0, 0.0
    while (now := now + source.expovariate(4)) < length:
        held = r * held + math.sqrt(1 - r * r) * source.gauss(0, 1)
        times.append(int(now * SECOND))
        values.append(100 * level(now) * math.exp(noise * held))
    return times, values


def step(at, change):
    return lambda now: 1 + change * (now >= at * MINUTE)


@pytest.mark.parametrize(
    ("level", "by", "change"),
    [
        # Half of the first third is slow already.
        (step(10, 0.2), LEVELS, 1.2 / 1.1 - 1),
        (step(15, 0.4), LEVELS, 1.4 / 1.1 - 1),
        (step(25, 0.4), LEVELS, 0.4),
        (step(25, -0.2), LEVELS, -0.2),
        (lambda now: 1 + 0.3 * min(now / (30 * MINUTE), 1), None, 0.2),
        (lambda now: 1 + 0.3 * max(now / (30 * MINUTE) - 1, 0), None, 0.2),
        (lambda now: 1 + 0.3 * now / 3600, LINE, 0.3),
    ],
)
def test_an_hour_that_slows_down_is_found(level, by, change):
    for seed in range(4):
        result = drift(*hour(seed, level))
        assert result.detected, result.why
        assert by in {None, result.by}
        assert result.by in result.why
        assert result.change == pytest.approx(change, abs=0.08 if by else 0.2)


def test_correlated_noise_is_no_drift():
    result = [seed for seed in range(100) if drift(*hour(seed, lambda _: 1.0, length=900)).detected]
    assert len(result) < 5


@pytest.mark.parametrize("count", [60, 120])
def test_a_correlated_rate_is_no_drift(count):
    result = 0
    for seed in range(100):
        source = random.Random(seed)
        held, amounts = source.gauss(0, 1), []
        for _ in range(count):
            held = 0.6 * held + 0.8 * source.gauss(0, 1)
            amounts.append(100 + 10 * held)
        result += rate_drift(amounts).detected
    assert result < 5


def test_a_rate_that_steps_down_is_found():
    source = random.Random(1)
    result = rate_drift([(100 if k < 40 else 80) + source.gauss(0, 5) for k in range(120)])
    assert result.detected
    assert result.by == LEVELS
    assert result.change == pytest.approx(-0.2, abs=0.03)


def test_a_sure_but_small_step_does_not_count():
    source = random.Random(1)
    result = rate_drift([(100 if k < 60 else 98) + source.gauss(0, 0.3) for k in range(120)])
    assert not result.detected


def test_the_levels_get_shorter_times_the_more_values_there_are():
    assert [fine(count) for count in (0, 100, 319, 320, 960, 10**6)] == [20, 20, 20, 40, 120, 120]
