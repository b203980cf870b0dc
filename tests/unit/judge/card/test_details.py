"""Details and loads onto the card: everything that says something, nothing else, always valid and signable."""

import copy
import json

import pytest

from suite.base import jsonio, schema
from suite.documents.value import Measured, NotMeasured
from suite.judge.attest.text import value_problem
from suite.judge.card import details
from suite.judge.card.load import load as load_of
from suite.judge.log.details import (
    Ending,
    Lengths,
    PhaseDetails,
    Probe,
    SearchResult,
    Steady,
    Track,
    Turn,
)
from tests.factories import evidence, scenarios, scorecard

THIRD = 1 / 3
MS = Measured(THIRD, "ms", 7, None, None, "one value")
WHY = NotMeasured("too few")
STEADY = Steady(0, True, "in flight stays flat", THIRD, 9.0, 0.5, 41)
ENDED = Ending(0, "enough", 500, 211, THIRD)
PROBE = Probe(0, THIRD, 50, 44, 41, 1, 2, False, "missed", "objective-missed", MS, WHY, MS, WHY)
SEARCH = SearchResult(0, 99.0, Measured(2, "requests/s", 9, 2, None, "x"), "max-probes", (PROBE,))
EVERYTHING = PhaseDetails(
    ended=(ENDED,),
    steady=(STEADY,),
    searches=(SEARCH,),
    turns=(Turn(0, 4, MS, MS, WHY),),
    lengths=Lengths((1, 1), None, (2, 8), (2, 7), "engine usage"),
    track=Track(THIRD, (THIRD, None), (None, None)),
)


def made(details_of, **planned):
    card = scorecard.phase("p", "server", seed=1, count=8, ttft=1.0, tpot=1.0)
    details.add(card, evidence.phase("p", "server") | planned, details_of)
    return card


def test_what_says_nothing_is_left_out():
    plain = scorecard.phase("p", "server", seed=1, count=8, ttft=1.0, tpot=1.0)
    sent = PhaseDetails(ended=(Ending(0, "all-sent", 8, 8, 1.0), Ending(1, "", 8, 8, 1.0)))
    assert made(sent) == plain
    assert made(PhaseDetails()) == plain


def test_everything_that_is_there_makes_a_valid_card():
    card = scorecard.card()
    group = {"name": "g", "axes": {"concurrency": 4}}
    card["phases"] = [made(EVERYTHING, group=group, scenario="soak")]
    assert schema.problems(card, "scorecard") == []
    assert value_problem(card) is None
    assert json.loads(jsonio.canonical(card)) == card
    phase = card["phases"][0]
    assert phase["group"] == group
    assert phase["ended"][0]["seconds"] == 0.333333333
    assert phase["searches"][0]["probes"][0]["tpot"] == {"not_measured": "too few"}
    assert phase["searches"][0]["rate"]["high"] is None
    assert phase["track"] == {
        "bucket_s": 0.333333333,
        "ttft_ms": [0.333333333, None],
        "tpot_ms": [None, None],
    }
    assert phase["lengths"]["input_got"] is None


def test_how_a_phase_ended_stands_where_a_rule_could_end_it():
    stop = scenarios.EVERYTHING
    assert "ended" in made(PhaseDetails(ended=(Ending(0, "all-sent", 8, 8, 1.0),)), stop=stop)
    assert "ended" in made(PhaseDetails(ended=(Ending(0, "stopped", 8, 3, 1.0),)))
    search = {"search": {"requests": 50}}
    assert "ended" not in made(PhaseDetails(ended=(Ending(0, "resolution", 8, 3, 1.0),)), **search)


def test_only_a_soak_is_shown_over_time():
    assert "track" not in made(EVERYTHING)
    assert "track" in made(EVERYTHING, scenario="soak")


def test_a_skipped_point_carries_its_reason():
    card = made(PhaseDetails(not_run="too long " * 500))
    assert card["not_run"].startswith("too long")
    assert len(card["not_run"]) == 2000


LENGTHS = {"input_tokens": [9, 5, 7], "output_tokens": [2], "seed": 3}
TRACE = {"name": "t.csv", "sha256": "a" * 64, "speed": 2}
SESSION = {"turns": 4, "think_ms": 5.0}
SEARCHED = {
    "min_rate": 1.0,
    "max_rate": 8.0,
    "requests": 10,
    "max_probes": 4,
    "resolution": 0.1,
    "percentile": 99.0,
    "seed": 1,
}


@pytest.mark.parametrize(
    ("planned", "member", "expected"),
    [
        ({"lockstep": True}, "lockstep", True),
        ({"lockstep": False}, "lockstep", None),
        ({"stop": scenarios.EVERYTHING}, "stop", scenarios.EVERYTHING),
        ({"search": SEARCHED}, "search", SEARCHED),
        (
            {"search": SEARCHED | {"min_requests": 5, "duration_s": 30}},
            "search",
            SEARCHED | {"min_requests": 5, "duration_s": 30.0},
        ),
        ({"session": SESSION, "tasks": 8}, "session", SESSION | {"sessions": 2}),
        ({"arrivals": {"process": "gamma", "rate": 2.0, "seed": 1, "shape": 0.5}}, "shape", 0.5),
        (
            {
                "arrivals": {
                    "process": "replay",
                    "rate": 2.0,
                    "seed": 1,
                    "shape": None,
                    "trace": TRACE,
                }
            },
            "trace",
            TRACE | {"speed": 2.0},
        ),
    ],
)
def test_loads(planned, member, expected):
    load = load_of(evidence.phase("p", "server") | planned)
    assert load.get(member) == expected
    card = scorecard.card()
    card["phases"][0]["load"] = load
    assert schema.problems(card, "scorecard") == []


def test_lengths_are_said_by_their_ends_and_held_by_their_digest():
    load = load_of(evidence.phase("p", "offline", concurrency=2) | {"lengths": LENGTHS})
    assert load["lengths"]["input_tokens"] == [5, 9]
    assert load["lengths"]["output_tokens"] == [2, 2]
    other = copy.deepcopy(LENGTHS)
    other["input_tokens"] = [5, 9, 7]
    again = load_of(evidence.phase("p", "offline", concurrency=2) | {"lengths": other})
    assert again["lengths"]["sha256"] != load["lengths"]["sha256"]


def test_loads_of_the_first_profiles_stay_as_they_were():
    assert load_of(evidence.phase("p", "server")) == {
        "concurrency": None,
        "process": "poisson",
        "rate": 3.3,
        "seed": 1,
    }
