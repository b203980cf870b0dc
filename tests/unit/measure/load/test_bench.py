"""The client's own ceiling, on a load that is small enough for a test."""

from __future__ import annotations

import pytest

from suite.base.errors import EvidenceError
from suite.measure.load import bench
from suite.measure.load.bench import Case, Spread, measure


@pytest.mark.parametrize("case", [Case(4, 12, 0, 10, 1, 16), Case(0, 12, 200, 10, 1, 16)])
def test_a_load_is_held_against_the_truth(case):
    found = measure(case)
    assert found.stats.completed == 12
    assert found.tokens == 12 * 16
    # A client cannot learn of a token before it was written; 20 µs of room for two clock readings.
    for spread in (found.ttft, found.e2e):
        assert -0.02 <= spread.median <= spread.p99 <= spread.largest
    assert 0 <= found.itl.median <= found.itl.largest
    assert (found.lateness.largest > 0) == (case.concurrency == 0)
    assert found.cpu_s_per_1000 > 0
    assert found.peak_mb > 1
    document = found.to_json()
    assert document["tokens"] == 192
    assert document["phase"]["outcomes"] == {"ok": 12}


def test_a_load_that_did_not_end_well_gives_no_numbers(monkeypatch):
    monkeypatch.setitem(bench._REQUEST, "path", "/nothing")
    with pytest.raises(EvidenceError) as caught:
        measure(Case(1, 2, 0, 1, 1, 4))
    assert caught.value.code == "bench-incomplete"
    assert "2 http-error" in caught.value.message


def test_spreads():
    assert Spread.of([]) == Spread(0, 0, 0)
    assert Spread.of(list(range(101))) == Spread(50, 99, 100)
