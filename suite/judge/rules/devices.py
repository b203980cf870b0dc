"""Are the devices that the machine's own tool named those that the plan declares, whole and free?"""

from __future__ import annotations

import re
import statistics
from typing import TYPE_CHECKING

from suite.base import expressions
from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.errors import SuiteError
from suite.declare.plan.shipped import shipped_vendor
from suite.documents.document import given
from suite.judge.log.counters import measured_samples
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, rule, warned

if TYPE_CHECKING:
    from suite.documents.accelerator import Accelerator, Figure
    from suite.documents.devices import ObservedDevice
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

MEMORY_SHARE = 0.9
"""Least share of the declared memory that a device shows: some of it is kept by error correction and firmware."""
POWER_SHARE = 0.98
POWER_ABOVE = 1.05
"""Most of its limit that a device draws on average: limits are kept within some per cent."""
POWER_BELOW = 0.9
"""Least of its idle power that a device draws under load."""
IDLE_SAMPLES = 3
BUSY_SHARE = 0.05
"""Utilisation on average from which a device is at work."""
GROWN_BYTES = 1 << 30
"""Memory that a device takes when something is loaded on it; drivers keep less."""
_BYTES = {"GB": 10**9, "GiB": 2**30}


def _used(evidence: Evidence) -> list[ObservedDevice]:
    """The devices that the engine may use: those named by index, else all."""
    devices = list(given(evidence.environment.devices, ()))
    visible = {part.strip() for part in evidence.plan.devices.visible.split(",")}
    return [device for device in devices if device.index in visible] or devices


def declared_accelerator(evidence: Evidence) -> Accelerator | None:
    """The plan's accelerator in the shipped declaration; None where that has none of the name."""
    plan = evidence.plan
    try:
        vendor = shipped_vendor(plan, evidence.basis)
    except SuiteError:  # R039 says that the suite does not ship it
        return None
    devices = {device.id: device for device in vendor.doc.accelerators}
    return devices.get(plan.devices.accelerator)


def unobserved(evidence: Evidence) -> Finding | None:
    """The finding where no tool named a device."""
    if given(evidence.environment.devices, ()):
        return None
    plan = evidence.plan
    if plan.runtime not in {"container", "process"} or plan.vendor.emulated:
        return not_applicable(
            Sentence(
                f"runtime {plan.runtime}: there is no device here to ask",
                f"运行方式为 {plan.runtime}：此处没有可查询的设备",
            )
        )
    declared = declared_accelerator(evidence)
    if declared is None or declared.topology.device == "host":
        return not_applicable(
            Sentence(
                "the device is the host, whose facts are in the environment",
                "设备即主机，其信息见环境一节",
            )
        )
    return warned(
        Sentence(
            f"no tool of this machine named its devices; declared: {plan.devices.title}",
            f"本机没有工具能报出设备名称；声明的设备：{plan.devices.title.zh}",
        )
    )


@rule(
    "R062",
    title=Bilingual("The devices are the declared ones", "设备与声明一致"),
    asks=Bilingual(
        "The vendor's tool names the declared accelerator, as many of them as the plan uses, with the declared memory.",
        "厂商工具所报的设备即所声明的加速器，数量与计划一致，显存与声明相符。",
    ),
    reason=Bilingual(
        "MFU and throughput per device divide by what was declared.",
        "MFU 与单设备吞吐均以声明的设备为除数。",
    ),
    phases="run",
    broken=Bilingual("fail; warn where no tool named a device", "fail；没有工具报告设备时为 warn"),
)
def declared_devices(evidence: Evidence, _: Results) -> Finding:
    """Name, number and memory of the observed devices are those of the declaration."""
    if (finding := unobserved(evidence)) is not None:
        return finding
    plan, used = evidence.plan, _used(evidence)
    declared = declared_accelerator(evidence)
    pattern = re.escape(plan.devices.name)
    if declared is not None:
        pattern = given(declared.match, re.escape(declared.name))
    if why := expressions.problem(pattern):
        return failed(
            Sentence(
                f"the declared pattern of the device's name is no regular expression: {why}",
                f"所声明的设备名称模式不是正则表达式：{chinese(why)}",
            )
        )
    wrong = [
        Sentence(
            f"device {device.index} is {device.name}, declared is {plan.devices.name}",
            f"设备 {device.index} 为 {device.name}，声明为 {plan.devices.name}",
        )
        for device in used
        if expressions.start_of(pattern, device.name) is None
    ]
    count = plan.devices.count or 0
    if len(used) < count:
        wrong.append(
            Sentence(
                f"{len(used)} devices are there, the plan uses {count}",
                f"共有 {len(used)} 个设备，计划使用 {count} 个",
            )
        )
    least = 0.0 if declared is None else MEMORY_SHARE * _capacity(declared.memory.capacity)
    wrong += [
        Sentence(
            f"device {device.index} has {memory / 1e9:.1f} GB of memory, declared are {least / MEMORY_SHARE / 1e9:.1f} GB",
            f"设备 {device.index} 的显存为 {memory / 1e9:.1f} GB，声明为 {least / MEMORY_SHARE / 1e9:.1f} GB",
        )
        for device in used
        if 0 < (memory := given(device.memory_bytes, 0)) < least
    ]
    known = [identity for device in used if (identity := given(device.identity))]
    if len(set(known)) < len(known):
        wrong.append(
            Sentence(
                "one device is listed twice under different numbers", "同一设备以不同编号列出两次"
            )
        )
    if wrong:
        return failed(wrong[0], wrong)
    return passed(Sentence(f"{len(used)} x {used[0].name}", f"{len(used)} 个 {used[0].name}"))


