"""Endings by the clock: nothing is sent long after it, and nothing is left out long before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from suite.judge.log import endings
from suite.judge.log.phases import Noted
from tests.factories import loads
from tests.factories.loads import MS, START, S

if TYPE_CHECKING:
    from suite.judge.log.phases import PhaseLog


def log_of(
    doc: dict, events: list, *, by: str = "max-duration", end: int | None = None
) -> PhaseLog:
    noted = {"ended_by": by, "sent": len(events), "seen": len(events)}
    return loads.log(doc, loads.by_end(events), noted, end=end)


def server(seconds: float) -> dict:
    rule = loads.stop(max_duration_s=seconds, min_requests=10_000)
    return loads.phase("server", "server", **loads.arrivals(20.0, 400), stop=rule)


def test_an_open_loop_that_sent_until_its_time_was_up():
    doc = server(10.0)
    events = loads.open_loop(doc, doc["arrivals_ns"], loads.even())
    mine = loads.cut(events, START + 10 * S)
    assert endings.problem(log_of(doc, mine, end=START + 11 * S)) == ""


def test_an_open_loop_whose_last_arrivals_are_missing():
    doc = server(10.0)
    events = loads.open_loop(doc, doc["arrivals_ns"], loads.even())
    mine = loads.cut(events, START + 7 * S)
    why = endings.problem(log_of(doc, mine, end=START + 11 * S))
    assert why.startswith("sent nothing more 3.")
    # One arrival late in its time does not hide those before it.
    late = [event for event in events if event["t_send"] < START + 10 * S][-1]
    why = endings.problem(log_of(doc, [*mine, late], end=START + 11 * S))
    assert why.startswith("sent nothing more")


def test_a_phase_that_ended_before_its_time_was_up():
    doc = server(30.0)
    events = loads.open_loop(doc, doc["arrivals_ns"], loads.even())
    assert endings.problem(log_of(doc, events)).startswith("sent nothing more 1")


def lockstep() -> tuple[dict, list]:
    rule = loads.stop(max_duration_s=3.0, min_requests=10_000)
    members = {"lengths": loads.LENGTHS, "lockstep": True, "tasks": 1000, "stop": rule}
    doc = loads.phase("grid", "concurrency", concurrency=4, **members)
    return doc, loads.cut(loads.closed_loop(doc, loads.even()), START + 3 * S)


def test_batches_until_the_time_was_up():
    assert endings.problem(log_of(*lockstep())) == ""


def test_batches_that_stopped_sooner():
    doc, events = lockstep()
    half = loads.cut(events, START + 1500 * MS)
    why = endings.problem(log_of(doc, half, end=START + 4 * S))
    assert why.startswith("sent nothing more 1.5")


def test_a_long_answer_may_outlast_the_time():
    doc = loads.phase("slow", "concurrency", concurrency=4, tasks=40)
    doc["stop"] = loads.stop(max_duration_s=2.0, min_requests=10_000)
    events = loads.cut(loads.closed_loop(doc, loads.even(ttft=5 * S)), START + 2 * S)
    assert len(events) == 4
    assert endings.problem(log_of(doc, events)) == ""


@pytest.mark.parametrize("by", ["all-sent", "stopped", "something else"])
def test_other_endings_are_for_other_rules(by):
    doc, events = lockstep()
    assert endings.problem(log_of(doc, events, by=by)) == ""


def test_without_a_stop_rule_there_is_nothing_to_hold_it_against():
    doc, events = lockstep()
    del doc["stop"]
    assert endings.problem(log_of(doc, events, by="enough")) == ""


def test_notes_of_the_wrong_kind_count_as_not_said():
    noted = Noted({"a": True, "b": -1, "c": "x", "d": 2.5, "e": None})
    assert [noted.count(name) for name in "abcdef"] == [None] * 6
    assert [noted.number(name) for name in "abcdef"] == [None, -1.0, None, 2.5, None, None]
    assert [noted.text(name) for name in "abcdef"] == ["", "", "x", "", "", ""]
    assert [noted.yes(name) for name in "abcdef"] == [True, None, None, None, None, None]


@pytest.mark.parametrize(("late_ms", "why"), [(500, ""), (1500, "sent for 4.5 s")])
def test_a_request_shortly_after_its_time_was_up(late_ms, why):
    doc, events = lockstep()
    late = {name: events[-1][name] + late_ms * MS for name in ("t_sched", "t_send")}
    moved = 3 * S + late_ms * MS - (late["t_send"] - START)
    shifted = {
        name: events[-1][name] + late_ms * MS + moved
        for name in ("t_sched", "t_send", "chunk_t0", "t_end")
    }
    shown = endings.problem(log_of(doc, [*events[:-1], events[-1] | shifted], by="all-sent"))
    assert shown.startswith(why)
    assert bool(shown) == bool(why)


@pytest.mark.parametrize(("apart_ms", "sorts"), [(500, False), (1500, True)])
def test_lines_that_are_slightly_out_of_order_count_as_written(apart_ms, sorts):
    doc, events = lockstep()
    first, second = events[:2]
    swapped = [first | {"t_end": second["t_end"] + apart_ms * MS}, second]
    requests = loads.log(doc, swapped, {}).events
    assert (endings.in_order(requests) != requests) == sorts
