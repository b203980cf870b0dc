"""The rate of a probe."""

from dataclasses import replace as changed

import pytest
from msgspec.structs import replace

from suite.judge.log.phases import Noted, ProbeLog, phase_logs, rate_of
from tests.factories import evidence as factory
from tests.factories import loads


@pytest.mark.parametrize(("rate", "known"), [(0.95e-6, None), (1.05e-6, 1.05e-6)])
def test_a_rate_below_one_in_a_million_seconds_is_none(rate, known):
    log = list(phase_logs(factory.evidence(loads.search())).values())[-1]
    slow = replace(log.doc, search=replace(log.doc.search, min_rate=1e-9))
    probe = ProbeLog(0, 0, None, Noted({"rate": rate}), Noted(), ())
    assert rate_of(changed(log, doc=slow), probe) == known
