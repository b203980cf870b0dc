"""A probe's verdict, and when it is decided early."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.declare.analysis.objective import ProbeRule, allowed, hopeless, meets, misses, verdict
from tests.factories import phases
from tests.unit.declare.analysis.support import MS, failed, poisson, request, served

SEARCH = phases.search()
RATE = 10.0
BOUNDS = phases.objectives(ttft_ms=20.0, tpot_ms=15.0)


def slow(number):
    return request(number, first=number * 10 * MS + 50 * MS)


def probe(bad, search=SEARCH, make=slow):
    """A whole probe whose first requests are bad."""
    return [make(k) if k < bad else request(k) for k in range(search.requests)]


@pytest.mark.parametrize(
    ("planned", "percent", "bound"),
    [(100, 99, 1), (200, 99, 2), (99, 99, 0), (10, 90, 1), (1000, 99.9, 1), (100_000, 99.9, 100)],
)
def test_how_many_may_miss_is_exact(planned, percent, bound):
    assert allowed(planned, percent) == bound
    assert not hopeless(bound, planned, percent)
    assert hopeless(bound + 1, planned, percent)


@pytest.mark.parametrize(("bad", "met"), [(0, True), (1, True), (2, False), (100, False)])
@pytest.mark.parametrize("make", [slow, failed])
def test_one_more_than_may_miss_is_a_miss(bad, met, make):
    result = verdict(probe(bad, make=make), SEARCH, BOUNDS, rate=RATE, ended_by="all-sent")
    assert result.met is met
    assert result.missed == bad
    assert result.failed == (bad if make is failed else 0)
    if not met:
        assert f"{bad} of 100" in result.why


def test_each_objective_is_counted_on_its_own():
    late_tokens = request(1, last=10 * MS + 10 * MS + 9 * 16 * MS)
    assert misses(late_tokens, BOUNDS) == ["tpot_ms"]
    requests = [slow(0), late_tokens, *(request(k) for k in range(2, 100))]
    result = verdict(requests, SEARCH, BOUNDS, rate=RATE, ended_by="all-sent")
    # One outside each: every 99th percentile holds, though two requests are outside something.
    assert (result.met, result.missed) == (True, 2)


def test_latency_counts_from_the_intended_start():
    waited = request(0, sched=-15 * MS)
    assert not meets(waited, BOUNDS)
    assert meets(request(0), BOUNDS)


def test_without_objectives_only_failures_count():
    none = phases.objectives()
    assert verdict(probe(100), SEARCH, none, rate=RATE, ended_by="all-sent").met is True
    assert verdict(probe(2, make=failed), SEARCH, none, rate=RATE, ended_by="all-sent").met is False


def test_an_answer_of_one_token_has_no_time_per_token_to_miss():
    assert meets(request(0, tokens=1), BOUNDS)


def met_by(requests, bounds=BOUNDS):
    return verdict(requests, SEARCH, bounds, rate=RATE, ended_by="all-sent")


def test_tokens_that_nobody_counted_meet_no_objective_for_tpot():
    requests = probe(0)
    requests[7] = request(7, tokens=None)
    result = met_by(requests)
    assert result.met is False
    assert result.untold == "nobody counted the tokens of 1 of 100 answers as they came"
    assert result.why == f"undecided, which counts as missed: TPOT cannot be told: {result.untold}"
    assert (result.missed, result.failed) == (0, 0)
    without = met_by(requests, phases.objectives(ttft_ms=20.0))
    assert (without.met, without.untold) == (True, "")


@pytest.mark.parametrize(("whole", "met"), [(0, True), (5, True), (6, False), (100, False)])
def test_answers_in_one_piece_do_not_tell_their_tpot(whole, met):
    pieces = [request(k, last=k * 10 * MS + 10 * MS) for k in range(whole)]
    result = met_by([*pieces, *probe(0)[whole:]])
    assert result.met is met
    assert result.untold == ("" if met else f"{whole} of 100 answers arrived in one piece")


def test_answers_of_one_token_alone_meet():
    assert met_by([request(k, tokens=1) for k in range(100)]).met is True


def test_what_missed_or_was_cut_anyway_is_not_blamed_on_the_count():
    missed = met_by([item._replace(tokens=None, after=None) for item in probe(2)])
    assert (missed.met, missed.untold) == (False, "")
    assert "TTFT objective" in missed.why
    assert met_by([request(k, tokens=None) for k in range(60)]).met is None


def test_what_was_cancelled_is_not_counted():
    cancelled = [failed(k, cancelled=True) for k in range(50, 100)]
    done = [request(k) for k in range(50)]
    result = verdict([*done, *cancelled], SEARCH, BOUNDS, rate=RATE, ended_by="saturated")
    assert result.met is False
    assert result.missed == result.failed == 0
    assert "keep up" in result.why


@pytest.mark.parametrize("ended_by", ["stopped", "all-sent"])
def test_a_probe_that_was_cut_is_undecided(ended_by):
    result = verdict(probe(0)[:60], SEARCH, BOUNDS, rate=RATE, ended_by=ended_by)
    assert result.met is None
    # Unless enough has missed already.
    assert verdict(probe(2)[:60], SEARCH, BOUNDS, rate=RATE, ended_by=ended_by).met is False


@given(st.lists(st.booleans(), min_size=100, max_size=100))
def test_ending_early_never_changes_the_verdict(good):
    requests = [request(k) if fine else slow(k) for k, fine in enumerate(good)]
    whole = verdict(requests, SEARCH, BOUNDS, rate=RATE, ended_by="all-sent")
    rule = ProbeRule(SEARCH, BOUNDS, arrivals_ns=[k * 10 * MS for k in range(100)])
    ended = [rule.add(item) for item in requests]
    assert (rule.ended_by is not None) == (whole.met is False)
    if rule.ended_by is not None:
        assert ended[rule.seen - 1] == "objective-missed"
        assert ended.count(None) == 99
        cut = verdict(requests[: rule.seen], SEARCH, BOUNDS, rate=RATE, ended_by="objective-missed")
        assert cut.met is False
    else:
        assert rule.seen == 100


def test_the_percentiles_are_those_of_the_answers():
    result = verdict(probe(0), SEARCH, BOUNDS, rate=RATE, ended_by="all-sent")
    assert (result.ttft_ms, result.tpot_ms, result.e2e_ms) == pytest.approx((10.0, 10.0, 100.0))
    empty = verdict(probe(100, make=failed), SEARCH, BOUNDS, rate=RATE, ended_by="objective-missed")
    assert (empty.ttft_ms, empty.tpot_ms, empty.e2e_ms) == (None, None, None)


def test_an_overloaded_probe_ends_as_saturated_before_a_generous_objective_is_missed():
    search = phases.search(requests=2000)
    generous = phases.objectives(ttft_ms=60_000.0)
    arrivals = poisson(30, 2000, 1)
    rule = ProbeRule(search, generous, arrivals_ns=arrivals, first_index=4000)
    requests = served(arrivals, slots=4, service_ns=200 * MS, first_number=4000)
    assert "saturated" in [rule.add(item) for item in requests]
    assert rule.ended_by == "saturated"
    assert rule.seen < 1500
