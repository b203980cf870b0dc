"""What else the host's processors were busy with while a phase ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.documents.value import Measured, NotMeasured, Value
from suite.judge.metrics.metric import Metric, phase_metric

if TYPE_CHECKING:
    from suite.judge.log.phases import Noted
    from suite.judge.metrics.inputs import PhaseInputs

SHORTEST_MS = 1_000
"""Processor time below which ticks of 10 ms say too little."""
NOT_OURS = "the server runs by itself: its processor time cannot be told from anybody else's"


@phase_metric(
    Metric(
        "foreign_processor_share",
        "1",
        "lower",
        "client",
        Bilingual("Processor time of other programs", "其他程序占用的处理器时间"),
        Bilingual(
            "(processes + hypervisor − suite − engine) / processors × time",
            "（全部进程 + 虚拟机监控程序 − 套件 − 引擎）/ 处理器数 × 时间",
        ),
        "Share of the host's processor time that neither the suite nor its engine used, idle time left out.",
        percent=True,
    ),
    needs="requests",
)
def foreign_processor_share(inputs: PhaseInputs) -> Value:
    """Share of all processors' time over all repeats."""
    if inputs.plan.runtime == "endpoint":
        return NotMeasured(NOT_OURS)
    foreign = capacity = 0
    repeats = [repeat for repeat in inputs.phase.repeats if repeat.events]
    if not repeats:
        return NotMeasured(inputs.phase.invalid or "no request was made")
    for repeat in repeats:
        used = repeat.log.noted.inner("processors")
        engine = _engine_ms(used, contained=inputs.plan.runtime == "container")
        parts = [used.count(f"{name}_ms") for name in ("busy", "stolen", "suite", "capacity")]
        busy, stolen, suite, whole = parts
        if busy is None or stolen is None or suite is None or whole is None or engine is None:
            return NotMeasured(
                used.text("unknown") or "the log does not say what else the host did"
            )
        foreign += max(0, busy + stolen - suite - engine)
        capacity += whole
    if capacity < SHORTEST_MS:
        return NotMeasured("the phase is too short to tell")
    share = min(1.0, foreign / capacity)
    return Measured(share, "1", len(repeats), None, None, "whole phase, no interval")


def _engine_ms(used: Noted, *, contained: bool) -> int | None:
    """Time of the engine beside the suite's; a process of ours is among the suite's."""
    return used.count("engine_ms") if contained else 0


@phase_metric(
    Metric(
        "telemetry_processor_share",
        "1",
        "lower",
        "client",
        Bilingual("Processor time of telemetry", "遥测占用的处理器时间"),
        Bilingual("tools / processors × time", "遥测工具 / 处理器数 × 时间"),
        "Share of the host's processor time that reading the devices took, where the tools ran on the host.",
        percent=True,
    ),
    needs="requests",
)
def telemetry_processor_share(inputs: PhaseInputs) -> Value:
    """Share of all processors' time over all repeats that the telemetry tools used."""
    if not inputs.plan.telemetry:
        return NotMeasured("the plan has no telemetry tool")
    spent = capacity = 0
    repeats = [repeat for repeat in inputs.phase.repeats if repeat.events]
    for repeat in repeats:
        noted = repeat.log.noted
        used = noted.inner("telemetry").count("cpu_ms")
        whole = noted.inner("processors").count("capacity_ms")
        if used is None or whole is None:
            return NotMeasured("the log does not say what telemetry took")
        spent += used
        capacity += whole
    if not repeats or capacity < SHORTEST_MS:
        return NotMeasured("the phase is too short to tell")
    return Measured(
        min(1.0, spent / capacity), "1", len(repeats), None, None, "whole phase, no interval"
    )
