"""The search: which rates it tries, what it answers, and that it comes to an end with any server."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from suite.declare.analysis.bisection import answer, next_rate, planned
from suite.declare.analysis.objective import verdict
from suite.declare.profiles.arrivals import probe_schedule
from tests.factories import phases
from tests.unit.declare.analysis.support import MS, served

SEARCH = phases.search()


def run(search, meets):
    history = []
    while (rate := next_rate(search, history)) is not None:
        history.append((rate, meets(rate)))
        assert len(history) <= search.max_probes
    return history


def test_rates_double_and_then_halve_the_bracket():
    history = run(SEARCH, lambda rate: rate <= 11.0)
    assert [rate for rate, _ in history][:6] == [1.0, 2.0, 4.0, 8.0, 16.0, 11.31]
    result = answer(SEARCH, history)
    assert result.ended == "resolution"
    assert result.rate <= 11.0 < result.above
    assert (result.above - result.rate) / result.above <= 0.05


def test_even_the_lowest_rate_missed():
    history = run(SEARCH, lambda rate: False)
    assert history == [(1.0, False)]
    result = answer(SEARCH, history)
    assert (result.rate, result.above, result.ended) == (None, 1.0, "min-rate-missed")


def test_even_the_highest_rate_met():
    history = run(SEARCH, lambda rate: True)
    assert history[-1] == (100.0, True)
    result = answer(SEARCH, history)
    assert (result.rate, result.above, result.ended) == (100.0, None, "max-rate-met")


def test_the_probes_can_be_used_up():
    search = phases.search(max_probes=5)
    result = answer(search, run(search, lambda rate: rate <= 11.0))
    assert (result.rate, result.above, result.ended) == (8.0, 16.0, "max-probes")
    search = phases.search(max_probes=3)
    result = answer(search, run(search, lambda rate: True))
    assert (result.rate, result.above, result.ended) == (4.0, None, "max-probes")


def test_a_search_that_was_cut_is_unfinished():
    assert answer(SEARCH, []).ended == "unfinished"
    result = answer(SEARCH, [(1.0, True), (2.0, True)])
    assert (result.rate, result.ended) == (2.0, "unfinished")


def test_a_rate_that_met_above_one_that_missed_does_not_count():
    result = answer(SEARCH, [(1.0, True), (2.0, True), (4.0, False), (8.0, True)])
    assert (result.rate, result.above) == (2.0, 4.0)
    # The same rate once met and once missed has missed.
    result = answer(SEARCH, [(1.0, True), (2.0, True), (2.0, False)])
    assert (result.rate, result.above) == (1.0, 2.0)


@settings(max_examples=200)
@given(
    capacity=st.floats(0.5, 200),
    noise=st.floats(0, 0.3),
    seed=st.integers(0, 1000),
    resolution=st.sampled_from([0.01, 0.05, 0.2]),
    probes=st.integers(1, 20),
)
def test_with_a_noisy_server_it_ends_and_replays(capacity, noise, seed, resolution, probes):
    search = phases.search(resolution=resolution, max_probes=probes)
    source = random.Random(seed)
    history = run(search, lambda rate: rate * (1 + source.uniform(-noise, noise)) <= capacity)
    rates = [rate for rate, _ in history]
    assert all(search.min_rate <= rate <= search.max_rate for rate in rates)
    assert len(set(rates)) == len(rates)
    # Every step follows from those before.
    for step, rate in enumerate(rates):
        assert next_rate(search, history[:step]) == rate
    result = answer(search, history)
    assert result.ended != "unfinished"
    if result.rate is not None:
        assert (result.rate, True) in history
        assert result.rate <= capacity / (1 - noise)
    if result.above is not None:
        assert result.above >= capacity / (1 + noise)
    if result.ended == "resolution" and noise == 0:
        assert result.rate <= capacity <= result.above
        assert (result.above - result.rate) / result.above <= max(resolution, 1e-3)


def test_the_answer_is_near_the_capacity_most_of_the_time():
    near = 0
    for seed in range(200):
        noise = random.Random(seed).gauss
        met = lambda rate, noise=noise: rate * noise(1, 0.02) <= 37.0  # noqa: E731
        result = answer(SEARCH, run(SEARCH, met))
        near += result.rate is not None and 37 * 0.9 <= result.rate <= 37 * 1.1
    assert near > 190


@pytest.mark.parametrize("rate", [1e-3, 0.1, 7.0])
def test_rates_have_four_digits(rate):
    search = phases.search(min_rate=rate, max_rate=1e6, max_probes=40)
    for tried, _ in run(search, lambda item: item < 123.456 * rate)[1:]:
        assert tried == float(f"{tried:.4g}")


TIMED = phases.search(requests=2000, min_requests=100, duration_s=30)


@pytest.mark.parametrize(
    ("search", "rate", "count"),
    [
        (SEARCH, 0.1, 100),
        (SEARCH, 1e6, 100),
        (TIMED, 0.1, 100),
        (TIMED, 10.0, 300),
        (TIMED, 10.01, 301),
        (TIMED, 66.67, 2000),
        (TIMED, 1e300, 2000),
        # As floats 1.1 * 10 is more than 11.
        (replace(TIMED, min_requests=1, duration_s=10), 1.1, 11),
        (replace(TIMED, min_requests=1, duration_s=0.001), 1.0, 1),
    ],
)
def test_how_many_requests_a_probe_plans(search, rate, count):
    assert planned(search, rate) == count
    assert len(probe_schedule(search, 0, rate)) == count


def queue(search, slots=40, service_ns=100 * MS):
    """What a search finds of 400 requests a second: a queue of which every time is known."""

    def meets(rate, probe):
        requests = served(probe_schedule(search, probe, rate), slots=slots, service_ns=service_ns)
        bounds = phases.objectives(ttft_ms=500.0)
        return verdict(requests, search, bounds, rate=rate, ended_by="all-sent").met

    history = []
    while (rate := next_rate(search, history)) is not None:
        history.append((rate, meets(rate, len(history))))
    return answer(search, history)


def test_long_probes_find_the_capacity_where_short_ones_find_too_much():
    for seed in range(0, 60, 20):
        short = phases.search(min_rate=50.0, max_rate=1600.0, seed=seed)
        result = queue(short)
        assert result.rate > 1.5 * 400
        result = queue(replace(short, requests=16_000, min_requests=100, duration_s=10))
        assert result.ended == "resolution"
        assert result.rate == pytest.approx(400, rel=SEARCH.resolution)
