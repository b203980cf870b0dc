"""Engines that count tokens in different ways are compared by a count that both cards hold."""

from __future__ import annotations

import functools
import itertools
import re

import pytest

from suite.base import jsonio
from suite.judge.compare import difference
from suite.judge.metrics.registry import REGISTRY
from suite.judge.score import score
from tests.factories import evidence, scorecard, shipped


@functools.cache
def card(*, ids=True, usage=True, own=True, end=0, times=1, pace=1.0, pairs=False):
    """A run whose engine gives ids, a usage, or both; each counts `end` tokens beyond the text of an answer.

    With `pairs` two tokens come in one chunk; without `own` no tokenizer of the model counted.
    """
    parts = shipped.document()
    for event in parts["requests"]:
        counts, text = event["usage"], len(event["token_ids"])
        counts["own_completion"] = text
        counts["own_lead"] = list(range(1, len(event["lead_chars"]) + 1))
        event["chunk_dt"] = [int(gap * pace) for gap in event["chunk_dt"]]
        if pairs:
            in_pairs(event)
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
        if not own:
            counts.pop("own_completion")
            counts.pop("own_lead")
    parts["header"]["plan_sha256"] = jsonio.digest(parts["plan"])
    return score(evidence.evidence(parts))


def in_pairs(event):
    """The chunks of an answer two by two, each as late as its second."""
    arrivals = [event["chunk_t0"]]
    for gap in event["chunk_dt"]:
        arrivals.append(arrivals[-1] + gap)
    kept = [*arrivals[1::2], *([arrivals[-1]] if len(arrivals) % 2 else [])]
    event["chunk_t0"] = kept[0]
    event["chunk_dt"] = [later - sooner for sooner, later in itertools.pairwise(kept)]
    words = re.findall(r"\s*\S+", event["text"])[:8]
    event["lead_chars"] = [len("".join(words[at : at + 2])) for at in range(0, len(words), 2)]
    event["usage"]["own_lead"] = [2 * place for place in range(1, len(event["lead_chars"]) + 1)]


def change(diff, metric, phase="offline"):
    return next(c for c in diff.metrics if (c.phase, c.metric) == (phase, metric))


def test_the_card_says_what_every_source_counted():
    phase = next(p for p in card(end=1).phases if p.name == "offline")
    counts = {(count.of, count.source): count for count in phase.token_counts}
    assert list(counts) == [
        ("claimed", "token ids"),
        ("claimed", "engine usage"),
        ("claimed", "own tokenizer"),
        ("arrived", "engine, by chunk"),
        ("arrived", "one token a chunk"),
        ("arrived", "own tokenizer"),
    ]
    answers = phase.metrics["completed"].value
    ids, usage, own, *arrived = counts.values()
    assert ids.tokens == usage.tokens == own.tokens + answers
    assert [c.differ for c in counts.values()] == [0, 0, answers, 0, 0, 0]
    # An end token that nobody saw arrive is in the claim alone.
    assert {count.tokens for count in arrived} == {own.tokens}
    assert own.metrics.keys() == {"generated_tokens_mean", "generated_length_ratio"}
    stated, by_text = phase.metrics["generated_tokens_mean"], own.metrics["generated_tokens_mean"]
    assert by_text.value == pytest.approx(stated.value - 1)


def test_every_metric_per_token_is_there_by_every_count():
    phase = next(p for p in card(ids=False, end=1, pairs=True).phases if p.name == "offline")
    assert (phase.token_source, phase.arrival_source) == ("engine usage", "own tokenizer")
    other = next(p for p in card(own=False, end=1).phases if p.name == "offline")
    assert other.arrival_source == "engine, by chunk"
    unseen = next(
        p for p in card(ids=False, own=False, end=1, pairs=True).phases if p.name == "offline"
    )
    assert unseen.arrival_source == "none"
    by_count = {m.id for m in REGISTRY.values() if m.depends_on_count(tpot_objective=True)}
    assert {"joules_per_output_token", "tokens_per_joule", "tpot_p50", "goodput"} <= by_count


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    ("pairs", "source"), [(False, "one token a chunk"), (True, "own tokenizer")]
)
def test_ids_against_usage_alone_are_compared(swapped, pairs, source):
    sides = [card(end=1), card(ids=False, end=1, pace=0.9, pairs=pairs)]
    diff = difference.compare(*(reversed(sides) if swapped else sides))
    assert diff.comparable == "yes"
    faster = "worse-once" if swapped else "better-once"
    for metric in ("tpot_p50", "tpot_mean", *(() if pairs else ("itl_mean",))):
        result = change(diff, metric)
        assert (result.outcome, result.counted_by) == (faster, source)
    # Everything is sent at once, so the pace within an answer decides how long the phase lasts.
    for metric in ("output_throughput", "total_throughput"):
        result = change(diff, metric)
        assert result.counted_by == source
        assert result.ratio.value == pytest.approx(0.914 if swapped else 1.094, abs=0.004)
    result = change(diff, "generated_tokens_mean")
    assert (result.counted_by, result.ratio.value) == ("engine usage", 1.0)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_usage_that_leaves_out_the_end_token_is_passed_over(swapped):
    """By usage the first would write more only because it counts what the other does not."""
    sides = [card(end=1), card(ids=False, end=0)]
    diff = difference.compare(*(reversed(sides) if swapped else sides))
    result = change(diff, "generated_tokens_mean")
    assert (result.counted_by, result.ratio.value) == ("own tokenizer", 1.0)
    for metric in ("output_throughput", "tpot_mean"):
        assert change(diff, metric).ratio.value == pytest.approx(1.0)


def test_ids_alone_against_usage_alone_are_compared_by_the_text():
    diff = difference.compare(card(usage=False, end=1), card(ids=False, end=1))
    result = change(diff, "generated_tokens_mean")
    assert (result.counted_by, result.outcome) == ("own tokenizer", "not-distinguishable")
    assert change(diff, "output_throughput").outcome == "not-distinguishable"


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
    """Ids on one side and a usage on the other, several tokens a chunk, and no tokenizer that counted the texts."""
    diff = difference.compare(
        card(usage=False, own=False), card(ids=False, own=False, end=1, pairs=True)
    )
    why = "tokens were counted by token ids and by engine usage"
    assert change(diff, "output_throughput").why == why
    assert change(diff, "generated_tokens_mean").why == why
    assert change(diff, "ttft_p50").outcome != "not-comparable"
