"""Each bar from figures made by hand: met, missed, not measured."""

import pytest

from benchmarks.load.bars import bars
from benchmarks.load.capacity import Capacity, Scaling
from benchmarks.load.results import Results
from benchmarks.load.spreads import Spread
from tests.benchmarks.load.support import flat, measurement


def found(results):
    return {bar.name: bar for bar in bars(results)}


def only(results, start):
    (bar,) = [bar for name, bar in found(results).items() if name.startswith(start)]
    return bar


def test_nothing_measured_is_nothing_met():
    every = bars(Results())
    assert every
    assert {bar.met for bar in every} == {None}
    assert all(bar.numbers for bar in every)


@pytest.mark.parametrize(
    ("figure", "bar", "bound"),
    [
        ("ttft", "TTFT bias, median", 0.05),
        ("ttft", "TTFT bias, p99", 0.2),
        ("e2e", "E2E bias, median", 0.05),
        ("e2e", "E2E bias, p99", 0.2),
        ("itl", "ITL bias, p99", 0.1),
    ],
)
def test_exactness_is_that_of_the_worst_load(figure, bar, bound):
    good = Results(closed=[measurement(8), measurement(512, **{figure: flat(bound)})])
    assert found(good)[bar].met is True
    bad = Results(closed=[measurement(8), measurement(512, **{figure: flat(bound + 0.001)})])
    assert found(bad)[bar].met is False
    assert "512 streams" in found(bad)[bar].numbers


def test_a_median_that_is_too_low_is_a_bias_too():
    assert found(Results(closed=[measurement(ttft=flat(-0.06))]))["TTFT bias, median"].met is False


def test_a_failed_load_leaves_exactness_unmeasured():
    one = found(Results(closed=[measurement(8), measurement(32, failure="it died")]))[
        "TTFT bias, p99"
    ]
    assert (one.met, one.numbers) == (None, "it died")


def test_the_busy_neighbour_has_bars_of_its_own():
    results = Results(closed=[measurement()], busy=[measurement(busy=True, ttft=flat(3.0))])
    assert found(results)["TTFT bias, p99"].met is True
    assert found(results)["TTFT bias, p99, beside a busy neighbour"].met is False


@pytest.mark.parametrize(
    ("streams", "peer", "met"),
    [
        (8, 0.031, True),
        (8, 0.029, False),
        (128, 0.031, True),
        (512, 0.02, True),
        (512, 0.019, False),
    ],
)
def test_cost_against_the_cheapest_peer(streams, peer, met):
    peers = [
        measurement(streams, client="dear", cpu_s_per_1000=1.0),
        measurement(streams, client="cheap", cpu_s_per_1000=peer),
        measurement(streams, client="broken", cpu_s_per_1000=0.001, failure="x"),
    ]
    every = found(Results(closed=[measurement(streams)], peers=peers))
    bar = every[f"CPU per token against the cheapest peer, {streams:,} streams"]
    assert bar.met is met
    assert "(cheap)" in bar.numbers


def test_cost_until_the_last_token_has_a_bar_and_a_cheapest_peer_of_its_own():
    peers = [
        measurement(8, client="quick end", cpu_s_per_1000=0.1, streaming_cpu_s_per_1000=0.09),
        measurement(8, client="slow end", cpu_s_per_1000=1.0, streaming_cpu_s_per_1000=0.02),
    ]
    mine = measurement(8, cpu_s_per_1000=0.01, streaming_cpu_s_per_1000=0.01)
    every = found(Results(closed=[mine], peers=peers))
    name = "CPU per token against the cheapest peer, 8 streams"
    assert every[name].met is True
    assert every[f"{name}, until the last token"].met is False
    assert "(slow end)" in every[f"{name}, until the last token"].numbers


@pytest.mark.parametrize(
    ("streams", "floor", "met"),
    [(8, 0.004, True), (8, 0.0039, False), (128, 0.0067, True), (1024, 0.0066, False)],
)
def test_cost_against_the_floor(streams, floor, met):
    least = [measurement(streams, client="C floor", cpu_s_per_1000=floor)]
    every = found(Results(closed=[measurement(streams)], floor=least))
    assert every[f"CPU per token against the C floor, {streams:,} streams"].met is met


