"""What client processes may lack of each other when a phase is cut."""

import pytest

from suite.judge.log import due
from tests.factories import loads
from tests.factories.loads import MS, START


def dealt(first: int, second: int) -> list[int]:
    """Numbers of two processes, the first of which took the even ones."""
    return [*range(0, 2 * first, 2), *range(1, 2 * second, 2)]


@pytest.mark.parametrize(("second", "short"), [(75, 0), (74, 1)])
def test_a_process_may_be_a_quarter_behind(second, short):
    assert due.short_of(dealt(100, second), 2, 0, 1000) == short


@pytest.mark.parametrize(("second", "missing"), [(3, 0), (2, 1)])
def test_a_process_hears_of_an_ending_within_a_tenth_of_a_second(second, missing):
    """At 200 requests a second two processes send ten each meanwhile; two may be in flight."""
    doc = loads.phase(
        "flood", "server", **loads.arrivals(200.0, 1000), stop=loads.stop(saturation=True)
    )
    mine = [
        loads.request(doc, number, START + MS * number, START + MS * number, (MS, MS))
        for number in dealt(20, second)
    ]
    log = loads.log(doc, mine, {"ended_by": "saturated", "workers": 2})
    assert due.missing(log) == missing
