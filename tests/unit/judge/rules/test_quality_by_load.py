"""R027: which loads are compared, with what, and which differences count."""

from __future__ import annotations

import random

import pytest

from suite.base.status import Outcome
from suite.judge.metrics.compute import compute
from suite.judge.rules import quality_by_load
from tests.factories import evidence as factory
from tests.factories import loads
from tests.unit.judge.rules import manytasks

SWEEP = ("sweep-c1", "sweep-c4", "sweep-c16")


def judge(parts: dict):
    evidence = factory.evidence(parts)
    return quality_by_load.holds_under_load(evidence, compute(evidence))


def chosen(parts: dict, phase: str, first: int = 0, last: int = 1 << 30) -> list[dict]:
    return [
        event
        for event in parts["requests"]
        if event["phase"] == phase and event["measured"] and first <= event["index"] <= last
    ]


def halve(events: list[dict]) -> None:
    for event in events:
        words = event["text"].split()
        event["text"] = " ".join(words[: len(words) // 2])


def test_equal_answers_are_not_scored_again(monkeypatch):
    parts = manytasks.sweep()
    evidence = factory.evidence(parts)
    results = compute(evidence)
    asked = []
    monkeypatch.setattr(
        quality_by_load.rouge, "score_texts", lambda pairs: asked.extend(pairs) or {}
    )
    assert quality_by_load.holds_under_load(evidence, results).outcome is Outcome.PASS
    assert asked == []


def test_harmless_differences_in_a_few_tasks_are_no_loss():
    parts = manytasks.sweep()
    for event in chosen(parts, "sweep-c16", 0, 2):
        event["text"] += " or so"  # a little worse
    for event in chosen(parts, "sweep-c16", 3, 4):
        event["text"] = event["text"].replace(" evening", "")  # a little better
    found = judge(parts)
    assert found.outcome is Outcome.PASS
    assert "equal at 1 of them" in found.why
    assert found.why.endswith("not compared: sweep-c1")


def test_other_words_of_the_same_worth_are_no_loss():
    parts = manytasks.sweep()
    for event in chosen(parts, "sweep-c16"):
        event["text"] = event["text"].replace("Monday", "Tuesday")
    assert judge(parts).outcome is Outcome.PASS


@pytest.mark.parametrize("phase", SWEEP)
def test_whichever_load_is_worse_is_found_and_named(phase):
    parts = manytasks.sweep()
    halve(chosen(parts, phase))
    found = judge(parts)
    assert found.outcome is Outcome.FAIL
    # The lightest load has none below it: what shows is that the next is better.
    wrong, words = ("sweep-c4", "is") if phase == "sweep-c1" else (phase, "lighter")
    assert any(place.startswith(f"{wrong}:") and words in place for place in found.evidence)
    assert "rouge1" in found.why
    assert len(found.evidence) <= 3


def test_a_loss_from_some_load_on_is_compared_with_the_sound_loads():
    parts = manytasks.sweep()
    for phase in SWEEP[1:]:
        halve(chosen(parts, phase))
    found = judge(parts)
    assert found.outcome is Outcome.FAIL
    assert "24 tasks" in found.why


def test_a_loss_of_a_few_percent_in_every_answer_is_found():
    parts = manytasks.sweep()
    for event in chosen(parts, "sweep-c16"):
        event["text"] += " again"
    assert judge(parts).outcome is Outcome.FAIL


def test_the_probe_that_gave_the_rate_is_not_diluted_by_the_others():
    parts = manytasks.search()
    halve(chosen(parts, "search", 1800, 2099))
    found = judge(parts)
    assert found.outcome is Outcome.FAIL
    assert found.why.count("search/0 probe 6") == 1


def test_a_probe_that_was_stopped_counts_for_nothing():
    parts = manytasks.search()
    halve([event for event in chosen(parts, "search", 900, 1199) if event["outcome"] == "ok"])
    assert judge(parts).outcome is Outcome.PASS


def test_too_few_tasks_in_common_are_not_judged_and_that_is_said():
    found = judge(factory.document())
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert "at most 8 tasks" in found.why


@pytest.mark.parametrize("build", [loads.lengths, loads.multi_turn])
def test_one_load_that_asks_the_tasks_has_nothing_to_be_compared_with(build):
    found = judge(build())
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert "fewer than two loads" in found.why


def test_answers_without_any_worth_under_light_load_are_found():
    parts = manytasks.sweep()
    for phase in ("single-stream", "sweep-c1"):
        for event in chosen(parts, phase):
            event["text"] = "zzz"
    assert judge(parts).outcome is Outcome.FAIL


def test_repeats_of_a_task_count_once_with_their_mean():
    parts = manytasks.search()
    # One of a task's twelve or thirteen answers in the probe is empty of sense: a loss of a twelfth at most.
    for event in chosen(parts, "search", 1800, 1803):
        event["text"] = "zzz"
    assert judge(parts).outcome is Outcome.PASS


def test_the_order_of_the_lines_changes_nothing():
    parts = manytasks.sweep()
    source = random.Random(5)
    for event in chosen(parts, "sweep-c16"):
        event["text"] = " ".join(source.sample(event["text"].split(), 4))
    first = judge(parts)
    parts["requests"].reverse()
    assert judge(parts) == first
