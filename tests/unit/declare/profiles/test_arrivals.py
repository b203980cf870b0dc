"""Arrival schedules: the same on every machine, and of the right shape."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.base.errors import DeclarationError
from suite.declare.profiles.arrivals import probe_schedule, schedule, schedule_until
from tests.factories.phases import arrivals, search

POISSON = arrivals()


def gaps(times):
    return [b - a for a, b in zip([0, *times], times, strict=False)]


def squared_variation(times):
    sizes = gaps(times)
    mean = sum(sizes) / len(sizes)
    return sum((size - mean) ** 2 for size in sizes) / len(sizes) / mean**2


def test_golden_schedules():
    assert schedule(POISSON, 5) == GOLDEN_POISSON
    assert schedule(arrivals(process="gamma", shape=0.5), 3) == GOLDEN_GAMMA
    assert schedule(arrivals(process="constant"), 3) == [
        250_000_000,
        500_000_000,
        750_000_000,
    ]


def test_a_longer_schedule_begins_with_the_shorter_one():
    assert schedule(POISSON, 200)[:50] == schedule(POISSON, 50)


@pytest.mark.parametrize("process", ["poisson", "constant"])
def test_a_schedule_until_a_time_is_its_beginning(process):
    load = arrivals(process=process)
    within = schedule_until(load, 10)
    longer = schedule(load, len(within) + 1)
    assert longer[:-1] == within
    assert within[-1] <= 10_000_000_000 < longer[-1]
    assert schedule_until(load, 1e-6) == []


def test_probes_are_poisson_with_seeds_of_their_own():
    probes = search(seed=5, requests=50)
    assert probe_schedule(probes, 0, 4.0) == schedule(arrivals(seed=5), 50)
    assert probe_schedule(probes, 3, 4.0) == schedule(arrivals(seed=8), 50)
    timed = search(seed=5, requests=50, min_requests=10, duration_s=5)
    assert probe_schedule(timed, 3, 4.0) == schedule(arrivals(seed=8), 20)


def test_a_replay_is_not_drawn():
    with pytest.raises(DeclarationError) as caught:
        schedule(arrivals(process="replay"), 2)
    assert caught.value.code == "arrivals-wrong"


def test_seeds_differ():
    assert schedule(POISSON, 5) != schedule(arrivals(seed=2), 5)


@pytest.mark.parametrize(
    ("process", "shape", "variation"),
    [("poisson", None, 1.0), ("gamma", 4.0, 0.25), ("gamma", 0.5, 2.0), ("constant", None, 0.0)],
)
def test_mean_rate_and_burstiness(process, shape, variation):
    times = schedule(arrivals(process=process, rate=10.0, seed=7, shape=shape), 5000)
    assert times[-1] / 1e9 == pytest.approx(500, rel=0.06)
    assert squared_variation(times) == pytest.approx(variation, rel=0.15, abs=1e-6)


def test_poisson_counts_per_second_have_the_variance_of_their_mean():
    times = schedule(arrivals(rate=5.0), 5000)
    seconds = int(times[-1] // 1_000_000_000)
    counts = [0] * (seconds + 1)
    for time in times:
        counts[time // 1_000_000_000] += 1
    counts = counts[:seconds]
    mean = sum(counts) / seconds
    variance = sum((count - mean) ** 2 for count in counts) / seconds
    assert variance / mean == pytest.approx(1, abs=0.15)


@settings(max_examples=60)
@given(
    rate=st.floats(0.01, 1000),
    seed=st.integers(0, 2**31),
    shape=st.floats(0.05, 20),
    process=st.sampled_from(["poisson", "gamma", "constant"]),
)
def test_times_are_whole_and_never_decrease(rate, seed, shape, process):
    times = schedule(arrivals(process=process, rate=rate, seed=seed, shape=shape), 50)
    assert all(isinstance(time, int) and time >= 0 for time in times)
    assert times == sorted(times)


@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf])
def test_impossible_rates_are_refused(rate):
    with pytest.raises(DeclarationError, match="requests per second"):
        schedule(arrivals(rate=rate), 1)


def test_gamma_needs_a_shape():
    with pytest.raises(DeclarationError, match="with the shape None"):
        schedule(arrivals(process="gamma"), 1)


GOLDEN_POISSON = [38966000, 219431000, 285501000, 316324000, 377271000]
GOLDEN_GAMMA = [9151000, 14817000, 50940000]
