"""A phase that gave way is held against none that did not."""

from __future__ import annotations

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from suite.documents.card import CardFact
from suite.judge.compare.inputs import differences, load_difference
from suite.judge.score import score
from tests.factories import evidence as factory
from tests.factories import loads


@pytest.fixture(scope="module")
def flood():
    card = score(factory.evidence(loads.saturated()))
    return next(phase for phase in card.phases if phase.name == "flood")


def test_over_saturated_against_not(flood):
    assert load_difference(flood, flood) == ""
    (ended,) = flood.ended
    other = replace(flood, ended=(replace(ended, by="enough"),))
    for pair in ((flood, other), (other, flood)):
        assert "over-saturated" in load_difference(*pair)
    assert "over-saturated" in load_difference(flood, replace(flood, ended=UNSET))


def test_a_cold_start_is_not_held_against_a_warm_one():
    card = score(factory.evidence(loads.saturated()))
    assert differences(card, card) == []
    cards = [
        replace(card, environment={"engine.compile_cache": CardFact(value=start)})
        for start in ("cold", "warm")
    ]
    (result,) = differences(*cards)
    assert (result.what, result.a, result.b) == ("compile cache", "cold", "warm")
    assert (result.why, result.forbids) == ("compile cache differs", ("start-up",))
