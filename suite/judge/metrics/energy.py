"""Energy over the measured windows, from cumulative counters or sampled device power; see `suite.judge.log.power`."""

from __future__ import annotations

import bisect
import math
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base import statistics
from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.documents.card_phase import EnergySource
from suite.documents.value import Measured, NotMeasured, Value
from suite.judge import intervals
from suite.judge.log import power
from suite.judge.log.samples import NS_PER_S
from suite.judge.log.telemetry import partitioned
from suite.judge.metrics.metric import Metric, phase_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.documents.event import Mark
    from suite.judge.log.power import Meter
    from suite.judge.log.samples import PhaseSamples
    from suite.judge.metrics.inputs import PhaseInputs

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
        Sentence(
            "Over the measured window of one repeat, by the devices' counters where they agree with their power, else the "
            "trapezoid of sampled power.",
            "在一次重复的测量窗口内：设备计数器与其功率一致时取计数器之差，否则对采样功率作梯形积分。",
        ),
        standing="observed",
    ),
    Metric(
        "energy_above_idle_j",
        "J",
        "lower",
        "energy",
        Bilingual("Energy above idle", "扣除空闲的能耗"),
        Bilingual("energy − idle power × window", "能耗 − 空闲功率 × 窗口时长"),
        Sentence(
            "As energy, less the power drawn before the engine started.",
            "同能耗，减去引擎启动前的功率所对应的部分。",
        ),
        standing="observed",
    ),
    Metric(
        "joules_per_output_token",
        "J/token",
        "lower",
        "energy",
        Bilingual("Energy per output token", "每输出 token 能耗"),
        Bilingual("Σ energy / Σ n", "Σ 能耗 / Σ n"),
        Sentence(
            Sentence(
                "Energy of all repeats over their generated tokens.",
                "所有重复的能耗除以其生成 token 数。",
            ),
            "所有重复的能耗除以其生成 token 数。",
        ),
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
        Sentence(
            Sentence(
                "Generated tokens of all repeats over their energy.",
                "所有重复的生成 token 数除以其能耗。",
            ),
            "所有重复的生成 token 数除以其能耗。",
        ),
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
        Sentence(
            "Power of all devices together, averaged over the measured windows.",
            "所有设备的总功率在测量窗口内的平均值。",
        ),
        standing="observed",
    ),
)
NAMES = tuple(metric.id for metric in METRICS)


def _idle_watts(watching: Sequence[Meter], marks: Sequence[Mark]) -> float | str:
    """Power of all devices before the engine started, or why it is unknown."""
    start = next((mark.t for mark in marks if mark.name == "engine.start"), None)
    if start is None:
        return Sentence("the log has no mark engine.start", "日志中没有 engine.start 标记")
    total = 0.0
    for meter in watching:
        track = meter.power or meter.counter
        before = 0 if track is None else bisect.bisect_left(track.times, start)
        if track is None or before < IDLE_SAMPLES:
            return Sentence(
                "too few power samples before the engine started", "引擎启动前的功率样本过少"
            )
        if track.counter:
            passed = (track.times[before - 1] - track.times[0]) / NS_PER_S
            total += (track.values[before - 1] - track.values[0]) / passed
        else:
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
    why = Sentence("one sum over all repeats, no interval", "所有重复之和，无区间")
    values["average_power_w"] = Measured(joules / seconds, "W", number, None, None, why)
    tokens = sum(answer.generated or 0 for answer in phase.answers)
    if not phase.counts_tokens or tokens == 0 or joules <= 0:
        none = NotMeasured(
            Sentence("no generated tokens to relate the energy to", "没有可与能量相除的生成 token")
        )
        return values | {"joules_per_output_token": none, "tokens_per_joule": none}
    values["joules_per_output_token"] = Measured(
        joules / tokens, "J/token", number, None, None, why
    )
    values["tokens_per_joule"] = Measured(tokens / joules, "tokens/J", number, None, None, why)
    return values


def measured(inputs: PhaseInputs) -> tuple[list[Meter], list[power.Energy]] | str:
    """The meters of the devices in use and the energy of each repeat; or why it is not measured."""
    plan = inputs.plan
    meters = power.meters(plan, inputs.evidence.telemetry)
    if not meters:
        tools = ", ".join(sorted({tool.tool for tool in plan.telemetry}))
        return (
            Sentence(f"no power telemetry from {tools}", f"{tools} 没有给出功率遥测")
            if tools
            else Sentence("the plan has no telemetry tool", "计划中没有遥测工具")
        )
    watching = power.used(plan, meters)
    if isinstance(watching, str):
        return watching
    shared = partitioned(inputs.evidence)
    if shared:
        return Sentence(
            f"{shared}: its power is that of all its slices",
            f"{chinese(shared)}：其功率为所有切片之和",
        )
    repeats = []
    for repeat in inputs.phase.repeats:
        energy = power.energy(plan, watching, repeat)
        if isinstance(energy, str):
            return energy
        repeats.append(energy)
    return watching, repeats


@phase_metrics(METRICS)
def energies(inputs: PhaseInputs) -> Mapping[str, Value]:
    """Energy metrics of a phase without obstacle."""
    measurement = measured(inputs)
    if isinstance(measurement, str):
        return dict.fromkeys(NAMES, NotMeasured(measurement))
    watching, repeats = measurement
    idle = _idle_watts(watching, inputs.evidence.marks)
    return _values(inputs.phase, [energy.joules for energy in repeats], idle)


def source(inputs: PhaseInputs) -> EnergySource | None:
    """How the phase's energy was come by; None where it is not measured."""
    measurement = None if inputs.phase.obstacle else measured(inputs)
    if measurement is None or isinstance(measurement, str) or not measurement[1]:
        return None
    watching, repeats = measurement
    ratios = [ratio for energy in repeats for ratio in energy.ratios]
    idle = _idle_watts(watching, inputs.evidence.marks)
    return EnergySource(
        kind=max((energy.kind for energy in repeats), key=power.KINDS.index),
        meters=len(watching),
        covered=min(1.0, *(energy.covered for energy in repeats)),
        gap_s=max(energy.gap_s for energy in repeats),
        counter_ratio=max(ratios, key=lambda ratio: abs(ratio - 1)) if ratios else UNSET,
        idle_w=UNSET if isinstance(idle, str) else max(0.0, idle),
    )
