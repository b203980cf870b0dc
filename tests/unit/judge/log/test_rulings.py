"""A probe that was sent on after it was decided."""

import pytest

from suite.declare.analysis import objective
from suite.declare.profiles.arrivals import probe_schedule
from suite.documents.codec import convert
from suite.documents.phase import Search
from suite.documents.workload import Objectives
from suite.judge.log.phases import Noted, ProbeLog
from suite.judge.log.rulings import ruling_of
from tests.factories import loads

RATE = 100.0
BOUNDS = {"ttft_ms": 300.0, "tpot_ms": 50.0, "e2e_ms": None}


@pytest.mark.parametrize(("after_s", "late"), [(0.6, False), (1.4, True)])
def test_a_second_of_grace(after_s, late):
    """Two servers of 75 ms are asked for 100 requests a second."""
    doc = loads.phase("search", "slo_search", lateness_bound_ms=5.0)
    doc["search"] = {
        "min_rate": 8.0, "max_rate": 512.0, "requests": 900, "max_probes": 12,
        "resolution": 0.1, "percentile": 95.0, "seed": 6,
    }  # fmt: skip
    search, objectives = convert(doc["search"], Search), convert(BOUNDS, Objectives)
    times = probe_schedule(search, 0, RATE)
    events = loads.by_end(loads.open_loop(doc, times, loads.even(), servers=2))
    rule = objective.ProbeRule(search, objectives, arrivals_ns=times, first_index=0)
    seen = [loads.seen(event) for event in events]
    decided = next(request.end for request in seen if rule.add(request))
    sent = [request for request in seen if request.sent <= decided + after_s * loads.S]
    assert max(request.sent for request in sent) > decided + (after_s - 0.3) * loads.S
    probe = ProbeLog(0, 0, None, Noted({"rate": RATE}), Noted({"ended_by": "all-sent"}), ())
    assert bool(ruling_of(search, probe, objectives, RATE, sent).overlooked) == late
