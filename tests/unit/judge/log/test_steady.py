"""How a card's track over time is cut."""

import pytest

from suite.judge.metrics.compute import compute
from tests.factories import evidence as factory
from tests.factories import loads


@pytest.mark.parametrize(("answers", "buckets"), [(120, 30), (400, 60)])
def test_a_track_has_sixty_buckets_of_four_answers(answers, buckets):
    made = loads.open_ended(
        loads.phase("p", "server", **loads.arrivals(20.0, answers)), loads.even()
    )
    assert len(compute(factory.evidence(made)).phases["p"].details.track.ttft_ms) == buckets
