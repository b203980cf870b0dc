"""Details and loads onto the card: everything that says something, nothing else, always valid and signable."""

import pytest

from suite.base import schema
from suite.documents.card_phase import (
    CardPhase,
    Ending,
    LengthsResult,
    Load,
    Probe,
    SearchResult,
    Series,
    SteadyState,
    Track,
    Turn,
)
from suite.documents.codec import convert, plain
from suite.documents.phase import Phase
from suite.documents.value import Measured, NotMeasured
from suite.judge.attest.text import value_problem
from suite.judge.card import details
from suite.judge.card.load import load as load_of
from suite.judge.log.details import PhaseDetails
from tests.factories import evidence, scenarios, scorecard

THIRD = 1 / 3
MS = Measured(THIRD, "ms", 7, None, None, "one value")
WHY = NotMeasured("too few")
STEADY = SteadyState(
    repeat=0,
    found=True,
    why="in flight stays flat",
    start_s=THIRD,
    end_s=9.0,
    share=0.5,
    requests=41,
)
PROBE = Probe(
    number=0,
    rate=THIRD,
    planned=50,
    sent=44,
    completed=41,
    failed=1,
    cancelled=2,
    met=False,
    why="missed",
    ended_by="objective-missed",
    ttft=MS,
    tpot=WHY,
    e2e=MS,
    goodput=WHY,
)
SEARCH = SearchResult(
    repeat=0,
    percentile=99.0,
    rate=Measured(2.0, "requests/s", 9, 2.0, None, "x"),
    ended="max-probes",
    probes=(PROBE,),
)


def ended(by, *, repeat=0, most=8, sent=8, seconds=1.0):
    return Ending(repeat=repeat, by=by, most=most, sent=sent, seconds=seconds)


EVERYTHING = PhaseDetails(
    ended=(ended("enough", most=500, sent=211, seconds=THIRD),),
    steady=(STEADY,),
    searches=(SEARCH,),
    turns=(Turn(number=0, completed=4, prompt_tokens=MS, ttft=MS, tpot=WHY),),
    lengths=LengthsResult(
        input_asked=(1, 1),
        input_got=None,
        output_asked=(2, 8),
        output_got=(2, 7),
        source="engine usage",
    ),
    track=Track(bucket_s=THIRD, ttft_ms=(THIRD, None), tpot_ms=(None, None)),
)


def planned_of(**members):
    return convert(evidence.phase("p", "server") | members, Phase)


def made(details_of, **planned):
    """The phase's card as plain data."""
    phase = CardPhase(
        name="p",
        scenario="server",
        load=Load(concurrency=1, process=None, rate=None, seed=None),
        tasks=8,
        repeats=1,
        metrics={},
        series=Series(),
        token_source="none",
        arrival_source="none",
    )
    return plain(details.complete(phase, planned_of(**planned), details_of))


def test_what_says_nothing_is_left_out():
    sent = PhaseDetails(ended=(ended("all-sent"), ended("", repeat=1)))
    assert made(sent) == made(PhaseDetails())
    required = {member for member in CardPhase.__struct_fields__ if member in made(PhaseDetails())}
    assert required == {
        *(
            "name",
            "scenario",
            "load",
            "tasks",
            "repeats",
            "metrics",
            "series",
            "arrival_source",
            "token_source",
        ),
    }


def test_everything_that_is_there_makes_a_valid_card():
    card = scorecard.card()
    group = {"name": "g", "axes": {"concurrency": 4}}
    card["phases"] = [made(EVERYTHING, group=group, scenario="soak")]
    assert schema.problems(card, "scorecard") == []
    assert value_problem(card) is None
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
    assert "ended" in made(PhaseDetails(ended=(ended("all-sent"),)), stop=stop)
    assert "ended" in made(PhaseDetails(ended=(ended("stopped", sent=3),)))
    of_search = PhaseDetails(ended=(ended("resolution", sent=3),))
    assert "ended" not in made(of_search, search=SEARCHED)


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
    load = plain(load_of(planned_of(**planned)))
    assert load.get(member) == expected
    card = scorecard.card()
    card["phases"][0]["load"] = load
    assert schema.problems(card, "scorecard") == []


def test_lengths_are_said_by_their_ends_and_held_by_their_digest():
    load = load_of(planned_of(lengths=LENGTHS))
    assert load.lengths.input_tokens == (5, 9)
    assert load.lengths.output_tokens == (2, 2)
    again = load_of(planned_of(lengths=LENGTHS | {"input_tokens": [5, 9, 7]}))
    assert again.lengths.sha256 != load.lengths.sha256


def test_loads_of_the_first_profiles_stay_as_they_were():
    assert plain(load_of(planned_of())) == {
        "concurrency": None,
        "process": "poisson",
        "rate": 3.3,
        "seed": 1,
        "drawn": 3.33333333,
    }
