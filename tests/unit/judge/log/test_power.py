"""Counters, sampled power and averaging sensors: which is taken, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from suite.documents.devices import ObservedDevice
from suite.documents.value import NotMeasured, stored
from suite.judge.metrics.compute import compute

AVERAGING = {
    "tool": "gmi",
    "where": "host",
    "command": ["gmi"],
    "parser": "gmi",
    "interval_ms": 500,
    "averages_ms": 1000,
}


def phase_of(trace, end=10_000):
    trace.phase("p", "offline", 1)
    trace.request("p", 0, [100, end])
    return trace


def result(trace):
    return compute(trace.evidence()).phases["p"]


def joules(trace):
    value = result(trace).metrics["energy_j"]
    return value.why if isinstance(value, NotMeasured) else stored(value.value)


def test_a_counter_that_agrees_is_taken(trace):
    phase_of(trace)
    for at in range(0, 10_001, 500):
        trace.power(at, 100.0, joules=5000 + at * 0.104)
    assert joules(trace) == 1040.0
    source = result(trace).details.energy
    assert source.kind == "counter"
    assert source.counter_ratio == pytest.approx(1.04)


def test_a_counter_that_disagrees_is_left(trace):
    phase_of(trace)
    for at in range(0, 10_001, 500):
        trace.power(at, 100.0, joules=5000 + at * 0.05)
    assert joules(trace) == 1000.0
    source = result(trace).details.energy
    assert (source.kind, stored(source.counter_ratio)) == ("sampled", 0.5)


def test_power_is_taken_where_the_counter_was_reset(trace):
    phase_of(trace)
    for at in range(0, 10_001, 500):
        trace.power(at, 100.0, joules=5000 + at * 0.1 - (5000 if at > 5000 else 0))
    assert joules(trace) == 1000.0
    assert result(trace).details.energy.kind == "sampled"


def test_a_counter_has_an_idle_baseline_too(trace):
    phase_of(trace)
    for at in range(-5000, 0, 500):
        trace.power(at, joules=1000 + at * 0.02)
    for at in range(0, 10_001, 500):
        trace.power(at, joules=1000 + at * 0.1)
    trace.mark("engine.start", -100)
    values = result(trace).metrics
    assert stored(values["energy_above_idle_j"].value) == 800.0
    assert stored(result(trace).details.energy.idle_w) == 20.0


def test_an_averaging_sensor_lags_half_its_span(trace):
    trace.plan["telemetry"] = [AVERAGING]
    phase_of(trace)
    # Idle at 100 W until 5 s, then 300 W: the mean over the last second climbs from 5 s to 6 s.
    for at in range(-500, 11_001, 500):
        trace.power(at, min(300.0, max(100.0, 100 + (at - 5000) * 0.2)))
    assert joules(trace) == pytest.approx(5 * 100 + 5 * 300, abs=1)
    assert result(trace).details.energy.kind == "sampled"


def test_a_window_of_few_spans_is_an_estimate(trace):
    trace.plan["telemetry"] = [AVERAGING]
    phase_of(trace, end=4000)
    for at in range(-500, 5001, 500):
        trace.power(at, 100.0)
    assert joules(trace) == 400.0
    assert result(trace).details.energy.kind == "estimated"


def test_the_power_of_a_card_counts_once_for_its_chips(trace):
    trace.plan["devices"].update(count=2, visible="2,3")
    phase_of(trace)
    for at in range(0, 10_001, 500):
        trace.power(at, 400.0, device="2", card="1")
        trace.power(at, None, device="3", card="1", utilisation=0.5)
        trace.power(at, 80.0, device="0", card="0")
    assert joules(trace) == 4000.0


def test_boards_that_repeat_their_power_for_each_chip_count_once(trace):
    trace.plan["devices"].update(count=4, visible="0,1,2,3")
    phase_of(trace)
    for at in range(0, 10_001, 500):
        for device in "0123":
            trace.power(at, 48.0, device=device, card="ABC")
    assert joules(trace) == 480.0


def test_half_a_card_has_no_energy(trace):
    trace.plan["devices"].update(count=1, visible="2")
    phase_of(trace)
    for at in range(0, 10_001, 500):
        trace.power(at, 400.0, device="2", card="1")
        trace.power(at, None, device="3", card="1", utilisation=0.0)
    assert joules(trace) == "card 1: its power is also that of device 3, not in use"


def test_a_slice_has_neither_energy_nor_mfu(trace):
    phase_of(trace)
    trace.peak(flops=1e12)
    for at in range(0, 10_001, 500):
        trace.power(at, 400.0)
    whole = trace.evidence()
    device = ObservedDevice(index="0", name="H100", partition="Enabled", partitioned=True)
    environment = structs.replace(whole.environment, devices=(device,))
    phase = compute(replace(whole, environment=environment)).phases["p"]
    assert phase.metrics["energy_j"].why.startswith("device 0 is partitioned")
    assert phase.metrics["mfu"].why.startswith("device 0 is partitioned")
    assert compute(whole).phases["p"].metrics["energy_j"].value == 4000.0


def test_a_device_that_disappears_is_named(trace):
    trace.plan["devices"].update(count=2, visible="0,1")
    phase_of(trace)
    for at in range(0, 10_001, 500):
        trace.power(at, 100.0, device="0")
        if at < 6000:
            trace.power(at, 100.0, device="1")
    assert "device 1" in joules(trace)
    assert result(trace).details.energy is None


@pytest.mark.parametrize(("last", "kind"), [(9_460, None), (9_560, "sampled")])
def test_samples_cover_most_of_the_window(trace, last, kind):
    """To 94.6 or 95.6 % of its ten seconds."""
    phase_of(trace)
    for at in [*range(0, 9_401, 200), last]:
        trace.power(at, 100.0)
    energy = result(trace).details.energy
    assert (energy and energy.kind) == kind


@pytest.mark.parametrize(
    ("interval", "gap", "kind"),
    [
        (1_000, 4_500, "sampled"),
        (1_000, 5_500, None),
        (100, 1_500, "sampled"),
        (100, 2_500, None),
    ],
)
def test_gaps_of_five_intervals_or_two_seconds_are_borne(trace, interval, gap, kind):
    trace.plan["telemetry"] = [AVERAGING | {"interval_ms": interval}]
    del trace.plan["telemetry"][0]["averages_ms"]
    phase_of(trace)
    for at in [*range(0, 2_001, 500), *range(2_000 + gap, 11_001, 500)]:
        trace.power(at, 100.0)
    energy = result(trace).details.energy
    assert (energy and energy.kind) == kind


@pytest.mark.parametrize(("ratio", "kind"), [(0.95, "counter"), (0.85, "sampled")])
def test_counter_and_power_agree_within_a_tenth(trace, ratio, kind):
    phase_of(trace)
    for at in range(0, 10_001, 500):
        trace.power(at, 100.0, joules=5000 + at * 0.1 * ratio)
    assert result(trace).details.energy.kind == kind
