"""What sampled power and energy counters say of a window: joules, and how far they can be believed.

A device's energy counts only when its samples cover the window: the first and last lie at its edges, no gap is
longer than a few sampling intervals, and a cumulative counter never runs backwards. All devices of the plan
must be there; one missing device makes the sum meaningless. A tool may state the power of a card with several chips:
it counts once, and only where all of them are in use.
"""

from __future__ import annotations

import bisect
import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from suite.base.bilingual import Sentence, chinese
from suite.documents.document import given
from suite.judge.log.samples import NO_TIME, NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.documents.plan import Plan
    from suite.documents.telemetry import TelemetrySample
    from suite.judge.log.samples import Repeat

Kind = Literal["counter", "sampled", "estimated"]
"""How energy was come by, the best first."""
KINDS: tuple[Kind, ...] = ("counter", "sampled", "estimated")
LEAST_COVERAGE = 0.95
"""Share of the window that must lie between the first and the last sample in it."""
GAP_INTERVALS = 5.0
"""Longest gap between samples, in sampling intervals; never less than `GAP_FLOOR_S`."""
GAP_FLOOR_S = 2.0
AGREES = 0.1
"""How far a counter and the integral of the power may lie apart, as a share."""
AVERAGES = 10
"""Windows shorter than so many spans of an averaging sensor are estimates: their edges hold much from outside."""


@dataclass(frozen=True, slots=True)
class Track:
    """Samples in order of time, in nanoseconds of the run's clock: watts, or joules of a counter.

    Attributes:
        lag: how far behind the sensor is; a mean over the last second tells of half a second ago.
    """

    device: str
    times: tuple[int, ...]
    values: tuple[float, ...]
    counter: bool
    lag: int = 0

    def at(self, time: int) -> float:
        """Value at a time, linear between samples and constant beyond them."""
        sought = time + self.lag
        place = bisect.bisect_left(self.times, sought)
        if place == 0:
            return self.values[0]
        if place == len(self.times):
            return self.values[-1]
        before, after = self.times[place - 1], self.times[place]
        share = (sought - before) / (after - before)
        return self.values[place - 1] + share * (self.values[place] - self.values[place - 1])

    def joules(self, start: int, end: int) -> float:
        """Energy between two times."""
        if self.counter:
            return self.at(end) - self.at(start)
        first = bisect.bisect_right(self.times, start + self.lag)
        last = bisect.bisect_left(self.times, end + self.lag)
        times = [start, *(time - self.lag for time in self.times[first:last]), end]
        watts = [self.at(time) for time in times]
        return math.fsum(
            (watts[i] + watts[i + 1]) / 2 * (times[i + 1] - times[i]) / NS_PER_S
            for i in range(len(times) - 1)
        )

    def covered(self, start: int, end: int) -> tuple[float, float]:
        """Share of a window between its samples, and the longest gap in seconds."""
        times = self.times[slice(*self._around(start, end))]
        if len(times) < 2:
            return 0.0, (end - start) / NS_PER_S
        share = (min(times[-1], end) - max(times[0], start)) / (end - start)
        return max(0.0, share), max(b - a for a, b in itertools.pairwise(times)) / NS_PER_S

    def obstacle(self, start: int, end: int, gap_bound_s: float) -> str:
        """Why it does not cover a window; "" when it does."""
        first, last = self._around(start, end)
        if last - first < 2:
            return Sentence(
                f"device {self.device}: fewer than two power samples in the window",
                f"设备 {self.device}：窗口内功率样本不足两个",
            )
        covered, gap = self.covered(start, end)
        if covered < LEAST_COVERAGE:
            lost = ""
            if self.times[-1] < end:
                lost = Sentence(
                    f", the last one at {self.times[-1] / NS_PER_S:.1f} s of the run",
                    f"，最后一个位于运行的第 {self.times[-1] / NS_PER_S:.1f} 秒",
                )
            return Sentence(
                f"device {self.device}: power samples cover {covered:.0%} of the window{lost}",
                f"设备 {self.device}：功率样本仅覆盖窗口的 {covered:.0%}{chinese(lost)}",
            )
        if gap > gap_bound_s:
            return Sentence(
                f"device {self.device}: {gap:.3g} s without a power sample, bound {gap_bound_s:g} s",
                f"设备 {self.device}：有 {gap:.3g} 秒没有功率样本，限度 {gap_bound_s:g} 秒",
            )
        values = self.values[first:last]
        if self.counter and any(b < a for a, b in itertools.pairwise(values)):
            return Sentence(
                f"device {self.device}: its energy counter was reset",
                f"设备 {self.device}：其能量计数器被重置",
            )
        return ""

    def _around(self, start: int, end: int) -> tuple[int, int]:
        """Samples of a window; one just outside bounds it as well as one just inside."""
        first = max(bisect.bisect_right(self.times, start) - 1, 0)
        return first, min(bisect.bisect_left(self.times, end) + 1, len(self.times))


@dataclass(slots=True)
class Meter:
    """What tells the power of one device, or of one card for all its chips."""

    name: str
    devices: set[str] = field(default_factory=set)
    power: Track | None = None
    counter: Track | None = None


