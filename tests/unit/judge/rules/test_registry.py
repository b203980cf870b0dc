"""A rule is registered once, and what it limits counts wherever it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from suite.base.bilingual import Bilingual
from suite.base.status import Outcome
from suite.judge.card.verdict import grant
from suite.judge.metrics.compute import compute
from suite.judge.rules.registry import RULES, apply_rules
from suite.judge.rules.rule import rule, warned
from tests.factories import evidence as factory

WORDS = Bilingual("words", "词")
SAID = {"title": WORDS, "asks": WORDS, "reason": WORDS, "phases": "run"}


def test_every_rule_says_what_it_is_in_both_languages():
    for known in RULES:
        for words in (known.title, known.asks, known.reason, known.broken):
            assert words.en
            assert words.zh


def test_a_number_is_given_once():
    with pytest.raises(ValueError, match="R001"):
        rule("R001", **SAID, broken=WORDS)(RULES[0].judge)


def test_a_rule_says_how_it_ends_when_it_is_broken():
    with pytest.raises(ValueError, match="R099"):
        rule("R099", **SAID)


@pytest.mark.parametrize("place", range(len(RULES)))
def test_a_limit_counts_whichever_rule_has_it(place):
    """The division once read the limits of two modules only."""
    limiting = replace(RULES[place], judge=lambda *_: warned("lacks something"), limits="optimised")
    evidence = factory.evidence()
    granted = grant(evidence, (limiting.apply(evidence, None),))
    assert (granted.requested, granted.granted) == ("closed", "optimised")
    assert [check.rule for check in granted.obstacles] == [RULES[place].number]


def test_a_warning_without_a_limit_bars_nothing():
    evidence = factory.evidence()
    checks = apply_rules(evidence, compute(evidence))
    warnings = tuple(
        replace(check, outcome=Outcome.WARN) for check in checks if check.limits is None
    )
    assert grant(evidence, warnings).granted == "closed"
