"""Energy over the measured windows, from sampled device power (trapezoid) or cumulative counters.

A device's energy counts only when its samples cover the window: the first and last lie at its edges, no gap is
longer than a few sampling intervals, and a cumulative counter never runs backwards. All devices of the plan
must be there; one missing device makes the sum meaningless.
"""

from __future__ import annotations

import bisect
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base import statistics
from suite.base.bilingual import Bilingual
from suite.documents.document import given
from suite.documents.value import Measured, NotMeasured, Value
from suite.judge import intervals
from suite.judge.log.samples import NO_TIME, NS_PER_S
from suite.judge.metrics.metric import Metric, phase_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.documents.event import Mark
    from suite.documents.plan import Plan
    from suite.documents.telemetry import TelemetrySample
    from suite.judge.log.samples import PhaseSamples
    from suite.judge.metrics.inputs import PhaseInputs

LEAST_COVERAGE = 0.95
"""Share of the window that must lie between the first and the last sample in it."""
GAP_INTERVALS = 5.0
"""Longest gap between samples, in sampling intervals; never less than `GAP_FLOOR_S`."""
GAP_FLOOR_S = 2.0
IDLE_SAMPLES = 5
"""Fewest samples per device for its idle power."""

METRICS = (
    Metric(
        "energy_j",
        "J",
        "lower",
        "energy",
        Bilingual("Energy", "能耗"),
        Bilingual(
            "Σ over devices of ∫ power dt, mean over repeats",
            "各设备 ∫ 功率 dt 之和，取各次重复的均值",
        ),
        "Trapezoid of sampled device power over the measured window of one repeat.",
        standing="observed",
    ),
    Metric(
        "energy_above_idle_j",
        "J",
        "lower",
        "energy",
        Bilingual("Energy above idle", "扣除空闲的能耗"),
        Bilingual("energy − idle power × window", "能耗 − 空闲功率 × 窗口时长"),
        "As energy, less the power drawn before the engine started.",
        standing="observed",
    ),
    Metric(
        "joules_per_output_token",
        "J/token",
        "lower",
        "energy",
        Bilingual("Energy per output token", "每输出 token 能耗"),
        Bilingual("Σ energy / Σ n", "Σ 能耗 / Σ n"),
        "Energy of all repeats over their generated tokens.",
        by_tokens=True,
        standing="observed",
    ),
    Metric(
        "tokens_per_joule",
        "tokens/J",
        "higher",
        "energy",
        Bilingual("Output tokens per joule", "每焦耳输出 token 数"),
        Bilingual("Σ n / Σ energy", "Σ n / Σ 能耗"),
        "Generated tokens of all repeats over their energy.",
        by_tokens=True,
        standing="observed",
    ),
    Metric(
        "average_power_w",
        "W",
        "none",
        "energy",
        Bilingual("Average power", "平均功率"),
        Bilingual("Σ energy / Σ window", "Σ 能耗 / Σ 窗口时长"),
        "Power of all devices together, averaged over the measured windows.",
        standing="observed",
    ),
)
NAMES = tuple(metric.id for metric in METRICS)


@dataclass(frozen=True, slots=True)
class Track:
    """One device's samples in order of time: watts, or joules of a counter."""

    device: str
    times: tuple[int, ...]
    values: tuple[float, ...]
    counter: bool

    def at(self, time: int) -> float:
        """Value at a time, linear between samples and constant beyond them."""
        place = bisect.bisect_left(self.times, time)
        if place == 0:
            return self.values[0]
        if place == len(self.times):
            return self.values[-1]
        before, after = self.times[place - 1], self.times[place]
        share = (time - before) / (after - before)
        return self.values[place - 1] + share * (self.values[place] - self.values[place - 1])

    def joules(self, start: int, end: int) -> float:
        """Energy between two times."""
        if self.counter:
            return self.at(end) - self.at(start)
        inside = self.times[
            bisect.bisect_right(self.times, start) : bisect.bisect_left(self.times, end)
        ]
        times = [start, *inside, end]
        watts = [self.at(time) for time in times]
        return math.fsum(
            (watts[i] + watts[i + 1]) / 2 * (times[i + 1] - times[i]) / NS_PER_S
            for i in range(len(times) - 1)
        )


def _tracks(samples: Sequence[TelemetrySample]) -> list[Track]:
    """One track per device, from the tool that gives power, else from one that has a counter."""
    power: dict[str, dict[int, float]] = {}
    counters: dict[str, dict[int, float]] = {}
    tools: dict[str, str] = {}
    for sample in sorted(samples, key=lambda sample: (sample.tool, sample.t)):
        device = sample.device
        watts, joules = given(sample.power_w), given(sample.energy_j)
        if watts is None and joules is None:
            continue
        # Two tools that watch the same device would count it twice: the first by name is used.
        if tools.setdefault(device, sample.tool) != sample.tool:
            continue
        if watts is not None:
            power.setdefault(device, {})[sample.t] = watts
        if joules is not None:
            counters.setdefault(device, {})[sample.t] = joules
    tracks = []
    for device in sorted(tools):
        series, counter = (power[device], False) if device in power else (counters[device], True)
        times = tuple(sorted(series))
        tracks.append(Track(device, times, tuple(series[time] for time in times), counter))
    return tracks


