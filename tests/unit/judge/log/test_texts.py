"""Texts of any length are judged in bounded time, and what was cut is said."""

import time

import pytest
from msgspec.structs import replace as changed

from suite.judge.log.texts import bounded, characters
from suite.judge.report.formats import registry
from suite.judge.report.formats.format import Subject
from suite.judge.score import score
from tests.factories import evidence as factory

TEN_MEGABYTES = {
    "one word": "y" * 10_000_000,
    "different words": " ".join(f"w{number}s" for number in range(1_200_000)),
    "lines": "the cat\n" * 1_250_000,
    "tags": "<think>" * 1_400_000,
    "full stops": "." * 10_000_000,
}


@pytest.fixture(scope="module")
def sound():
    return factory.evidence()


def _with(evidence, text):
    from dataclasses import replace

    first, *rest = evidence.requests
    return replace(evidence, requests=(changed(first, text=text, measured=True), *rest))


def test_short_texts_are_left_alone(sound):
    assert bounded(sound) is sound


@pytest.mark.parametrize("kind", TEN_MEGABYTES)
def test_an_answer_of_ten_megabytes_takes_no_time_and_is_a_finding(sound, kind):
    evidence = _with(sound, TEN_MEGABYTES[kind])
    began = time.process_time()
    card = score(evidence)
    registry.render("other-tools", Subject(card, evidence=evidence))
    assert time.process_time() - began < 10
    result = next(item for item in card.checks if item.rule == "R071")
    assert result.outcome == "fail"
    assert f"{characters(evidence.plan):,} characters or more" in result.why
    assert not card.verdict.conformant


def test_the_limit_follows_from_the_plan_and_ends_somewhere(sound):
    decoding = changed(sound.plan.workload.decoding, max_new_tokens=2**53 - 1)
    plan = changed(sound.plan, workload=changed(sound.plan.workload, decoding=decoding))
    assert characters(plan) == 262_144
    assert characters(sound.plan) < 262_144
    assert characters(sound.plan) == 1024 + 64 * 256
