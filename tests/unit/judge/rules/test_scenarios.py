"""What the rules about answers say of phases that ask something else than the tasks."""

from __future__ import annotations

import pytest

from suite.base.status import Outcome
from suite.judge.card.verdict import conformant, grant
from suite.judge.metrics.compute import compute
from suite.judge.rules.registry import apply_rules
from tests.factories import evidence as factory
from tests.factories import loads

QUALITY = ("R020", "R021", "R022", "R023", "R024", "R026")


def alone(parts: dict) -> dict:
    """Without the single stream that asks the tasks."""
    phases = parts["plan"]["workload"]["phases"]
    parts["plan"]["workload"]["phases"] = [p for p in phases if p["name"] != "single-stream"]
    parts["requests"] = [r for r in parts["requests"] if r["phase"] != "single-stream"]
    parts["marks"] = [m for m in parts["marks"] if m.get("phase") != "single-stream"]
    parts["footer"]["requests"] = len(parts["requests"])
    return parts


def judge(parts: dict) -> dict:
    evidence = factory.evidence(parts)
    return {check.rule: check for check in apply_rules(evidence, compute(evidence))}


def test_synthetic_prompts_are_held_to_no_summary_and_cannot_be_closed():
    parts = alone(loads.lengths())
    checks = judge(parts)
    for rule in (*QUALITY, "R014"):
        assert checks[rule].outcome is Outcome.NOT_APPLICABLE, checks[rule]
    assert checks["R032"].outcome is Outcome.WARN
    evidence = factory.evidence(parts)
    granted = grant(evidence, tuple(c for r, c in checks.items() if r not in ("R038", "R039")))
    assert (granted.requested, granted.granted) == ("closed", "open")
    assert conformant(tuple(checks.values()))


def test_answers_with_a_history_are_not_held_to_the_reference():
    parts = loads.multi_turn()
    for event in parts["requests"]:
        if event["phase"] == "chat" and event["index"] % 3:
            event["text"] = f"Nobody knows what this number {event['index']} may mean to anyone."
    checks = judge(parts)
    for rule in QUALITY:
        assert checks[rule].outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE), checks[rule]


def test_poor_answers_to_the_tasks_are_found_beside_synthetic_ones():
    parts = loads.lengths()
    for event in parts["requests"]:
        if event["phase"] == "single-stream":
            event["text"] = f"Nobody knows what this number {event['index']} may mean to anyone."
    assert judge(parts)["R020"].outcome is Outcome.FAIL
    assert judge(parts)["R022"].outcome is Outcome.FAIL


def test_answers_of_a_search_are_held_to_the_reference():
    parts = alone(loads.search())
    assert judge(parts)["R020"].outcome is Outcome.PASS
    for event in parts["requests"]:
        event["text"] = f"Nobody knows what this number {event['index']} may mean to anyone."
    assert judge(parts)["R020"].outcome is Outcome.FAIL


def test_failures_of_a_search_are_misses_and_not_failures_of_the_run():
    parts = loads.search()
    for event in parts["requests"]:
        if event["phase"] == "search" and 900 <= event["index"] < 1200:
            event["outcome"] = "timeout"
    checks = judge(parts)
    assert checks["R010"].outcome is Outcome.PASS
    assert checks["R041"].outcome is Outcome.FAIL  # it would have been stopped sooner


@pytest.mark.parametrize("seed", range(5))
def test_a_server_that_keeps_up_is_not_called_over_saturated(seed):
    doc = loads.phase("server", "server", **loads.arrivals(30.0, 600, seed=seed))
    events = loads.open_loop(doc, doc["arrivals_ns"], loads.even(seed=seed), servers=4)
    parts = loads.run(doc, events, loads.marks(doc, events, {}))
    assert judge(parts)["R046"].outcome is Outcome.PASS


def test_requests_that_are_recorded_late_do_not_change_an_ending_by_the_clock():
    parts = loads.timed()
    mine = [event for event in parts["requests"] if event["phase"] == "timed-c4"]
    others = [event for event in parts["requests"] if event["phase"] != "timed-c4"]
    parts["requests"] = others + mine[::-1]
    assert judge(parts)["R040"].outcome is Outcome.PASS


def test_history_that_was_dropped_need_not_grow():
    parts = loads.multi_turn()
    for event in parts["requests"]:
        if event["phase"] == "chat" and event["index"] % 3 == 2:
            event["truncated"] = True
            event["usage"] |= {"own_prompt": 60, "engine_prompt": 60}
    checks = judge(parts)
    assert checks["R043"].outcome is Outcome.PASS
    assert checks["R017"].outcome is Outcome.WARN
