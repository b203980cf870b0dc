"""What the devices did while they were measured: utilisation, memory, temperature, clock; means and peaks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from suite.base import statistics
from suite.base.bilingual import Bilingual, Sentence
from suite.documents.card_phase import DeviceSeries
from suite.documents.value import Measured, NotMeasured, Value, stored
from suite.judge.log.telemetry import READS, by_device, within
from suite.judge.metrics.metric import Metric, phase_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from suite.documents.plan import Plan
    from suite.documents.telemetry import TelemetrySample
    from suite.judge.log.samples import PhaseSamples
    from suite.judge.log.telemetry import Points, Quantity
    from suite.judge.metrics.inputs import PhaseInputs

BUCKETS = 60
LEAST_SAMPLES = 2
"""Fewest samples of a device in a window of which something is said."""
_TITLES: dict[Quantity, tuple[Bilingual, Bilingual]] = {
    "utilisation": (
        Bilingual("Device utilisation", "设备利用率"),
        Bilingual("of all devices in use", "使用中的所有设备"),
    ),
    "memory": (
        Bilingual("Device memory in use", "设备内存用量"),
        Bilingual("of all devices in use together", "使用中的所有设备合计"),
    ),
    "temperature": (
        Bilingual("Device temperature", "设备温度"),
        Bilingual("of all devices in use", "使用中的所有设备"),
    ),
    "clock": (
        Bilingual("Device clock", "设备时钟频率"),
        Bilingual("of all devices in use", "使用中的所有设备"),
    ),
}


def _metrics() -> Iterator[Metric]:
    for quantity, (title, whose) in _TITLES.items():
        read = READS[quantity]
        mean, peak = ("Σ", "Σ max") if read.adds else ("mean", "max")
        for statistic, words, formula in (
            (
                "mean",
                Bilingual("mean", "均值"),
                Bilingual(
                    f"{mean} over devices of the mean",
                    "各设备均值之和" if read.adds else "各设备均值的均值",
                ),
            ),
            (
                "max",
                Bilingual("peak", "峰值"),
                Bilingual(
                    f"{peak} over devices",
                    "各设备最大值之和的峰值" if read.adds else "各设备的最大值",
                ),
            ),
        ):
            yield Metric(
                f"device_{quantity}_{statistic}",
                read.unit,
                "none",
                "utilisation",
                Bilingual(f"{title.en}, {words.en}", f"{title.zh}，{words.zh}"),
                formula,
                Sentence(
                    f"As the telemetry tool reports it over the measured windows, {whose.en}.",
                    f"遥测工具在测量窗口内所报告，{whose.zh}。",
                ),
                percent=quantity == "utilisation",
            )


METRICS = tuple(_metrics())


@phase_metrics(METRICS, needs="requests")
def devices(inputs: PhaseInputs) -> Mapping[str, Value]:
    """Mean and peak of every quantity over the windows of all repeats."""
    samples = [
        sample
        for repeat in inputs.phase.repeats
        for sample in within(inputs.evidence.telemetry, repeat)
    ]
    values: dict[str, Value] = {}
    for quantity in _TITLES:
        mean, peak = _values(inputs.plan, samples, quantity)
        values |= {f"device_{quantity}_mean": mean, f"device_{quantity}_max": peak}
    return values


def _values(plan: Plan, samples: list[TelemetrySample], quantity: Quantity) -> tuple[Value, Value]:
    read = READS[quantity]
    by_id = by_device(plan, samples, quantity)
    of_each = [
        [value for _, value in points] for points in by_id.values() if len(points) >= LEAST_SAMPLES
    ]
    if not of_each:
        none = NotMeasured(_why(plan))
        return none, none
    used = plan.devices.count
    if used is not None and len(of_each) < used:
        none = NotMeasured(
            Sentence(
                f"telemetry of {len(of_each)} devices for {used} in use",
                f"{used} 个使用中的设备，仅 {len(of_each)} 个有遥测",
            )
        )
        return none, none
    count = sum(map(len, of_each))
    means = [statistics.mean(values) for values in of_each]
    peaks = [max(values) for values in of_each]
    mean = math.fsum(means) if read.adds else statistics.mean(means)
    peak = math.fsum(peaks) if read.adds else max(peaks)
    why = Sentence("samples of a telemetry tool, no interval", "遥测工具的样本，无区间")
    return (
        Measured(mean, read.unit, count, None, None, why),
        Measured(peak, read.unit, count, None, None, why),
    )


def _why(plan: Plan) -> str:
    tools = ", ".join(sorted({tool.tool for tool in plan.telemetry}))
    return (
        Sentence(f"{tools} did not give it", f"{tools} 未给出该项")
        if tools
        else Sentence("the plan has no telemetry tool", "计划中没有遥测工具")
    )


def device_series(
    phase: PhaseSamples, plan: Plan, telemetry: tuple[TelemetrySample, ...]
) -> tuple[DeviceSeries, ...]:
    """Every quantity over the first repeat, in at most `BUCKETS` equal buckets; what was not read is left out."""
    repeat = phase.repeats[0]
    if repeat.window_s <= 0:
        return ()
    samples = within(telemetry, repeat)
    curves = []
    for quantity in READS:
        by_id = by_device(plan, samples, quantity)
        fewest = min(map(len, by_id.values()), default=0)
        if fewest < LEAST_SAMPLES:
            continue
        buckets = min(BUCKETS, fewest)
        width = (repeat.end - repeat.first_sent) / buckets
        each = [bucketed(points, repeat.first_sent, width, buckets) for points in by_id.values()]
        curves.append(
            DeviceSeries(
                quantity=quantity,
                unit=READS[quantity].unit,
                devices=len(by_id),
                bucket_s=stored(width / 1e9),
                values=tuple(
                    _together(column, adds=READS[quantity].adds)
                    for column in zip(*each, strict=True)
                ),
            )
        )
    return tuple(curves)


def bucketed(points: Points, start: int, width: float, buckets: int) -> list[float | None]:
    """Means of the values in each bucket; None where none lies in it."""
    inside: list[list[float]] = [[] for _ in range(buckets)]
    for time, value in points:
        inside[min(buckets - 1, int((time - start) / width))].append(value)
    return [statistics.mean(values) if values else None for values in inside]


def _together(column: tuple[float | None, ...], *, adds: bool) -> float | None:
    """One value of all devices; None unless each has one."""
    values = [value for value in column if value is not None]
    if len(values) < len(column):
        return None
    return stored(math.fsum(values) if adds else statistics.mean(values))
