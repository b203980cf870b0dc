"""How many chunks and gaps a stream needs to say anything."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from suite.judge.log import streams
from suite.judge.rules import streams as rules
from tests.factories import evidence as factory
from tests.unit.judge.rules import controlled


def answers(chunks: int, count: int):
    """Answers of so many chunks."""
    mine = [event for event in factory.evidence(controlled.document()).requests if event.measured]
    return [
        changed(event, chunk_dt=tuple(range(chunks - 1)), chunk_tokens=(1,) * chunks)
        for event in (mine * 10)[:count]
    ]


@pytest.mark.parametrize(("chunks", "tells"), [(6, False), (7, True)])
def test_a_pace_needs_more_than_six_chunks(chunks, tells):
    assert (streams.pace(answers(chunks, 40)) is not None) == tells


@pytest.mark.parametrize(("chunks", "tells"), [(5, False), (6, True)])
def test_a_wait_needs_six_chunks(chunks, tells):
    assert (streams.waited(answers(chunks, 1)[0]) is not None) == tells


@pytest.mark.parametrize(("count", "tells"), [(16, False), (17, True)])
def test_a_pace_needs_a_hundred_gaps(count, tells):
    """Of eight chunks each, whose first gap does not count."""
    assert (streams.pace(answers(8, count)) is not None) == tells


def irregular(event, number: int):
    gaps = (4_000_000 + 997 * number + 31 * place for place in range(11))
    return changed(event, index=number, chunk_dt=tuple(gaps))


def rounded(event, number: int):
    gaps = (1_000 * (4_000 + 13 * number + place) for place in range(11))
    return changed(event, index=number, chunk_dt=tuple(gaps))


@pytest.mark.parametrize(("sound", "outcome"), [(900, "fail"), (1_100, "pass")])
def test_the_first_two_thousand_answers_are_compared(sound, outcome):
    """Of 3,000 answers the first are sound, the others of the first 2,000 rounded, and the last sound again."""
    [event] = answers(12, 1)
    requests = [
        (rounded if sound <= number < 2_000 else irregular)(event, number)
        for number in range(3_000)
    ]
    evidence = replace(factory.evidence(controlled.document()), requests=tuple(requests))
    assert rules.irregular(evidence, None).outcome == outcome
