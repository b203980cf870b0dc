"""The interval of the headline: that it covers, with samples that depend on each other too."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.declare.analysis.interval import (
    FEWEST,
    MOST,
    BatchMeans,
    IntervalRule,
    ThroughputBatches,
    interval_of,
    reached,
)
from tests.factories.phases import interval
from tests.unit.declare.analysis.support import MS, SECOND, failed, request, served


def correlated(source, count, r, mean=100.0, deviation=10.0):
    """An AR(1) process."""
    value, out = source.gauss(0, 1), []
    for _ in range(count):
        value = r * value + math.sqrt(1 - r * r) * source.gauss(0, 1)
        out.append(mean + deviation * value)
    return out


@pytest.mark.parametrize(("r", "least"), [(0.0, 0.93), (0.5, 0.93), (0.9, 0.9)])
def test_the_interval_covers_as_often_as_it_says(r, least):
    source = random.Random(1)
    covered = 0
    for _ in range(300):
        result = interval_of(correlated(source, 1000, r))
        covered += abs(result.mean - 100.0) <= result.half
    assert covered / 300 >= least


def test_too_few_values_have_no_interval():
    assert interval_of([1.0] * (FEWEST - 1)) is None
    assert interval_of([1.0] * FEWEST) == (1.0, 0.0)


@given(st.integers(0, 5000))
def test_accumulators_stay_bounded_and_keep_the_mean(count):
    batches = BatchMeans()
    for value in range(count):
        batches.add(float(value))
    assert len(batches._full) < MOST
    result = batches.interval()
    if count >= MOST:
        # Left out: what fills no batch, at either end.
        assert result.mean == pytest.approx((count - 1) / 2, rel=0.1)


def test_merging_accumulators_changes_little():
    values = correlated(random.Random(2), 4000, 0.5)
    batches = BatchMeans()
    for value in values:
        batches.add(value)
    merged, whole = batches.interval(), interval_of(values)
    assert merged.mean == pytest.approx(whole.mean, rel=0.01)
    assert merged.half == pytest.approx(whole.half, rel=0.5)


def closed_loop(streams, seconds, seed):
    """Requests of a closed loop whose answers take 0.5 to 1.5 s for 50 to 150 tokens: 100 tokens/s a stream."""
    source = random.Random(seed)
    out = []
    for stream in range(streams):
        now = 0
        while now < seconds * SECOND:
            tokens = source.randint(50, 150)
            end = now + tokens * 10 * MS
            out.append(
                request(stream, sched=now, sent=now, first=now, last=end, end=end, tokens=tokens)
            )
            now = end
    return sorted(out, key=lambda item: item.end)


def test_a_throughput_is_found_with_its_interval():
    covered = 0
    for seed in range(40):
        batches = ThroughputBatches()
        for item in closed_loop(4, 120, seed):
            batches.add(item)
        result = batches.interval()
        assert result.mean == pytest.approx(400, rel=0.02)
        covered += abs(result.mean - 400) <= result.half + 0.5
    assert covered >= 36


def test_a_throughput_needs_ten_times_the_longest_answer():
    batches = ThroughputBatches()
    told = [batches.add(item) or batches.interval() for item in closed_loop(4, 30, 1)]
    first = next(k for k, result in enumerate(told) if result is not None)
    assert closed_loop(4, 30, 1)[first].end > 10 * SECOND


def test_tokens_are_spread_over_the_answers_time():
    batches = ThroughputBatches()
    batches.add(request(0, sent=0, first=0, last=95 * MS, end=95 * MS, tokens=95))
    assert batches._slices()[:11] == pytest.approx([10.0] * 9 + [5.0, 0.0])
    batches.add(request(1, sent=0, first=20 * MS, last=20 * MS, end=20 * MS, tokens=7))
    assert batches._slices()[2] == pytest.approx(17.0)
    # Past the last slice, neighbours are merged and nothing is lost.
    end = 3 * MOST * 10 * MS
    batches.add(request(2, sent=0, first=end, last=end, end=end, tokens=3))
    assert sum(batches._slices()) == pytest.approx(105.0)


@pytest.mark.parametrize("metric", ["ttft_mean", "tpot_mean", "e2e_mean", "output_throughput"])
def test_it_must_be_narrow_at_two_looks_in_a_row(metric):
    rule = IntervalRule(interval(metric, 0.2))
    for item in closed_loop(4, 120, 1):
        rule.add(item._replace(first=item.sent + (20 + item.number) * MS))
    assert rule.look().reached is False
    second = rule.look()
    assert second.reached is True
    assert second.half / second.value == second.share <= 0.2
    assert metric in second.why


def test_a_wide_interval_is_not_reached():
    decision = reached(closed_loop(4, 60, 1), interval("e2e_mean", 1e-4))
    assert not decision.reached
    assert decision.share > 1e-4


def test_failures_say_nothing():
    decision = reached([failed(k) for k in range(500)], interval("ttft_mean", 0.5))
    assert decision.value is None
    assert "too few" in decision.why
    quiet = served([k * 10 * MS for k in range(500)], slots=1, service_ns=MS, tokens=0)
    assert reached(quiet, interval("output_throughput", 0.5)).value is None
