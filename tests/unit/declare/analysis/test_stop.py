"""A phase's stop rule: what ends it, and that the log alone replays it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from suite.declare.analysis.stop import PhaseRule
from tests.factories import phases
from tests.factories.phases import interval
from tests.unit.declare.analysis.support import MS, SECOND, failed, poisson, replay, request, served

STOP = phases.stop()


def steady(count, seed=1):
    """A closed loop with one stream whose answers take 80 to 120 ms."""
    source = random.Random(seed)
    now, out = 0, []
    for number in range(count):
        end = now + source.randint(80, 120) * MS
        out.append(request(number, sched=now, sent=now, first=now + MS, last=end, end=end))
        now = end
    return out


def test_minimums_are_minimums():
    assert replay(phases.stop(min_requests=7), steady(100)) == ("enough", 7)
    reason, seen = replay(phases.stop(min_duration_s=2.0), steady(100))
    requests = steady(100)
    assert reason == "enough"
    assert requests[seen - 1].end >= 2 * SECOND > requests[seen - 2].end
    assert replay(phases.stop(min_duration_s=2.0, min_requests=90), requests)[1] == 90
    assert replay(phases.stop(min_duration_s=1e3), requests) == (None, 100)


def test_failures_are_not_counted_as_answers():
    requests = [failed(k) for k in range(50)] + steady(10)
    assert replay(phases.stop(min_requests=5), requests) == ("enough", 55)


def test_the_interval_ends_it_when_it_is_narrow():
    stop = phases.stop(min_requests=50, interval=interval("e2e_mean", 0.02))
    reason, seen = replay(stop, steady(3000))
    assert reason == "enough"
    assert 50 < seen < 1000
    tighter = replace(stop, interval=interval("e2e_mean", 0.005))
    assert replay(tighter, steady(3000))[1] > 4 * seen
    never = replace(stop, interval=interval("e2e_mean", 1e-9))
    assert replay(never, steady(3000)) == (None, 3000)


def test_stopping_when_it_is_narrow_still_covers():
    """Sequential stopping must not favour intervals that are too narrow by chance."""
    stop = phases.stop(min_requests=50, interval=interval("e2e_mean", 0.02))
    covered = 0
    for seed in range(200):
        rule = PhaseRule(stop)
        for item in steady(2000, seed):
            if rule.add(item):
                break
        decision = rule.interval
        assert decision.reached
        covered += abs(decision.value - 100.0) <= decision.half
    assert covered >= 182


def test_an_overloaded_open_loop_is_saturated():
    arrivals = poisson(20, 2000, 1)
    requests = served(arrivals, slots=4, service_ns=300 * MS, first_ns=30 * MS)
    stop = phases.stop(min_duration_s=1e6, saturation=True)
    reason, seen = replay(stop, requests, arrivals_ns=arrivals)
    assert reason == "saturated"
    assert requests[seen - 1].end < 60 * SECOND
    assert replay(replace(stop, saturation=False), requests, arrivals_ns=arrivals)[0] is None


def test_an_open_loops_duration_counts_from_its_schedules_origin():
    arrivals = [SECOND, 2 * SECOND, 3 * SECOND]
    requests = [
        request(k, sched=at + 50, sent=at + 60, end=at + 100) for k, at in enumerate(arrivals)
    ]
    # The origin is at 50 ns, not at the first request.
    stop = phases.stop(min_duration_s=2.5)
    assert replay(stop, requests, arrivals_ns=arrivals) == ("enough", 3)
    assert replay(replace(stop, min_duration_s=1.9), requests, arrivals_ns=arrivals)[1] == 2


def test_the_longest_duration_is_the_clocks():
    rule = PhaseRule(phases.stop(max_duration_s=2.0))
    assert not rule.overdue(2 * SECOND - 1)
    assert rule.overdue(2 * SECOND)
    assert not PhaseRule(STOP).overdue(10**18)


def test_what_is_decided_stays_decided():
    rule = PhaseRule(phases.stop(min_requests=2))
    assert [rule.add(item) for item in steady(5)] == [None, "enough", None, None, None]
    assert (rule.ended_by, rule.seen) == ("enough", 2)


@given(st.integers(1, 300), st.integers(0, 5))
def test_the_log_replays_it(minimum, seed):
    stop = phases.stop(min_requests=minimum, interval=interval("output_throughput", 0.05))
    requests = steady(400, seed)
    rule = PhaseRule(stop)
    decided = next((k for k, item in enumerate(requests, 1) if rule.add(item)), None)
    reason, seen = replay(stop, requests)
    assert (reason, seen) == (rule.ended_by, rule.seen)
    assert seen == (decided or 400)
    # What ended after the decision, still in flight then, changes nothing.
    assert replay(stop, requests[:seen]) == (reason, seen)


@pytest.mark.parametrize("stop", [STOP, phases.stop(interval=interval("ttft_mean", 0.1))])
def test_its_state_is_the_intervals(stop):
    rule = PhaseRule(stop)
    for item in steady(200):
        rule.add(item)
    assert ("ttft_mean" in rule.state()) == (stop.interval is not None)
