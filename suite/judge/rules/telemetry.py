"""Rules about telemetry: was what the plan declares read, and of every device to the end?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.documents.counters import COUNTERS
from suite.documents.document import given
from suite.judge.log.counters import grown, measured_samples, series
from suite.judge.log.phases import phase_logs
from suite.judge.log.power import AGREES
from suite.judge.rules.devices import unobserved
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, rule, warned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.documents.counters import CounterName
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

NAMING: Final = ("mthreads-gmi", "nvidia-smi")
"""Tools that the suite asks for the machine's devices before a run."""
LOST = "telemetry.lost."
"""Facts of the environment about devices that gave no more readings begin so; the tool's words are their value."""
GAP_INTERVALS = 10
"""Sampling intervals without a reading after which a device counts as lost; never less than `GAP_FLOOR_NS`."""
GAP_FLOOR_NS = 10_000_000_000
NAMED_NS = 2_000_000_000
"""The same, for two intervals, where the run itself noted the loss."""
BESIDE_NS = 5_000_000_000
"""How far a reading may lie outside the run, and one of the engine's page outside the phase that it names."""


@rule(
    "R036",
    title=Bilingual("Telemetry was read", "已读取遥测"),
    asks=Bilingual(
        "Every declared telemetry tool gave samples, and of every device to the end; no reading lies outside the run, none of the "
        "engine's page outside its phase (5 s).",
        "每个声明的遥测工具均给出了样本，且每个设备直至结束均有样本；没有读数位于运行之外，引擎页面的读数也不在其阶段之外（5 s）。",
    ),
    reason=Bilingual(
        "Power that was promised and not read; a device that fell off its bus in the middle of the run; readings of another run, "
        "or stretched in time.",
        "承诺却未读取的功率；运行途中掉线的设备；另一次运行的读数，或在时间上被拉伸的读数。",
    ),
    phases="run",
    broken=Bilingual(
        "warn; fail where a device gave readings and then no more, and for readings outside the run",
        "warn；设备给出读数后不再有读数，或读数位于运行之外时为 fail",
    ),
)
def telemetry_read(evidence: Evidence, _: Results) -> Finding:
    """Declared telemetry was read, of each device to the end of what was measured."""
    declared = {tool.tool for tool in evidence.plan.telemetry}
    read = {sample.tool for sample in evidence.telemetry}
    if outside := _outside(evidence):
        return failed(
            Sentence(
                f"readings that are not of this run: {outside[0]}",
                f"有读数不属于本次运行：{chinese(outside[0])}",
            ),
            outside,
        )
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
    "R067",
    title=Bilingual("The devices were named by their tool", "设备由其工具报出"),
    asks=Bilingual(
        f"Where the plan samples a tool on this machine that the suite asks for devices ({', '.join(NAMING)}), it named some.",
        f"计划在本机采样的工具若可由本套件查询设备（{'、'.join(NAMING)}），则该工具报出了设备。",
    ),
    reason=Bilingual(
        "Devices that nobody named R062 to R064 hold against nothing: a run on others need only leave them out.",
        "无人报出的设备，R062 至 R064 无从核对：在其他设备上的运行只需将其略去。",
    ),
    phases="run",
    limits="open",
)
def named_devices(evidence: Evidence, _: Results) -> Finding:
    """A tool that can name devices named them."""
    tools = [tool.tool for tool in evidence.plan.telemetry if tool.where == "host"]
    asked = [tool for tool in tools if tool in NAMING]
    if not asked:
        return not_applicable(
            Sentence(
                "no tool of the plan names devices, see R062", "计划中没有能报出设备的工具，见 R062"
            )
        )
    if (finding := unobserved(evidence)) is not None:
        return finding
    count = len(given(evidence.environment.devices, ()))
    return passed(Sentence(f"{asked[0]} named {count}", f"{asked[0]} 报出 {count} 个"))


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


