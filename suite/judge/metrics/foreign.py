"""What else the host's processors were busy with while a phase ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence
from suite.documents.value import Measured, NotMeasured, Value
from suite.judge.metrics.metric import Metric, phase_metric

if TYPE_CHECKING:
    from suite.judge.log.phases import Noted
    from suite.judge.metrics.inputs import PhaseInputs

SHORTEST_MS = 1_000
"""Processor time below which ticks of 10 ms say too little."""
NOT_OURS = Sentence(
    "the server runs by itself: its processor time cannot be told from anybody else's",
    "服务器独立运行：无法区分其处理器时间与其他程序的处理器时间",
)


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
        Sentence(
            "Share of the host's processor time that neither the suite nor its engine used, idle time left out.",
            "主机处理器时间中既非套件亦非其引擎所用的占比，不计空闲时间。",
        ),
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
        return NotMeasured(
            inputs.phase.invalid or Sentence("no request was made", "没有发出任何请求")
        )
    for repeat in repeats:
        used = repeat.log.noted.inner("processors")
        engine = _engine_ms(used, contained=inputs.plan.runtime == "container")
        parts = [used.count(f"{name}_ms") for name in ("busy", "stolen", "suite", "capacity")]
        busy, stolen, suite, whole = parts
        if busy is None or stolen is None or suite is None or whole is None or engine is None:
            return NotMeasured(
                used.text("unknown")
                or Sentence(
                    "the log does not say what else the host did", "日志未记录主机还运行了什么"
                )
            )
        foreign += max(0, busy + stolen - suite - engine)
        capacity += whole
    if capacity < SHORTEST_MS:
        return NotMeasured(Sentence("the phase is too short to tell", "阶段过短，无法判断"))
    share = min(1.0, foreign / capacity)
    return Measured(
        share,
        "1",
        len(repeats),
        None,
        None,
        Sentence("whole phase, no interval", "整个阶段，无区间"),
    )


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
        Sentence(
            "Share of the host's processor time that reading the devices took, where the tools ran on the host.",
            "在主机上运行遥测工具时，读取设备所占的主机处理器时间。",
        ),
        percent=True,
    ),
    needs="requests",
)
def telemetry_processor_share(inputs: PhaseInputs) -> Value:
    """Share of all processors' time over all repeats that the telemetry tools used."""
    if not inputs.plan.telemetry:
        return NotMeasured(Sentence("the plan has no telemetry tool", "计划中没有遥测工具"))
    spent = capacity = 0
    repeats = [repeat for repeat in inputs.phase.repeats if repeat.events]
    for repeat in repeats:
        noted = repeat.log.noted
        used = noted.inner("telemetry").count("cpu_ms")
        whole = noted.inner("processors").count("capacity_ms")
        if used is None or whole is None:
            return NotMeasured(
                Sentence("the log does not say what telemetry took", "日志未记录遥测所用的时间")
            )
        spent += used
        capacity += whole
    if not repeats or capacity < SHORTEST_MS:
        return NotMeasured(Sentence("the phase is too short to tell", "阶段过短，无法判断"))
    return Measured(
        min(1.0, spent / capacity),
        "1",
        len(repeats),
        None,
        None,
        Sentence("whole phase, no interval", "整个阶段，无区间"),
    )
