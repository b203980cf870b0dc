"""Engines that count tokens in different ways are compared by a count that both cards hold."""

from __future__ import annotations

import functools

import pytest

from suite.base import jsonio
from suite.judge.compare import difference
from suite.judge.metrics.registry import REGISTRY
from suite.judge.score import score
from tests.factories import evidence, scorecard, shipped


@functools.cache
def card(*, ids=True, usage=True, end=0, times=1, pace=1.0):
    """A run whose engine gives ids, a usage, or both; each counts `end` tokens beyond the text of an answer."""
    parts = shipped.document()
    for event in parts["requests"]:
        counts, text = event["usage"], len(event["token_ids"])
        counts["own_completion"] = text
        event["chunk_dt"] = [int(gap * pace) for gap in event["chunk_dt"]]
        if ids:
            event["token_ids"] += [2] * end
            counts["ids_completion"] = text + end
        else:
            event["token_ids"] = event["chunk_tokens"] = None
            del counts["ids_completion"]
        if usage:
            counts["engine_completion"] = (text + end) * times
        else:
            del counts["engine_completion"]
    parts["header"]["plan_sha256"] = jsonio.digest(parts["plan"])
    return score(evidence.evidence(parts))


def change(diff, metric, phase="offline"):
    return next(c for c in diff.metrics if (c.phase, c.metric) == (phase, metric))


def test_the_card_says_what_every_source_counted():
    phase = next(p for p in card(end=1).phases if p.name == "offline")
    ids, usage, own = phase.token_counts
    answers = phase.metrics["completed"].value
    assert [c.source for c in phase.token_counts] == ["token ids", "engine usage", "own tokenizer"]
    assert ids.tokens == usage.tokens == own.tokens + answers
    assert [c.differ for c in phase.token_counts] == [0, 0, answers]
    assert not ids.metrics
    assert not usage.metrics
    by_count = {m.id for m in REGISTRY.values() if m.depends_on_count(tpot_objective=True)}
    assert own.metrics.keys() == by_count & phase.metrics.keys()
    assert {"joules_per_output_token", "tokens_per_joule", "goodput"} <= own.metrics.keys()
    stated, by_text = phase.metrics["output_throughput"], own.metrics["output_throughput"]
    assert by_text.value == pytest.approx(stated.value * own.tokens / ids.tokens)


@pytest.mark.parametrize("swapped", [False, True])
def test_ids_against_usage_alone_are_compared_by_usage(swapped):
    sides = [card(end=1), card(ids=False, end=1, pace=0.5)]
    diff = difference.compare(*(reversed(sides) if swapped else sides))
    for metric in ("tpot_p50", "tpot_mean"):
        found = change(diff, metric)
        assert (found.outcome, found.counted_by) == (
            "worse" if swapped else "better",
            "engine usage",
        )
    # As many tokens arrive in the same time: the load decides, not the pace within an answer.
    for metric in ("output_throughput", "total_throughput"):
        found = change(diff, metric)
        assert (found.outcome, found.counted_by) == ("not-distinguishable", "engine usage")
    # A usage with an end token does not say that each chunk carried one token; the text does.
    found = change(diff, "itl_mean")
    assert (found.outcome, found.counted_by) == (
        "worse" if swapped else "better",
        "own tokenizer",
    )
    assert diff.comparable == "yes"


@pytest.mark.parametrize("swapped", [False, True])
def test_a_usage_that_leaves_out_the_end_token_is_passed_over(swapped):
    """By usage the first would be faster only because it counts what the other does not."""
    sides = [card(end=1), card(ids=False, end=0)]
    diff = difference.compare(*(reversed(sides) if swapped else sides))
    for metric in ("output_throughput", "tpot_mean", "generated_tokens_mean"):
        found = change(diff, metric)
        assert found.counted_by == "own tokenizer"
        assert found.outcome == "not-distinguishable"
        assert found.a.value == pytest.approx(found.b.value)


def test_ids_alone_against_usage_alone_are_compared_by_the_text():
    diff = difference.compare(card(usage=False, end=1), card(ids=False, end=1))
    found = change(diff, "output_throughput")
    assert (found.counted_by, found.outcome) == ("own tokenizer", "not-distinguishable")


def test_a_count_that_a_rule_refuted_compares_nothing_per_token():
    """The tripled usage of one side; what the engine claims makes it no faster."""
    honest, tripled = card(end=1), card(ids=False, end=1, times=3)
    assert not tripled.verdict.conformant
    for pair in ((honest, tripled), (tripled, honest)):
        diff = difference.compare(*pair)
        assert diff.comparable == "no"
        assert {c.outcome for c in diff.metrics} == {"not-comparable"}


def test_counts_that_contradict_each_other_are_named():
    made = [scorecard.card(), scorecard.card()]
    check = next(c for c in made[1]["checks"] if c["rule"] == "R014")
    check["outcome"] = "fail"
    cards = [scorecard.document(side) for side in made]
    pair = difference._counted_alike(
        difference._Comparison(*cards, {}, 0.02),
        difference.REGISTRY["tpot_p50"],
        cards[0].phases[1],
        cards[1].phases[1],
    )
    assert pair.obstacle == "the token counts of the second card contradict each other (R014)"


def test_no_common_count_is_said():
    """Without the suite's tokenizer, ids on one side and a usage on the other have nothing in common."""
    cards = []
    for ids in (True, False):
        parts = shipped.document()
        for event in parts["requests"]:
            del event["usage"]["own_completion"]
            if ids:
                del event["usage"]["engine_completion"]
            else:
                event["token_ids"] = event["chunk_tokens"] = None
                del event["usage"]["ids_completion"]
        parts["header"]["plan_sha256"] = jsonio.digest(parts["plan"])
        cards.append(score(evidence.evidence(parts)))
    found = change(difference.compare(*cards), "output_throughput")
    assert found.why == "tokens were counted by token ids and by engine usage"
