"""Over-saturation, with simulated queues: seldom a false alarm, always a true one, and soon."""

import random

import pytest

from suite.declare.analysis.saturation import Saturation
from tests.unit.declare.analysis.support import MS, SECOND, failed, poisson, request, served

RATE = 12.0


def alarm(load, seed, *, slots=8, rate=RATE, count=1200, shape=1.0, mixed=False):
    """Seconds until the alarm; None without one."""
    arrivals = poisson(rate, count, seed, shape=shape)
    service_ns = int(load * slots / rate * 1e9)
    spread = random.Random(seed) if mixed else None
    watch = Saturation(arrivals)
    for item in served(
        arrivals, slots=slots, service_ns=service_ns, first_ns=service_ns // 10, spread=spread
    ):
        if watch.add(item):
            return item.end / SECOND
    return None


@pytest.mark.parametrize("slots", [1, 8, 64])
@pytest.mark.parametrize("load", [0.7, 0.9])
def test_a_stable_server_raises_no_alarm(slots, load):
    assert [seed for seed in range(25) if alarm(load, seed, slots=slots)] == []


@pytest.mark.parametrize("shape", [0.25, 0.1])
def test_bursts_raise_no_alarm(shape):
    assert [seed for seed in range(25) if alarm(0.7, seed, shape=shape)] == []


def test_answers_of_mixed_length_raise_no_alarm():
    assert [seed for seed in range(25) if alarm(0.8, seed, mixed=True)] == []


@pytest.mark.parametrize(("slots", "seconds"), [(1, 60), (8, 60), (64, 90)])
def test_a_fifth_too_much_is_found_within_a_minute_or_so(slots, seconds):
    times = [alarm(1.2, seed, slots=slots, count=2000) for seed in range(30)]
    assert None not in times
    assert sorted(times)[15] < seconds


def test_a_faster_load_is_found_sooner():
    times = sorted(alarm(1.2, seed, rate=60, count=4000) for seed in range(20))
    assert times[10] < 25


def test_a_server_that_only_fills_up_raises_no_alarm():
    # 108 slots, 8 s each: for the first 8 s everything is begun and nothing ends.
    assert alarm(0.9, 1, slots=108, count=2000) is None


def test_a_server_that_breaks_down_in_the_middle_is_found():
    arrivals = poisson(RATE, 3000, 5)
    half = arrivals[1500]
    slow = served(arrivals[1500:], slots=8, service_ns=SECOND, first_number=1500)
    quick = served(arrivals[:1500], slots=8, service_ns=SECOND // 3)
    watch = Saturation(arrivals)
    ended = [item.end for item in [*quick, *slow] if watch.add(item)]
    assert ended
    assert ended[0] > half


def test_failures_and_strangers_do_no_harm():
    arrivals = [k * 10 * MS for k in range(100)]
    watch = Saturation(arrivals)
    for number in range(100):
        assert not watch.add(failed(number))
    assert not watch.add(request(5000))
    assert not watch.add(failed(1, cancelled=True))


def test_the_origin_is_the_runs_own():
    arrivals = poisson(RATE, 1500, 3)
    requests = served(arrivals, slots=8, service_ns=800 * MS, first_ns=80 * MS, first_number=700)

    def seen(shift):
        watch = Saturation(arrivals, first_index=700)
        for count, item in enumerate(requests):
            moved = item._replace(
                sched=item.sched + shift,
                sent=item.sent + shift,
                first=item.first + shift,
                last=item.last + shift,
                end=item.end + shift,
            )
            if watch.add(moved):
                return count
        return None

    assert seen(0) == seen(3_600 * SECOND) is not None