def _capacity(figure: Figure) -> float:
    known = figure.value != "unknown" and figure.unit in _BYTES
    return float(figure.value) * _BYTES[figure.unit] if known else 0.0


@rule(
    "R063",
    title=Bilingual("The devices are whole and at full power", "设备完整且未限功率"),
    asks=Bilingual(
        "No device is partitioned (MIG and the like), and none has a power limit below the declared one.",
        "没有设备被切分（MIG 等），功率上限不低于声明值。",
    ),
    reason=Bilingual(
        "A part of a device, or one held back, is not the product that the card names.",
        "被切分或受限的设备并非评分卡所称的产品。",
    ),
    phases="run",
    limits="open",
)
def whole_devices(evidence: Evidence, _: Results) -> Finding:
    """No observed device is partitioned or limited below the declaration."""
    if (finding := unobserved(evidence)) is not None:
        return not_applicable(finding.why)
    used, declared = _used(evidence), declared_accelerator(evidence)
    wrong = []
    for device in used:
        if given(device.partitioned, False):
            wrong.append(
                Sentence(
                    f"device {device.index} is partitioned: {given(device.partition, '')}",
                    f"设备 {device.index} 已分区：{given(device.partition, '')}",
                )
            )
        limit = given(device.power_limit_w)
        full = _power(declared) or given(device.power_default_w, 0.0)
        if limit is not None and limit < POWER_SHARE * full:
            wrong.append(
                Sentence(
                    f"device {device.index} is limited to {limit:g} W of {full:g} W",
                    f"设备 {device.index} 的功率被限制为 {limit:g} W（共 {full:g} W）",
                )
            )
    if wrong:
        return warned(wrong[0], wrong)
    return passed(
        Sentence(
            f"{len(used)} devices, none partitioned or limited in power",
            f"{len(used)} 个设备，均未分区，也未限制功率",
        )
    )


def _power(declared: Accelerator | None) -> float:
    """Declared watts of a device: its limit, else the board's, else the processor's; 0 when none is known."""
    if declared is None:
        return 0.0
    figures = (declared.power.device_limit, declared.power.board, declared.power.tdp)
    return next((float(figure.value) for figure in figures if figure.value != "unknown"), 0.0)


@rule(
    "R064",
    title=Bilingual("Nothing else runs on the devices", "设备上没有其他进程"),
    asks=Bilingual(
        "No other process held a device before the engine was started.",
        "引擎启动前，设备上没有其他进程。",
    ),
    reason=Bilingual(
        "A neighbour takes time, memory and power, and its power is counted.",
        "其他进程占用时间、显存与功率，且其功率会被计入。",
    ),
    phases="run",
    limits="open",
)
def free_devices(evidence: Evidence, _: Results) -> Finding:
    """No observed device was held by another process."""
    if (finding := unobserved(evidence)) is not None:
        return not_applicable(finding.why)
    used = _used(evidence)
    if all(given(device.processes) is None for device in used):
        return not_applicable(Sentence("the tool does not list processes", "该工具不列出进程"))
    wrong = [
        Sentence(
            f"device {device.index}: {process.name} (process {process.pid})",
            f"设备 {device.index}：{process.name}（进程 {process.pid}）",
        )
        for device in used
        for process in given(device.processes, ())
    ]
    if wrong:
        return warned(
            Sentence(
                f"other processes were on the devices: {wrong[0]}",
                f"设备上有其他进程：{chinese(wrong[0])}",
            ),
            wrong,
        )
    return passed(
        Sentence(f"no other process on {len(used)} devices", f"{len(used)} 个设备上没有其他进程")
    )


