"""R103 where a log is moved about, digests and all."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec.structs import replace

from suite.base.errors import SuiteError
from suite.base.status import Outcome
from suite.documents.codec import convert
from suite.documents.event import Header
from suite.judge.metrics.compute import Results
from suite.judge.rules.stamped import grew
from tests.factories import challenged
from tests.factories import evidence as factory


def test_a_set_up_that_ends_after_a_phase_makes_no_time_for_the_first_digest():
    evidence = factory.evidence(challenged.document())
    end = evidence.marks[-1].t
    first, *others = evidence.growth
    assert grew(evidence, Results({}, {}, {})).outcome is Outcome.PASS
    stamp = replace(first.stamp, stated=replace(first.stamp.stated, t=end))
    moved = dataclasses.replace(
        evidence,
        growth=(dataclasses.replace(first, stamp=stamp), *others),
        marks=tuple(
            replace(mark, t=end) if mark.name == "suite.setup.end" else mark
            for mark in evidence.marks
        ),
    )
    why = grew(moved, Results({}, {}, {}))
    assert (why.outcome, "after what it follows" in why.why) == (Outcome.FAIL, True)


@pytest.mark.parametrize(
    "start", ["2026-13-01T00:00:00", "0000-01-01T00:00:00", "9999-12-31T23:59:59"]
)
def test_a_run_starts_at_a_time_that_a_clock_shows(start):
    header = factory.document()["header"] | {"started_utc": f"{start}.000000Z"}
    with pytest.raises(SuiteError):
        convert(header, Header)
