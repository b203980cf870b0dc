"""When times per output token say nothing about the engine."""

import pytest

from suite.documents.value import NotMeasured
from suite.judge.metrics.compute import compute
from tests.factories import evidence as factory


@pytest.mark.parametrize(("whole", "tells"), [(4, True), (5, False)])
def test_one_answer_in_twenty_may_arrive_in_one_piece(trace, whole, tells):
    """Of 91 answers."""
    trace.phase("p", "offline", 91)
    for number in range(91):
        if number < whole:
            trace.request("p", 0, [100], tokens=3, chunk_tokens=[3])
        else:
            trace.request("p", 0, [100, 110, 120])
    value = compute(trace.evidence()).phases["p"].metrics["tpot_p50"]
    assert isinstance(value, NotMeasured) != tells


@pytest.mark.parametrize(("share", "tells"), [(0.85, False), (0.95, True)])
def test_the_texts_hold_nine_tenths_of_the_claimed_tokens(share, tells):
    parts = factory.document()
    for request in parts["requests"]:
        count = request["usage"]["own_completion"]
        request |= {"chunk_tokens": None, "token_ids": None}
        request["usage"] |= {
            "own_completion": count * 20,
            "engine_completion": round(count * 20 / share),
            "own_lead": [1] * len(request["lead_chars"]),
        }
        del request["usage"]["ids_completion"]
    value = compute(factory.evidence(parts)).phases["offline"].metrics["tpot_p50"]
    assert isinstance(value, NotMeasured) != tells