@rule(
    "R079",
    title=Bilingual("Only the declared devices worked", "只有声明的设备在工作"),
    asks=Bilingual(
        "While the engine served, no device but the declared ones had been given a process or memory; telemetry saw no more "
        "busy devices than declared; the power of each lies between what it draws idle and its limit.",
        "引擎服务期间，除声明的设备外没有设备被分配进程或显存；遥测所见的繁忙设备不多于声明数量；每个设备的功率介于空闲功率与"
        "功率上限之间。",
    ),
    reason=Bilingual(
        "A second device halves every time; power that was made up knows no limit.",
        "第二个设备会使一切时间减半；捏造的功率不受上限约束。",
    ),
    phases="measured",
    broken=Bilingual("fail", "fail"),
)
def declared_devices_worked(evidence: Evidence, _: Results) -> Finding:
    """No further device worked, and power is possible."""
    if unobserved(evidence) is not None:
        return not_applicable(
            Sentence(
                "no tool of this machine named its devices, see R062",
                "本机没有工具报告其设备，见 R062",
            )
        )
    wrong = [*_further(evidence), *_busy(evidence), *_power_wrong(evidence)]
    if wrong:
        return failed(wrong[0], wrong)
    seen = (
        ""
        if given(evidence.environment.devices_serving)
        else Sentence("; nobody looked while it served", "；服务期间无人查看")
    )
    return passed(
        Sentence(
            f"{evidence.plan.devices.title}, and no other{seen}",
            f"{evidence.plan.devices.title.zh}，没有其他设备{chinese(seen)}",
        )
    )


def _further(evidence: Evidence) -> list[str]:
    """Devices beside the declared ones that took a process or memory between the start and the end."""
    environment = evidence.environment
    before = {device.index: device for device in given(environment.devices, ())}
    used = {device.index for device in _used(evidence)}
    wrong: list[str] = []
    for device in given(environment.devices_serving, ()):
        earlier = before.get(device.index)
        if device.index in used or earlier is None:
            continue
        old = {process.pid for process in given(earlier.processes, ())}
        new = [p.name for p in given(device.processes, ()) if p.pid not in old]
        grown = given(device.memory_used_bytes, 0) - given(earlier.memory_used_bytes, 0)
        if new:
            wrong.append(
                Sentence(
                    f"device {device.index} is not declared and runs {new[0]}",
                    f"设备 {device.index} 未声明，却在运行 {new[0]}",
                )
            )
        elif given(earlier.memory_used_bytes) is not None and grown > GROWN_BYTES:
            wrong.append(
                Sentence(
                    f"device {device.index} is not declared and took {grown / 1e9:.1f} GB",
                    f"设备 {device.index} 未声明，却占用了 {grown / 1e9:.1f} GB",
                )
            )
    return wrong


def _busy(evidence: Evidence) -> list[str]:
    count = evidence.plan.devices.count
    busy = [
        device
        for device, samples in measured_samples(evidence).items()
        if statistics.mean([given(sample.utilisation, 0.0) for sample in samples]) > BUSY_SHARE
    ]
    if count is None or len(busy) <= count:
        return []
    return [
        Sentence(
            f"telemetry saw {len(busy)} devices at work ({', '.join(busy)}), declared is {count}",
            f"遥测看到 {len(busy)} 个设备在工作（{', '.join(busy)}），声明为 {count} 个",
        )
    ]


def _power_wrong(evidence: Evidence) -> list[str]:
    """Devices whose mean power in the measured phases is above their limit or below what they drew idle."""
    declared = declared_accelerator(evidence)
    limits = {device.index: given(device.power_limit_w) for device in _used(evidence)}
    start = next((mark.t for mark in evidence.marks if mark.name == "engine.start"), 0)
    wrong: list[str] = []
    for device, samples in measured_samples(evidence).items():
        watts = [power for sample in samples if (power := given(sample.power_w)) is not None]
        if not watts:
            continue
        mean = statistics.mean(watts)
        idle = [
            power
            for sample in evidence.telemetry
            if sample.device == device and sample.t < start
            if (power := given(sample.power_w)) is not None
        ]
        limit = limits.get(device) or _power(declared)
        if limit and mean > POWER_ABOVE * limit:
            wrong.append(
                Sentence(
                    f"device {device} drew {mean:.0f} W, its limit is {limit:g} W",
                    f"设备 {device} 功率为 {mean:.0f} W，其上限为 {limit:g} W",
                )
            )
        if len(idle) >= IDLE_SAMPLES and mean < POWER_BELOW * min(idle):
            wrong.append(
                Sentence(
                    f"device {device} drew {mean:.0f} W under load, {min(idle):.0f} W idle",
                    f"设备 {device} 负载下功率为 {mean:.0f} W，空闲时为 {min(idle):.0f} W",
                )
            )
    return wrong
