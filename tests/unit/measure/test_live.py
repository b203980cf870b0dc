"""The live line: what it says, and that it stays small."""

from suite.measure.live import MOST, Live
from tests.unit.declare.analysis.support import MS, SECOND, failed, request


def line(live, second, done=0, failures=0, in_flight=0, extra=""):
    return live.text(second * SECOND, done, failures, in_flight, extra)


def test_before_anything_has_ended_it_tells_the_counts():
    live = Live("server", 40, 0)
    assert line(live, 2, in_flight=3) == "server: 0/40 done, 0 failed, 3 in flight · 2 s"


def test_the_window_has_tokens_and_latencies():
    live = Live("server", 200, 0)
    for number in range(100):
        live.add(request(number))
    text = line(live, 2, done=100)
    assert "100/200 done" in text
    assert "500 tokens/s" in text
    assert "TTFT 10 p99 10 ms" in text
    assert "TPOT 10 ms" in text
    assert "2 s, ≤ 2 s left" in text


def test_what_is_old_leaves_the_window():
    live = Live("server", 200, 0)
    live.add(request(0, end=SECOND))
    assert "tokens/s" in line(live, 10)
    assert "tokens/s" not in line(live, 12)


def test_a_fast_phase_has_a_shorter_window_and_bounded_memory():
    live = Live("server", 10_000, 0)
    for number in range(5000):
        live.add(request(number, end=number * MS, tokens=10))
    assert len(live._recent) == MOST
    # A request every millisecond with ten tokens each, whatever the window's length.
    assert "10,000 tokens/s" in live.text(5000 * MS, 5000, 0, 0) or "10,0" in line(live, 5)


def test_failures_have_no_latency():
    live = Live("server", 4, 0)
    live.add(failed(0))
    assert "TTFT" not in line(live, 1, failures=1)


def test_an_open_loop_knows_its_end_and_a_stop_rule_its_longest():
    assert "≤ 8 s left" in line(Live("s", 9, 0, due_ns=10 * SECOND), 2)
    assert "≤ 3 s left" in line(Live("s", 9, 0, due_ns=10 * SECOND, longest_ns=5 * SECOND), 2)
    assert "≤ 0 s left" in line(Live("s", 9, 0, due_ns=SECOND), 2)


def test_a_rules_state_comes_last():
    assert line(Live("s", 9, 0), 2, extra="missed 1, 4 allowed").endswith("· missed 1, 4 allowed")


def test_it_is_due_four_times_a_second():
    live = Live("s", 9, 0)
    due = [live.due(k * SECOND // 20) for k in range(20)]
    assert due.count(True) == 4
