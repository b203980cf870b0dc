"""Where the load was steady."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.declare.analysis.steady import closed_loop, open_loop, truncation, whole
from tests.unit.declare.analysis.support import MS, SECOND, failed, poisson, request, served


def loop(streams, each):
    """Streams that begin a millisecond apart and then run back to back."""
    out = []
    for stream in range(streams):
        now = stream * MS
        for _ in range(each):
            out.append(request(len(out), sched=now, sent=now, end=now + 100 * MS))
            now += 100 * MS
    return out


def test_a_closed_loop_is_steady_from_full_to_the_last_send():
    window = closed_loop(loop(8, 5), 8)
    assert window.found
    assert (window.start_ns, window.end_ns) == (7 * MS, 407 * MS)


def test_a_loop_that_never_filled_has_no_steady_state():
    assert not closed_loop(loop(3, 5), 4).found
    assert not closed_loop([], 1).found
    # All were sent at once: full only at the last send.
    assert not closed_loop(loop(8, 1), 8).found


def test_one_stream_is_steady_at_once():
    window = closed_loop(loop(1, 4), 1)
    assert (window.start_ns, window.end_ns) == (0, 300 * MS)


def settling(seed, calm=1000):
    """Latency that falls from three times its value over the first 100 requests."""
    source = random.Random(seed)
    out = []
    for number in range(calm):
        level = 100 + 200 * max(0, 100 - number) / 100
        end = number * 10 * MS + int(source.gauss(level, 10) * MS)
        out.append(request(number, first=number * 10 * MS, last=end, end=end))
    return out


def test_a_transient_is_cut_off():
    for seed in range(20):
        window = open_loop(settling(seed))
        assert window.found
        assert 60 * 10 * MS <= window.start_ns <= 200 * 10 * MS
        assert window.end_ns == 9990 * MS


def test_order_does_not_matter():
    requests = settling(1)
    assert open_loop(requests[::-1]) == open_loop(requests)


def test_an_overloaded_loop_is_never_steady():
    arrivals = poisson(20, 1000, 1)
    window = open_loop(served(arrivals, slots=1, service_ns=SECOND // 10))
    assert not window.found
    assert "did not settle" in window.why


def test_a_server_that_slows_down_all_the_time_is_never_steady():
    requests = []
    for number in range(1000):
        sent = number * 10 * MS
        end = sent + int((100 + 20 * number / 1000) * MS)
        requests.append(request(number, first=sent, last=end, end=end))
    # MSER-5 goes to its limit: the best cut lies beyond it.
    window = open_loop(requests)
    assert not window.found
    assert "half or more" in window.why


@pytest.mark.parametrize(("length", "filled"), [(600, 30), (3600, 60)])
def test_a_soak_is_looked_at_whole_but_for_its_fill_up(length, filled):
    window = whole(5 * SECOND, (5 + length) * SECOND)
    assert window.found
    assert (window.start_ns, window.end_ns) == ((5 + filled) * SECOND, (5 + length) * SECOND)
    assert f"first {filled} s" in window.why
    assert not whole(SECOND, SECOND).found


def test_a_short_loop_has_too_few():
    window = open_loop([*(request(k) for k in range(40)), failed(40)])
    assert not window.found
    assert "40 answers" in window.why


def test_a_loop_without_a_transient_keeps_nearly_all():
    kept = []
    for seed in range(20):
        arrivals = poisson(5, 1000, seed)
        window = open_loop(served(arrivals, slots=8, service_ns=SECOND // 2))
        if window.found:
            kept.append((window.end_ns - window.start_ns) / (arrivals[-1] - arrivals[0]))
    assert len(kept) >= 18
    assert sorted(kept)[len(kept) // 2] > 0.9


@given(st.lists(st.floats(0, 1000), min_size=10, max_size=200))
def test_a_truncation_is_at_most_half(values):
    cut = truncation(values)
    assert 0 <= cut <= len(values) // 2


@pytest.mark.parametrize("ramp", [3, 5, 20])
def test_a_step_is_cut_where_it_ends(ramp):
    assert truncation([10.0] * ramp + [1.0] * 100) == ramp
