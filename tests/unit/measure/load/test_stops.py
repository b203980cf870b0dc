"""How a phase ends: everything sent, enough seen, cancelled, stopped; and what is said about it."""

from __future__ import annotations

import json

from suite.measure.engine import sim
from suite.measure.load.sources import Sessions
from suite.measure.load.stats import Ending
from tests.unit.measure.load.support import job, send
from tests.unit.measure.load.test_sources import Talk


def after(events, count, ending):
    """The ending as soon as so many requests have ended."""
    return lambda: ending if len(events) >= count else None


def test_everything_sent(faulty):
    stats = send(faulty, [job(i, "x") for i in range(5)], concurrency=2).stats
    assert (stats.ended_by, stats.sent, stats.unsent, stats.workers) == ("all-sent", 5, 0, 1)
    told = stats.to_json()
    assert (told["ended_by"], told["sent"], told["workers"]) == ("all-sent", 5, 1)
    assert "ended by" not in stats.summary()


def test_enough_waits_for_what_is_in_flight():
    events = []
    enough = after(events, 4, Ending("enough"))
    jobs = [job(i, f"x {i}", tokens=40) for i in range(200)]
    with sim.start(json.dumps({"ttft_ms": 20, "itl_ms": 2})) as server:
        result = send(server.base_url, jobs, concurrency=4, enough=enough, events=events)
    stats = result.stats
    assert stats.ended_by == "enough"
    assert not stats.stopped
    assert 4 < stats.sent < 200
    assert stats.outcomes == {"ok": stats.sent}
    assert stats.unsent == 200 - stats.sent
    # What was sent is the beginning of the list.
    assert sorted(event.index for event in events) == list(range(stats.sent))
    assert "ended by enough" in stats.summary()


def test_enough_ends_an_open_loop():
    events = []
    enough = after(events, 3, Ending("saturated"))
    jobs = [job(i, f"x {i}", at=i * 10_000_000) for i in range(500)]
    with sim.start(json.dumps({"ttft_ms": 5, "itl_ms": 1})) as server:
        result = send(server.base_url, jobs, concurrency=None, enough=enough, events=events)
    assert result.stats.ended_by == "saturated"
    assert result.stats.outcomes == {"ok": result.stats.sent}
    assert result.stats.sent < 500


def test_an_ending_that_cancels(faulty):
    events = []
    enough = after(events, 2, Ending("objective-missed", cancel=True))
    jobs = [job(i, "x" if i < 2 else "<silent>") for i in range(10)]
    result = send(faulty, jobs, concurrency=3, enough=enough, events=events)
    assert result.stats.ended_by == "objective-missed"
    assert result.stats.outcomes == {"ok": 2, "cancelled": 3}
    assert (result.stats.sent, result.stats.unsent, result.stats.stopped) == (5, 5, False)


def test_a_rule_may_still_cancel_when_everything_is_sent(faulty):
    events = []
    enough = after(events, 2, Ending("objective-missed", cancel=True))
    jobs = [job(0, "x"), job(1, "x"), job(2, "<silent>")]
    result = send(faulty, jobs, concurrency=3, enough=enough, events=events)
    assert result.stats.ended_by == "objective-missed"
    assert result.stats.outcomes == {"ok": 2, "cancelled": 1}


def test_a_rule_that_only_ends_sending_has_no_say_when_everything_is_sent():
    jobs = [job(i, "x", tokens=100) for i in range(3)]
    with sim.start(json.dumps({"ttft_ms": 50, "itl_ms": 2})) as server:
        result = send(server.base_url, jobs, concurrency=3, enough=lambda: Ending("enough"))
    assert result.stats.ended_by == "all-sent"
    assert result.stats.outcomes == {"ok": 3}


def test_a_signal_while_the_last_requests_are_waited_for(faulty):
    events = []
    asked = []

    def stop():
        asked.append(len(events))
        return len(asked) > 8

    enough = after(events, 1, Ending("enough"))
    jobs = [job(i, "<silent>" if i else "x") for i in range(10)]
    result = send(faulty, jobs, concurrency=2, enough=enough, stop=stop, events=events)
    stats = result.stats
    assert (stats.ended_by, stats.stopped) == ("stopped", True)
    assert stats.outcomes["cancelled"] == stats.sent - 1


def test_a_stopped_phase_says_so(faulty):
    stats = send(faulty, [job(0, "x")], stop=lambda: True).stats
    assert (stats.ended_by, stats.sent, stats.unsent) == ("stopped", 0, 1)


def test_enough_ends_sessions_between_their_turns():
    events = []
    enough = after(events, 3, Ending("enough"))
    talks = [Talk(i * 50, 50) for i in range(4)]
    source = Sessions(talks, 2, 10_000_000, planned=200)
    with sim.start(json.dumps({"ttft_ms": 5, "itl_ms": 1})) as server:
        result = send(server.base_url, source, enough=enough, events=events)
    assert result.stats.ended_by == "enough"
    assert result.stats.outcomes == {"ok": result.stats.sent}
    assert result.stats.sent < 200
