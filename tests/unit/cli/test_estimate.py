"""How long a run takes, from its plan alone."""

import pytest
from msgspec.structs import replace

from suite.cli.estimate import Span, phase_span
from suite.cli.main import main
from suite.declare.profiles.load import profile_names
from suite.documents.phase import Session
from tests.factories import phases

STOP = phases.stop(min_duration_s=20.0, min_requests=16)


def span(answer_s=1.0, **changes):
    return phase_span(phases.phase("it", **{"tasks": 64, "concurrency": 8, **changes}), answer_s)


def test_a_closed_loop_takes_as_many_answers_as_a_stream_sends():
    assert span() == Span(8, 8)
    assert span(tasks=65) == Span(9, 9)
    assert span(answer_s=1000.0) == Span(480, 480), "the time-out ends a longer answer"


def test_an_open_loop_takes_its_arrivals_and_the_last_answer():
    arrivals = tuple(number * 10**9 for number in range(64))
    assert span(concurrency=None, arrivals_ns=arrivals) == Span(64, 64)


def test_conversations_think_between_their_turns():
    session = Session(turns=4, think_ms=500.0)
    assert span(session=session) == Span(2 * (4 + 1.5), 2 * (4 + 1.5))


def test_a_stop_rule_gives_a_range():
    assert span(tasks=800, stop=STOP) == Span(20, 100)
    assert span(tasks=800, stop=replace(STOP, min_requests=400)) == Span(50, 100)
    assert span(tasks=800, stop=replace(STOP, max_duration_s=30.0)) == Span(20, 31)
    assert span(tasks=800, stop=replace(STOP, saturation=True)) == Span(0, 100)
    assert span(tasks=8, stop=STOP) == Span(1, 1), "what is sent at most ends it too"


def test_a_search_is_at_most_all_probes_at_the_lowest_rate():
    search = phases.search(min_rate=8.0, max_rate=64.0, requests=80, max_probes=5)
    assert span(search=search) == Span(1, 5 * (10 + 1 + 1))


def test_what_is_not_run_takes_no_time():
    assert span(not_run="too long for the model") == Span(0, 0)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in profile_names()
        if "xsum" not in name and "context" not in name and name != "dataset"
    ],
)
def test_every_profile_of_the_mini_set_is_estimated(name, capsys):
    status = main(["plan", "--runtime", "sim", "--profile", name])
    out = capsys.readouterr().out
    assert status == 0
    (total,) = [line for line in out.splitlines() if line.startswith("#   all phases ")]
    assert "e+" not in total
    assert "Not in it: the engine's start" in out
    assert all(line.startswith("#") for line in out.rpartition("\n\n")[2].splitlines())
