"""How a phase goes: what is reported of it, and that it stays small."""

from suite.measure.live import MOST, Live
from suite.measure.progress import Requests
from tests.unit.declare.analysis.support import MS, SECOND, failed, request


def state(live, second, done=0, failures=0, in_flight=0, rule=""):
    return live.state(second * SECOND, done, failures, in_flight, rule)


def details(live, second, done=0, failures=0):
    return " · ".join(state(live, second, done, failures).details)


def test_before_anything_has_ended_it_tells_the_counts():
    live = Live("server", 40, 0)
    assert state(live, 2, in_flight=3) == Requests("server", 40, 0, 0, 3, 2.0)


def test_the_window_has_tokens_and_latencies():
    live = Live("server", 200, 0)
    for number in range(100):
        live.add(request(number))
    now = state(live, 2, done=100)
    assert (now.ended, now.planned, now.elapsed_s, now.left_s) == (100, 200, 2.0, 2.0)
    assert now.details == ("500 tokens/s", "TTFT 10.0 ms, p99 10.0 ms", "TPOT 10.0 ms")


def test_a_slow_server_has_no_exponents():
    live = Live("server", 200, 0)
    for number in range(10):
        live.add(request(number, first=19 * SECOND, last=19 * SECOND, end=19 * SECOND))
    assert "TTFT 19.0 s, p99 19.0 s" in state(live, 20, done=10).details


def test_what_is_old_leaves_the_window():
    live = Live("server", 200, 0)
    live.add(request(0, end=SECOND))
    assert "tokens/s" in details(live, 10)
    assert "tokens/s" not in details(live, 12)


def test_a_fast_phase_has_a_shorter_window_and_bounded_memory():
    live = Live("server", 10_000, 0)
    for number in range(5000):
        live.add(request(number, end=number * MS, tokens=10))
    assert len(live._recent) == MOST
    # A request every millisecond with ten tokens each, whatever the window's length.
    assert "10,0" in details(live, 5)


def test_failures_have_no_latency():
    live = Live("server", 4, 0)
    live.add(failed(0))
    assert "TTFT" not in details(live, 1, failures=1)


def test_an_open_loop_knows_its_end_and_a_stop_rule_its_longest():
    assert state(Live("s", 9, 0, due_ns=10 * SECOND), 2).left_s == 8
    assert state(Live("s", 9, 0, due_ns=10 * SECOND, longest_ns=5 * SECOND), 2).left_s == 3
    assert state(Live("s", 9, 0, due_ns=SECOND), 2).left_s == 0


def test_a_rules_state_comes_last():
    assert state(Live("s", 9, 0), 2, rule="missed 1, 4 allowed").details == ("missed 1, 4 allowed",)


def test_it_is_due_four_times_a_second():
    live = Live("s", 9, 0)
    due = [live.due(k * SECOND // 20) for k in range(20)]
    assert due.count(True) == 4