def test_32_streams_have_no_bar_against_the_floor():
    results = Results(closed=[measurement(32)], floor=[measurement(32)])
    assert not [name for name in found(results) if "floor, 32" in name]


def test_launch_and_memory():
    slow = Results(closed=[measurement(8), measurement(1024, first_request_s=0.6)])
    assert found(slow)["launch to first request"].met is False
    million = measurement(1024, tokens=1_048_576, peak_mb=99.0)
    name = "memory for a million streamed tokens"
    assert found(Results(closed=[measurement(8, peak_mb=500.0)], many=[million]))[name].met is True
    assert found(Results(closed=[measurement(8)]))[name].met is None


def capacity(client, rate, limited="client"):
    return Capacity(client, rate, limited, ())


def test_rates_against_the_floor():
    start = "highest exact token rate per core"
    results = Results(capacity=capacity("this suite", 90.0), floor_capacity=capacity("C", 100.0))
    assert only(results, start).met is True
    results.capacity = capacity("this suite", 89.0)
    assert only(results, start).met is False
    results.floor_capacity = capacity("C", 100.0, "server")
    assert "the server gave up" in only(results, start).numbers


def test_rates_against_the_best_peer():
    start = "highest exact token rate against the best peer"
    peers = [
        measurement(8, client="a", tokens_s=400.0),
        measurement(32, client="b", tokens_s=1600.0),
        measurement(128, client="b", tokens_s=6400.0, exact=False),
    ]
    results = Results(capacity=capacity("this suite", 128_000.0), peers=peers)
    bar = only(results, start)
    # Its limit lies between 1,600 and 6,400: the upper one is taken.
    assert (bar.value, bar.met) == (20, True)
    assert "b: exact at 1,600, no longer at 6,400" in bar.numbers
    results.peers = [measurement(8, client="a", exact=False)]
    assert only(results, start).value == 320


def test_workers():
    pair = (measurement(), measurement())
    bar = only(Results(scaling=Scaling(2, 100.0, 160.0, pair)), "two workers")
    assert bar.met is True
    bar = only(Results(scaling=Scaling(2, 100.0, 159.0, pair)), "two workers")
    assert bar.met is False
    failed = (measurement(), measurement(failure="a worker died"))
    bar = only(Results(scaling=Scaling(2, 100.0, 0.0, failed)), "two workers")
    assert (bar.met, bar.numbers) == (None, "a worker died")


@pytest.mark.parametrize(("rate", "bound"), [(200.0, 0.3), (500.0, 1.0)])
def test_lateness(rate, bound):
    start = f"send lateness p99 at {rate:g}"
    good = Results(opened=[measurement(rate=rate, lateness=Spread(0.0, bound, 9.0))])
    assert only(good, start).met is True
    bad = Results(opened=[measurement(rate=rate, lateness=flat(bound + 0.01))])
    assert only(bad, start).met is False


def test_as_json():
    bar = only(Results(closed=[measurement()]), "launch")
    assert bar.to_json()["met"] is True
    assert bar.to_json()["value"] == 0.1


def test_costs_are_those_of_the_median_run_and_exactness_that_of_the_worst():
    mine = [measurement(128, cpu_s_per_1000=cost) for cost in (0.3, 0.012, 0.014)]
    mine[1] = measurement(128, cpu_s_per_1000=0.012, ttft=flat(0.3))
    floor = [
        measurement(128, client="C floor", cpu_s_per_1000=cost) for cost in (0.02, 0.01, 0.001)
    ]
    every = found(Results(closed=mine, floor=floor))
    assert every["CPU per token against the C floor, 128 streams"].value == pytest.approx(1.4)
    assert every["TTFT bias, p99"].value == 0.3


def test_until_the_last_token_has_a_median_of_its_own():
    costs = [(0.010, 0.009), (0.011, 0.004), (0.012, 0.005)]
    mine = [
        measurement(128, cpu_s_per_1000=whole, streaming_cpu_s_per_1000=part)
        for whole, part in costs
    ]
    floor = [measurement(128, cpu_s_per_1000=0.01, streaming_cpu_s_per_1000=0.005)]
    every = found(Results(closed=mine, floor=floor))
    name = "CPU per token against the C floor, 128 streams"
    assert every[name].value == pytest.approx(1.1)
    assert every[f"{name}, until the last token"].value == pytest.approx(1.0)