@dataclass(frozen=True, slots=True)
class Energy:
    """Joules of a window over all meters.

    Attributes:
        kind: that of the meter that is known worst.
        covered: least share of the window between a meter's samples.
        gap_s: longest time between two samples.
        ratios: counter over integral, of each meter that has both.
        differ: meters whose counter and power do not agree, in words; their power was taken.
    """

    joules: float
    kind: Kind
    covered: float
    gap_s: float
    ratios: tuple[float, ...] = ()
    differ: tuple[str, ...] = ()


def meters(plan: Plan, samples: Sequence[TelemetrySample]) -> list[Meter]:
    """A meter for each device or card that has power or a counter, of the first tool by name that watches it."""
    lags = {tool.tool: given(tool.averages_ms, 0) * 500_000 for tool in plan.telemetry}
    watched: dict[str, Meter] = {}
    tools: dict[str, str] = {}
    values: dict[tuple[str, bool], dict[int, float]] = {}
    for sample in sorted(samples, key=lambda sample: (sample.tool, sample.t)):
        card = given(sample.card, "")
        name = f"card {card}" if card else sample.device
        meter = watched.setdefault(name, Meter(name))
        readings = [(False, given(sample.power_w)), (True, given(sample.energy_j))]
        if all(value is None for _, value in readings):
            if card:
                meter.devices.add(sample.device)
            continue
        # Two tools that watch the same device would count it twice: the first by name is used.
        if tools.setdefault(name, sample.tool) != sample.tool:
            continue
        meter.devices.add(sample.device)
        for counts, value in readings:
            if value is not None:
                values.setdefault((name, counts), {}).setdefault(sample.t, value)
    for (name, counts), series in values.items():
        times = tuple(sorted(series))
        lag = 0 if counts else lags.get(tools[name], 0)
        track = Track(name, times, tuple(series[time] for time in times), counts, lag)
        if counts:
            watched[name].counter = track
        else:
            watched[name].power = track
    return [watched[name] for name in sorted(tools)]


def used(plan: Plan, known: Iterable[Meter]) -> list[Meter] | str:
    """The meters of the devices that the plan uses, or why they are not all there."""
    every = list(known)
    count = plan.devices.count
    visible = {part.strip() for part in plan.devices.visible.split(",")}
    named = [meter for meter in every if meter.devices & visible]
    if sum(len(meter.devices & visible) for meter in named) == count:
        for meter in named:
            others = sorted(meter.devices - visible)
            if others:
                return Sentence(
                    f"{meter.name}: its power is also that of device {', '.join(others)}, not in use",
                    f"{meter.name}：其功率也包含未使用的设备 {', '.join(others)}",
                )
        return named
    devices = sum(len(meter.devices) for meter in every)
    if devices == count:
        return every
    return Sentence(
        f"power telemetry of {devices} devices for {count} in use",
        f"{count} 个使用中的设备，有功率遥测的为 {devices} 个",
    )


def energy(plan: Plan, watching: Sequence[Meter], repeat: Repeat) -> Energy | str:
    """Energy of one repeat, or why it is not measured."""
    if repeat.window_s <= 0:
        return NO_TIME
    parts = []
    for meter in watching:
        part = _part(plan, meter, repeat.first_sent, repeat.end)
        if isinstance(part, str):
            return part
        parts.append(part)
    return Energy(
        joules=math.fsum(part.joules for part in parts),
        kind=max((part.kind for part in parts), key=KINDS.index),
        covered=min(part.covered for part in parts),
        gap_s=max(part.gap_s for part in parts),
        ratios=tuple(ratio for part in parts for ratio in part.ratios),
        differ=tuple(words for part in parts for words in part.differ),
    )


def _part(plan: Plan, meter: Meter, start: int, end: int) -> Energy | str:
    bound = _gap_bound_s(plan)
    sound: list[Track] = []
    why = ""
    for track in (meter.power, meter.counter):
        if track is not None:
            obstacle = track.obstacle(start, end, bound)
            why = why or obstacle
            sound += [] if obstacle else [track]
    if not sound:
        return why
    track = sound[-1]
    ratios: tuple[float, ...] = ()
    differ: tuple[str, ...] = ()
    if len(sound) == 2:
        power, counter = (each.joules(start, end) for each in sound)
        ratios = (counter / power,) if power > 0 else ()
        if abs(counter - power) > AGREES * power:
            # A counter that is wrong stays so until the machine starts again: power is taken.
            differ = (
                Sentence(
                    f"device {meter.name}: its counter says {counter:.4g} J, its power {power:.4g} J",
                    f"设备 {meter.name}：其计数器为 {counter:.4g} J，其功率为 {power:.4g} J",
                ),
            )
            track = sound[0]
    short = end - start < AVERAGES * 2 * track.lag
    kind: Kind = "counter" if track.counter else "estimated" if short else "sampled"
    return Energy(track.joules(start, end), kind, *track.covered(start, end), ratios, differ)


def _gap_bound_s(plan: Plan) -> float:
    interval_ms = max((tool.interval_ms for tool in plan.telemetry), default=0)
    return max(GAP_INTERVALS * interval_ms / 1000.0, GAP_FLOOR_S)
