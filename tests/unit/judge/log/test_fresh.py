"""New tasks beside known ones: how many there must be, and how long."""

import pytest

from suite.judge.log import fresh
from tests.factories import challenged
from tests.factories import evidence as factory


@pytest.mark.parametrize(("count", "tells"), [(7, False), (8, True)])
def test_eight_of_each_are_needed(count, tells):
    assert (fresh.gap([0.0] * count, [0.0] * 20) is not None) == tells


@pytest.mark.parametrize(("chunks", "tells"), [(4, False), (5, True)])
def test_a_pace_needs_four_chunks_after_the_first(chunks, tells):
    parts = challenged.document()
    for request in parts["requests"]:
        for member, kept in (("chunk_dt", chunks - 1), ("chunk_tokens", chunks)):
            request[member] = request[member][:kept]
    assert (fresh.pace(factory.evidence(parts)) is not None) == tells
