"""Arrival schedules: the same on every machine, and of the right shape."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.base.errors import DeclarationError
from suite.declare.profiles.arrivals import probe_schedule, schedule
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


@pytest.mark.parametrize("count", [64, 1000])
@pytest.mark.parametrize(
    ("process", "shape"), [("poisson", None), ("gamma", 0.25), ("gamma", 4.0), ("constant", None)]
)
def test_the_mean_rate_is_the_stated_one_whatever_the_seed(process, shape, count):
    """Drawn gap by gap, seed 1 brought 64 requests "at 4/s" at 5.34/s, and the goodput read so."""
    for seed in range(40):
        times = schedule(arrivals(process=process, rate=4.0, seed=seed, shape=shape), count)
        assert times[-1] <= count / 4 * 1e9
        # The last of n places lies 1/n before the end on average; gaps of a small shape vary more.
        spread = 1 if shape is None else 1 / shape
        assert times[-1] >= count / 4 * 1e9 * (1 - 12 * max(spread, 1) / count)


def test_probes_are_poisson_each_with_a_draw_of_its_own():
    """No probe has the draw of another one, nor of a server phase with its seed."""
    probes = search(seed=5, requests=50)
    drawn = [tuple(probe_schedule(probes, number, 4.0)) for number in range(12)]
    drawn += [tuple(schedule(arrivals(seed=seed), 50)) for seed in range(20)]
    assert len(set(drawn)) == 32
    assert all(len(times) == 50 and times[-1] <= 12_500_000_000 for times in drawn)
    timed = search(seed=5, requests=50, min_requests=10, duration_s=5)
    assert len(probe_schedule(timed, 3, 4.0)) == 20


def test_gaps_too_small_for_a_float_come_at_once():
    assert schedule(arrivals(process="gamma", shape=1e-9), 3) == [0, 0, 0]


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


GOLDEN_POISSON = [607309000, 959699000, 979565000, 1069595000, 1105010000]
GOLDEN_GAMMA = [134620000, 217970000, 749374000]
