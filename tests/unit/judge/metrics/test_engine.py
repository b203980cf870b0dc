"""Metrics and pictures of what the engine says of itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from suite.documents.enginesample import EngineSample
from suite.documents.value import NotMeasured, stored
from suite.judge.metrics.compute import compute

S = 1_000_000_000


def result(trace, samples):
    trace.phase("p", "offline", 1)
    trace.request("p", 0, [100, 10_000])
    return compute(replace(trace.evidence(), engine_metrics=tuple(samples))).phases["p"]


def sample(t, **members):
    return EngineSample(t=round(t * S), phase="p/1", **members)


def test_gauges_and_counters(trace):
    known = [
        sample(0, running=0, waiting=0, kv_use=0.0, cache_hits=5, cache_queries=100, preemptions=1),
        sample(
            4, running=8, waiting=3, kv_use=0.75, cache_hits=5, cache_queries=150, preemptions=1
        ),
        sample(
            9, running=1, waiting=0, kv_use=0.25, cache_hits=15, cache_queries=200, preemptions=3
        ),
    ]
    phase = result(trace, known)
    values = {name: value for name, value in phase.metrics.items() if name.startswith("engine_")}
    assert stored(values["engine_running_mean"].value) == 3
    assert values["engine_waiting_max"].value == 3
    assert values["engine_kv_use_max"].value == 0.75
    assert stored(values["engine_prefix_hit_share"].value) == 0.1
    assert values["engine_preemptions"].value == 2
    assert isinstance(values["engine_draft_acceptance"], NotMeasured)
    assert [series.quantity for series in phase.series.devices] == ["running", "waiting", "kv-use"]


@pytest.mark.parametrize(
    "samples",
    [
        [],
        [sample(0, preemptions=3)],
        [sample(0, preemptions=3), sample(9, preemptions=1)],
    ],
)
def test_a_counter_that_started_again_or_was_read_once_says_nothing(trace, samples):
    assert isinstance(result(trace, samples).metrics["engine_preemptions"], NotMeasured)
