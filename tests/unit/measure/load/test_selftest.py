"""The self-test of the client's ceiling: a real one, and how its times are judged."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from suite.base.errors import EngineError
from suite.measure.engine import sim
from suite.measure.load import selftest


def event(prompt: str, gaps: list[int], first: int = 1_000_000) -> SimpleNamespace:
    return SimpleNamespace(prompt_sha256=prompt, t_send=0, chunk_t0=first, chunk_dt=gaps)


def test_a_ceiling_is_found(monkeypatch):
    monkeypatch.setattr(selftest, "EXACT_SHARE", 10)  # what others do on the machine moves a time
    ceiling = selftest.ceiling(2.0)
    assert ceiling.limited_by in {"client", "server", "range"}
    assert ceiling.tokens_s > 0
    assert ceiling.lateness_ms >= 0


def test_rates_rise_until_a_time_is_wrong(monkeypatch):
    monkeypatch.setattr(selftest, "STREAMS", (2, 4, 8))
    exact = iter([True, False])
    monkeypatch.setattr(selftest, "_exact", lambda events, true: next(exact))
    ceiling = selftest.ceiling(1.0)
    assert ceiling.limited_by == "client"
    # A hundred, of two streams; fewer where the server is late, and never those of four.
    assert 0 < ceiling.tokens_s < 150


@pytest.mark.parametrize(
    ("first", "gaps", "exact"),
    [
        (1_000_000, [20_000_000, 20_000_000], True),
        (1_040_000, [20_900_000, 20_000_000], True),
        (1_060_000, [20_000_000, 20_000_000], False),
        (1_000_000, [21_100_000, 20_000_000], False),
        (1_000_000, [40_000_000, 0], False),
    ],
)
def test_times_count_as_exact_within_a_twentieth(first, gaps, exact):
    true = {"a": (5_000, [1_005_000, 21_005_000, 41_005_000])}
    assert selftest._exact([event("a", gaps, first)], true) is exact


def test_a_failed_request_is_no_ceiling(monkeypatch):
    def start(script, *, truth, original=sim.start):
        faults = [{"name": "http_500", "contains": "2 1"}]
        return original(json.dumps({**json.loads(script), "faults": faults}), truth=truth)

    monkeypatch.setattr(selftest.sim, "start", start)
    monkeypatch.setattr(selftest, "STREAMS", (2,))
    with pytest.raises(EngineError) as caught:
        selftest.ceiling(1.0)
    assert caught.value.code == "self-test-failed"
