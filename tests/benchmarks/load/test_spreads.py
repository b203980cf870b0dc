"""The comparison of a client's times with the true ones."""

from array import array

import pytest

from benchmarks.load import spreads
from benchmarks.load.spreads import Spread
from benchmarks.load.times import Timed

MS = 1_000_000


def timed(index, planned, started, *tokens):
    return Timed(index, planned * MS, started * MS, array("q", [moment * MS for moment in tokens]))


def test_spreads():
    assert Spread.of([]) == Spread(0, 0, 0)
    assert Spread.of(list(range(101))) == Spread(50, 99, 100)
    assert Spread.of([3.0]) == Spread(3, 3, 3)
    assert Spread(5, 6, 7).minus(Spread(1, 2, 4)) == Spread(4, 4, 3)


def test_biases_are_the_clients_latency_minus_the_true_one():
    truth = [timed(0, 10, 10, 210, 230, 250)]
    # Sent 1 ms before it arrived, seen 2, 2 and 5 ms after the writes.
    seen = [timed(0, 9, 9, 212, 232, 255)]
    found = spreads.compare(seen, truth)
    assert found.ttft.median == pytest.approx(3)
    assert found.e2e.median == pytest.approx(6)
    assert found.itl.largest == pytest.approx(3)
    assert found.unmatched == 0


def test_itl_bias_counts_gaps_that_are_too_short_as_much_as_those_too_long():
    truth = [timed(0, 0, 0, 200, 220, 240)]
    # Two chunks in one read: the first gap is 20 ms too long, the second 20 ms too short.
    seen = [timed(0, 0, 0, 200, 240, 240)]
    assert spreads.compare(seen, truth).itl == Spread(20, 20, 20)


def test_requests_are_matched_by_number_not_by_order():
    truth = [timed(0, 0, 0, 100), timed(1, 50, 50, 180)]
    seen = [timed(1, 50, 50, 181), timed(0, 0, 0, 101)]
    found = spreads.compare(seen, truth)
    assert found.ttft.largest == pytest.approx(1)
    assert found.unmatched == 0


def test_what_cannot_be_matched_is_counted():
    truth = [timed(0, 0, 0, 100, 110), timed(1, 0, 0, 100)]
    seen = [timed(0, 0, 0, 100), timed(7, 0, 0, 100)]
    assert spreads.compare(seen, truth).unmatched == 2


def test_true_latencies_count_from_the_arrival_and_a_clients_from_its_sending():
    one = [timed(0, 10, 20, 110, 130, 160)]
    assert spreads.truth_latencies(one).ttft == [100]
    assert spreads.client_latencies(one).ttft == [90]
    assert spreads.truth_latencies(one).itl == [20, 30]
    assert spreads.truth_latencies(one, mean_gaps=True).itl == [25]
    assert spreads.truth_latencies(one).e2e == [150]
    assert spreads.truth_latencies([timed(0, 1, 1)]).ttft == []


def test_lateness():
    assert spreads.lateness([timed(0, 10, 12), timed(1, 20, 20)]).largest == 2


def test_the_steady_rate_leaves_rise_and_end_out():
    # A token a millisecond for a second, and a lone one long before and after.
    moments = [0, *range(1000, 2000), 2950]
    assert spreads.steady_tokens_s([timed(0, 0, 0, *range(1000))]) == 1000
    assert spreads.steady_tokens_s([timed(0, 0, 0, *moments)]) < 1000
    assert spreads.steady_tokens_s([timed(0, 0, 0, 5)]) == 0
