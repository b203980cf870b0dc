"""Rules about telemetry: was what the plan declares read, and of every device to the end?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.judge.log.phases import phase_logs
from suite.judge.log.power import AGREES
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, rule, warned

if TYPE_CHECKING:
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

LOST = "telemetry.lost."
"""Facts of the environment about devices that gave no more readings begin so; the tool's words are their value."""
GAP_INTERVALS = 10
"""Sampling intervals without a reading after which a device counts as lost; never less than `GAP_FLOOR_NS`."""
GAP_FLOOR_NS = 10_000_000_000
NAMED_NS = 2_000_000_000
"""The same, for two intervals, where the run itself noted the loss."""


@rule(
    "R036",
    title=Bilingual("Telemetry was read", "已读取遥测"),
    asks=Bilingual(
        "Every declared telemetry tool gave samples, and of every device to the end.",
        "每个声明的遥测工具均给出了样本，且每个设备直至结束均有样本。",
    ),
    reason=Bilingual(
        "Power that was promised and not read; a device that fell off its bus in the middle of the run.",
        "承诺却未读取的功率；运行途中掉线的设备。",
    ),
    phases="run",
    broken=Bilingual(
        "warn; fail where a device gave readings and then no more",
        "warn；设备给出读数后不再有读数时为 fail",
    ),
)
def telemetry_read(evidence: Evidence, _: Results) -> Finding:
    """Declared telemetry was read, of each device to the end of what was measured."""
    declared = {tool.tool for tool in evidence.plan.telemetry}
    read = {sample.tool for sample in evidence.telemetry}
    if not declared:
        return not_applicable(Sentence("no telemetry is declared", "没有声明遥测"))
    lost = _lost(evidence)
    if lost:
        return failed(
            Sentence(
                f"{len(lost)} devices gave no more readings: {lost[0]}",
                f"{len(lost)} 个设备不再给出读数：{chinese(lost[0])}",
            ),
            lost,
        )
    missing = sorted(declared - read)
    if missing:
        return warned(
            Sentence(
                f"declared but gave no sample: {', '.join(missing)}",
                f"已声明但未给出样本：{', '.join(missing)}",
            ),
            missing,
        )
    return passed(
        Sentence(f"samples from {', '.join(sorted(read))}", f"样本来自 {', '.join(sorted(read))}")
    )


@rule(
    "R093",
    title=Bilingual("Energy counters agree with the power", "能量计数器与功率一致"),
    asks=Bilingual(
        "Where a device has a counter of energy and states its power, both say the same within a tenth.",
        "设备同时给出能量计数与功率时，两者相差不超过十分之一。",
    ),
    reason=Bilingual(
        "Counters that are wrong until the machine starts again; tools that print milliwatts as watts.",
        "重启前一直错误的计数器；把毫瓦当作瓦输出的工具。",
    ),
    phases="measured",
    broken=Bilingual("warn; the power is taken then", "warn；此时采用功率"),
)
def counters_agree(_: Evidence, results: Results) -> Finding:
    """Counter and integral of the power agree in every phase that has both."""
    apart, both = [], 0
    for phase in results.phases.values():
        source = phase.details.energy
        if source is None or source.counter_ratio is UNSET:
            continue
        both += 1
        if abs(source.counter_ratio - 1) > AGREES:
            apart.append(
                Sentence(
                    f"{phase.name}: counter over power {source.counter_ratio:.3g}",
                    f"{phase.name}：计数器与功率之比为 {source.counter_ratio:.3g}",
                )
            )
    if apart:
        return warned(apart[0], apart)
    if not both:
        return not_applicable(
            Sentence(
                "no device has both a counter of energy and its power",
                "没有设备同时具有能量计数器与功率",
            )
        )
    return passed(
        Sentence(
            f"{both} phases, counter and power within {AGREES:.0%}",
            f"{both} 个阶段，计数器与功率相差不超过 {AGREES:.0%}",
        )
    )


def _lost(evidence: Evidence) -> list[str]:
    """Devices whose readings end before what was measured does, each with the tool's words where it had any."""
    ends = [log.end for log in phase_logs(evidence).values() if log.doc.measured and log.end]
    last: dict[tuple[str, str], int] = {}
    for sample in evidence.telemetry:
        key = (sample.tool, sample.device)
        last[key] = max(last.get(key, 0), sample.t)
    if not ends:
        return []
    intervals = {tool.tool: tool.interval_ms for tool in evidence.plan.telemetry}
    lost: list[str] = []
    for (tool, device), moment in sorted(last.items()):
        fact = evidence.environment.facts.get(f"{LOST}{device}")
        interval = intervals.get(tool, 0) * 1_000_000
        gap = max(GAP_INTERVALS * interval, GAP_FLOOR_NS)
        if fact is not None:
            gap = max(2 * interval, NAMED_NS)
        if moment + gap < max(ends):
            words = "" if fact is None or fact.value is UNSET else f": {fact.value}"
            lost.append(
                Sentence(
                    f"device {device}, none after {moment / 1e9:.1f} s ({tool}){words}",
                    f"设备 {device} 在 {moment / 1e9:.1f} 秒之后没有读数（{tool}）{words}",
                )
            )
    return lost