def _gap_bound_s(plan: Plan) -> float:
    interval_ms = max((tool.interval_ms for tool in plan.telemetry), default=0)
    return max(GAP_INTERVALS * interval_ms / 1000.0, GAP_FLOOR_S)


def _track_obstacle(track: Track, start: int, end: int, gap_bound_s: float) -> str:
    """Why a track does not cover a window; "" when it does."""
    # A sample just outside the window bounds it as well as one just inside.
    first = max(bisect.bisect_right(track.times, start) - 1, 0)
    last = min(bisect.bisect_left(track.times, end) + 1, len(track.times))
    times = track.times[first:last]
    if len(times) < 2:
        return f"device {track.device}: fewer than two power samples in the window"
    covered = (min(times[-1], end) - max(times[0], start)) / (end - start)
    if covered < LEAST_COVERAGE:
        lost = ""
        if track.times[-1] < end:
            lost = f", the last one at {track.times[-1] / NS_PER_S:.1f} s of the run"
        share = max(covered, 0.0)
        return f"device {track.device}: power samples cover {share:.0%} of the window{lost}"
    gap = max(b - a for a, b in itertools.pairwise(times)) / NS_PER_S
    if gap > gap_bound_s:
        return f"device {track.device}: {gap:.3g} s without a power sample, bound {gap_bound_s:g} s"
    values = track.values[first:last]
    if track.counter and any(b < a for a, b in itertools.pairwise(values)):
        return f"device {track.device}: its energy counter was reset"
    return ""


def _used(plan: Plan, tracks: Sequence[Track]) -> list[Track] | str:
    """The tracks of the devices that the plan uses, or why they are not all there."""
    count = plan.devices.count
    visible = {part.strip() for part in plan.devices.visible.split(",")}
    named = [track for track in tracks if track.device in visible]
    if len(named) == count:
        return named
    if len(tracks) == count:
        return list(tracks)
    return f"power telemetry of {len(tracks)} devices for {count} in use"


def _idle_watts(tracks: Sequence[Track], marks: Sequence[Mark]) -> float | str:
    """Power of all devices before the engine started, or why it is unknown."""
    start = next((mark.t for mark in marks if mark.name == "engine.start"), None)
    if start is None:
        return "the log has no mark engine.start"
    total = 0.0
    for track in tracks:
        before = bisect.bisect_left(track.times, start)
        if track.counter or before < IDLE_SAMPLES:
            return "too few power samples before the engine started"
        total += statistics.mean(track.values[:before])
    return total


def _values(phase: PhaseSamples, energies: Sequence[float], idle: float | str) -> dict[str, Value]:
    windows = [repeat.window_s for repeat in phase.repeats]
    number = len(phase.answers)
    joules, seconds = math.fsum(energies), math.fsum(windows)
    values: dict[str, Value] = {"energy_j": intervals.t_value(energies, "J", number)}
    if isinstance(idle, str):
        values["energy_above_idle_j"] = NotMeasured(idle)
    else:
        above = [energy - idle * window for energy, window in zip(energies, windows, strict=True)]
        values["energy_above_idle_j"] = intervals.t_value(above, "J", number)
    why = "one sum over all repeats, no interval"
    values["average_power_w"] = Measured(joules / seconds, "W", number, None, None, why)
    tokens = sum(answer.generated or 0 for answer in phase.answers)
    if not phase.counts_tokens or tokens == 0 or joules <= 0:
        none = NotMeasured("no generated tokens to relate the energy to")
        return values | {"joules_per_output_token": none, "tokens_per_joule": none}
    values["joules_per_output_token"] = Measured(
        joules / tokens, "J/token", number, None, None, why
    )
    values["tokens_per_joule"] = Measured(tokens / joules, "tokens/J", number, None, None, why)
    return values


@phase_metrics(METRICS)
def energies(inputs: PhaseInputs) -> Mapping[str, Value]:
    """Energy metrics of a phase without obstacle."""
    phase, plan = inputs.phase, inputs.plan
    marks, telemetry = inputs.evidence.marks, inputs.evidence.telemetry
    tracks = _tracks(telemetry)
    if not tracks:
        tools = ", ".join(sorted({tool.tool for tool in plan.telemetry}))
        why = f"no power telemetry from {tools}" if tools else "the plan has no telemetry tool"
        return dict.fromkeys(NAMES, NotMeasured(why))
    used = _used(plan, tracks)
    if isinstance(used, str):
        return dict.fromkeys(NAMES, NotMeasured(used))
    bound = _gap_bound_s(plan)
    joules = []
    for repeat in phase.repeats:
        if repeat.window_s <= 0:
            return dict.fromkeys(NAMES, NotMeasured(NO_TIME))
        for track in used:
            why = _track_obstacle(track, repeat.first_sent, repeat.end, bound)
            if why:
                return dict.fromkeys(NAMES, NotMeasured(why))
        joules.append(math.fsum(track.joules(repeat.first_sent, repeat.end) for track in used))
    return _values(phase, joules, _idle_watts(used, marks))
