"""A phase that gave way is held against none that did not."""

from __future__ import annotations

import copy

import pytest

from suite.judge.compare.inputs import differences, load_difference
from suite.judge.score import score
from tests.factories import evidence as factory
from tests.factories import loads


@pytest.fixture(scope="module")
def flood():
    card = score(factory.evidence(loads.saturated()))
    return next(phase for phase in card["phases"] if phase["name"] == "flood")


def test_over_saturated_against_not(flood):
    other = copy.deepcopy(flood)
    assert load_difference(flood, other) == ""
    other["ended"][0]["by"] = "enough"
    for pair in ((flood, other), (other, flood)):
        assert "over-saturated" in load_difference(*pair)
    del other["ended"]
    assert "over-saturated" in load_difference(flood, other)


def test_a_cold_start_is_not_held_against_a_warm_one():
    cards = [score(factory.evidence(loads.saturated())) for _ in range(2)]
    assert differences(*cards) == []
    for card, start in zip(cards, ("cold", "warm"), strict=True):
        card["environment"]["engine.compile_cache"] = {"value": start}
    assert differences(*cards) == [
        {"what": "compile cache", "a": "cold", "b": "warm", "forbids": ["start-up"]}
    ]
