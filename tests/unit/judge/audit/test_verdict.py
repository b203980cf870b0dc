"""The verdict over tokens whose margins are known: ties pass, wide margins and too many divergences do not."""

from __future__ import annotations

import math

import pytest

from suite.judge.audit.verdict import (
    FALSE_ALARM,
    FLIPS,
    LEAST_BAND,
    LEAST_TOKENS,
    SAFETY,
    Token,
    at_least,
    figures,
)


def agreeing(count: int, change: float = 2e-5, flips: int = 0) -> list[Token]:
    return [Token(1, 0.0, 3.0, change, int(place < flips)) for place in range(count)]


def diverging(count: int, margin: float) -> list[Token]:
    return [Token(2, margin, margin, 2e-5, 0) for _ in range(count)]


def test_a_reference_that_agrees_everywhere_is_the_same_model():
    result = figures(agreeing(1000))
    assert (result.verdict, result.mismatches, result.p) == ("same", 0, 1.0)


def test_divergences_within_the_band_are_ties():
    result = figures([*agreeing(990), *diverging(10, LEAST_BAND)])
    assert (result.verdict, result.mismatches, result.wide) == ("same", 10, 0)


def test_the_band_grows_with_what_arithmetic_changes():
    tokens = [*agreeing(990, change=0.05), *diverging(8, 0.1)]
    assert figures(tokens).band == pytest.approx(SAFETY * 0.05)
    assert figures(tokens).verdict == "same"
    assert figures([*agreeing(990), *diverging(8, 0.1)]).verdict == "different"


def test_few_wide_divergences_are_enough_and_one_near_the_band_is_not():
    assert figures([*agreeing(997), *diverging(3, 0.008)]).verdict == "different"
    assert figures([*agreeing(999), *diverging(1, 0.0002)]).verdict == "same"


def test_many_ties_are_too_many():
    few, many = diverging(5, LEAST_BAND), diverging(60, LEAST_BAND)
    assert figures([*agreeing(940), *few]).verdict == "same"
    result = figures([*agreeing(940), *many])
    assert (result.wide, result.verdict) == (0, "different")
    # The same number is no sign of anything where the reference flips as often by itself.
    assert figures([*agreeing(940, flips=40), *many]).verdict == "same"


def test_too_few_tokens_show_another_model_and_never_the_same():
    assert figures(agreeing(LEAST_TOKENS - 1)).verdict == "undecided"
    assert figures(agreeing(LEAST_TOKENS)).verdict == "same"
    assert figures([*agreeing(90), *diverging(10, 1.0)]).verdict == "different"


@pytest.mark.parametrize(("number", "trials", "chance"), [(1, 5, 0.2), (3, 10, 0.5), (10, 10, 0.9)])
def test_the_tail_is_the_binomial_one(number, trials, chance):
    exact = sum(
        math.comb(trials, k) * chance**k * (1 - chance) ** (trials - k)
        for k in range(number, trials + 1)
    )
    assert at_least(number, trials, chance) == pytest.approx(exact)


def test_honest_flips_stay_below_the_stated_rate():
    """Two counts of one rate (and of twice the rate, which is granted) are seldom called different."""
    for rate in (1, 10):
        wrong = 0.0
        for own in range(40):
            for run in range(60):
                chance = _poisson(own, rate) * _poisson(run, FLIPS * rate)
                p = at_least(run, run + own + 1, FLIPS / (FLIPS + 1))
                wrong += chance * (2 * p < FALSE_ALARM)
        assert wrong <= FALSE_ALARM


def _poisson(k: int, mean: float) -> float:
    return math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1))