HELD_BACK: Final[tuple[CounterName, ...]] = ("throttle_heat", "throttle_brake", "throttle_other")
"""States that a whole machine is never in; at its power limit a device under load may well be."""


@rule(
    "R139",
    title=Bilingual("No device was held back while it was measured", "测量期间没有设备受限降频"),
    asks=Bilingual(
        "In the measured phases no sample of a device says that heat, its power supply or its hardware lowered its clock, and "
        "its memory had no error that was not corrected. Work at the power limit is named and no defect.",
        "在测量阶段，没有样本表明设备因过热、供电或硬件而降频，显存也没有未纠正的错误。在功率上限处工作会被注明，但并非缺陷。",
    ),
    reason=Bilingual(
        "A blocked fan or a bad board makes one machine slower than its kind; nobody sees why.",
        "风扇受阻或板卡不良会使一台机器慢于同类，而无人知晓原因。",
    ),
    phases="measured",
    broken=Bilingual("warn", "warn"),
)
def held_back(evidence: Evidence, _: Results) -> Finding:
    """What the counters of the devices say of the measured phases."""
    of_devices = {device: series(samples) for device, samples in measured_samples(evidence).items()}
    of_devices = {device: known for device, known in of_devices.items() if known}
    if not of_devices:
        return not_applicable(
            Sentence(
                "no telemetry tool gave such a counter: unknown, and not normal",
                "没有遥测工具给出此类计数：未知，而非正常",
            )
        )
    wrong = [
        line for device, known in sorted(of_devices.items()) for line in _held_back(device, known)
    ]
    if wrong:
        return warned(wrong[0], wrong)
    capped = sum(any(known.get("throttle_power", ())) for known in of_devices.values())
    read = [name for name in COUNTERS if any(name in known for known in of_devices.values())]
    if not {*HELD_BACK, "ecc_uncorrected"} & {*read}:
        return not_applicable(
            Sentence(
                f"of {len(of_devices)} devices only {', '.join(read)} is known",
                f"{len(of_devices)} 个设备仅有 {', '.join(read)} 已知",
            )
        )
    return passed(
        Sentence(
            f"{len(of_devices)} devices, {capped} of them at times at the power limit; read: {', '.join(read)}",
            f"{len(of_devices)} 个设备，其中 {capped} 个曾处于功率上限；已读取：{', '.join(read)}",
        )
    )


def _held_back(device: str, known: Mapping[CounterName, Sequence[float]]) -> list[str]:
    """What held a device back, in words."""
    lines: list[str] = []
    for name in HELD_BACK:
        values = known.get(name, ())
        if any(values):
            title, often = COUNTERS[name].title, sum(map(bool, values))
            lines.append(
                Sentence(
                    f"device {device}: {title.en} in {often} of {len(values)} samples",
                    f"设备 {device}：{title.zh}，{len(values)} 个样本中有 {often} 个",
                )
            )
    errors = grown(known.get("ecc_uncorrected", ()))
    if errors:
        lines.append(
            Sentence(
                f"device {device}: {errors:g} memory errors that were not corrected",
                f"设备 {device}：{errors:g} 个未纠正的显存错误",
            )
        )
    return lines


def _outside(evidence: Evidence) -> list[str]:
    """Readings from outside the run, and of the engine's page from outside their phase; of each tool and phase the first."""
    whole = (0, evidence.footer.t if evidence.footer is not None else math.inf)
    spans = {
        log.name: (log.start, log.end)
        for log in phase_logs(evidence).values()
        if log.start is not None and log.end is not None
    }
    timed = [(sample.tool, sample.t, whole) for sample in evidence.telemetry]
    timed += [
        (sample.phase, sample.t, spans.get(sample.phase, whole))
        for sample in evidence.engine_metrics
    ]
    first: dict[str, str] = {}
    for name, moment, (start, end) in timed:
        if not start - BESIDE_NS <= moment <= end + BESIDE_NS:
            first.setdefault(name, f"{name}, {moment / 1e9:.1f} s")
    return list(first.values())


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
