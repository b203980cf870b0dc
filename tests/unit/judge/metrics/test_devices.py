"""What devices did: means and peaks by hand, curves over the first repeat, and nothing where a device is missing."""

from __future__ import annotations

import pytest
from msgspec import UNSET

from suite.documents.value import Measured, NotMeasured
from suite.judge.metrics.compute import compute

GIB = 2**30


def run(trace, *, devices=2, lost=False):
    trace.plan["devices"] |= {"count": devices, "visible": "0,1"}
    tool = {"tool": "smi", "where": "host", "command": ["smi"], "parser": "x", "interval_ms": 500}
    trace.plan["telemetry"] = [tool]
    trace.phase("p", "offline", 1)
    trace.request("p", 1000, [1500, 9000])
    trace.power(500, 50, device="0", utilisation=0.0)
    trace.power(500, 50, device="1", utilisation=0.0)
    for place, at in enumerate(range(1000, 9001, 1000)):
        for device in ("0", "1"):
            if lost and device == "1" and at > 4000:
                continue
            trace.power(
                at,
                100 + 100 * int(device),
                device=device,
                utilisation=(0.5, 1.0)[place % 2] if device == "0" else 0.25,
                memory_used_bytes=(10 + place) * GIB,
                temperature_c=40 + place,
            )
    return compute(trace.evidence()).phases["p"]


def number(phase, name):
    value = phase.metrics[name]
    assert isinstance(value, Measured)
    return value.value


def test_means_and_peaks(trace):
    phase = run(trace)
    assert number(phase, "device_utilisation_mean") == pytest.approx((6.5 / 9 + 0.25) / 2)
    assert number(phase, "device_utilisation_max") == 1
    assert number(phase, "device_memory_mean") == 28
    assert number(phase, "device_memory_max") == 36
    assert number(phase, "device_temperature_mean") == 44
    assert number(phase, "device_temperature_max") == 48
    assert phase.metrics["device_clock_max"] == NotMeasured("smi did not give it")


def test_curves(trace):
    curves = {series.quantity: series for series in run(trace).series.devices}
    assert list(curves) == ["power", "utilisation", "memory", "temperature"]
    assert (curves["power"].devices, curves["power"].unit) == (2, "W")
    assert set(curves["power"].values) == {300}
    assert curves["memory"].values[0] == 20
    assert curves["memory"].values[-1] == 36
    assert curves["power"].bucket_s == pytest.approx(8 / 9)


def test_a_device_that_falls_off_leaves_no_energy_and_a_gap_in_the_curve(trace):
    phase = run(trace, lost=True)
    why = phase.metrics["energy_j"].why
    assert why.startswith("device 1: power samples cover 38% of the window")
    assert "the last one at 4.0 s" in why
    power = next(series for series in phase.series.devices if series.quantity == "power")
    assert power.values[0] == 300
    assert power.values[-1] is None


def test_a_device_that_was_never_seen(trace):
    phase = run(trace, devices=3)
    assert phase.metrics["device_memory_max"].why == "telemetry of 2 devices for 3 in use"


def test_without_telemetry(trace):
    trace.phase("p", "offline", 1)
    trace.request("p", 1000, [1500, 9000])
    phase = compute(trace.evidence()).phases["p"]
    assert phase.metrics["device_clock_mean"].why == "the plan has no telemetry tool"
    assert phase.series.devices is UNSET


def test_finish_reasons_and_loops(trace):
    trace.phase("p", "offline", 3)
    trace.request("p", 1000, [1500, 9000])
    for text in ("It will open next spring. " * 5, "one two"):
        trace.request("p", 1000, [1500, 9000], text=text)["finish_reason"] = "length"
    phase = compute(trace.evidence()).phases["p"]
    assert phase.details.finish_reasons == {"length": 2, "stop": 1}
    assert number(phase, "ended_by_length_share") == pytest.approx(2 / 3)
    assert number(phase, "looping_share") == pytest.approx(1 / 3)


def test_a_prompt_count_of_zero_is_none(trace):
    trace.phase("p", "offline", 2)
    trace.request("p", 1000, [1500, 9000])
    trace.request("p", 1000, [1500, 9000])["usage"]["engine_prompt"] = 0
    phase = compute(trace.evidence()).phases["p"]
    assert number(phase, "total_throughput") == pytest.approx((20 + 4) / 8)


def test_foreign_processor_time(trace):
    trace.plan["runtime"] = "process"
    trace.phase("p", "offline", 1)
    trace.request("p", 1000, [1500, 9000])
    key = {"type": "mark", "phase": "p", "repeat": 1, "measured": True}
    used = {"capacity_ms": 16_000, "busy_ms": 14_000, "stolen_ms": 800, "suite_ms": 10_000}
    trace.marks += [
        {**key, "t": 0, "name": "phase.start"},
        {**key, "t": 10**10, "name": "phase.end", "detail": {"processors": used}},
    ]
    assert number(compute(trace.evidence()).phases["p"], "foreign_processor_share") == 0.3
    trace.plan["runtime"] = "container"
    phase = compute(trace.evidence()).phases["p"]
    assert phase.metrics["foreign_processor_share"].why.startswith("the log does not say")
    trace.plan["runtime"] = "endpoint"
    phase = compute(trace.evidence()).phases["p"]
    assert "runs by itself" in phase.metrics["foreign_processor_share"].why


def test_chunks_of_none_or_several_tokens_are_not_called_one_on_average(trace):
    trace.phase("p", "offline", 1)
    trace.request("p", 1000, [1500, 1600, 1700], chunk_tokens=[1, 2, 0])
    phase = compute(trace.evidence()).phases["p"]
    assert (
        phase.metrics["itl_p50"].why == "2 of 3 chunks carried not one token each, 3 tokens in all"
    )
