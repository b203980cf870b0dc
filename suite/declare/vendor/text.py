"""A vendor's declaration for people: what it declares, where each figure was read, and what to beware of.

The words around are in both languages; what the declaration says in sentences of its own stands as it was written.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence, chinese, joined
from suite.base.visible import columns
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from suite.documents.accelerator import CPU, Accelerator, Claim, DeclaredPeak, Figure
    from suite.documents.vendor import (
        DeclaredTelemetry,
        Prerequisite,
        Vendor,
        Visibility,
        VisibilityVariable,
    )
    from suite.documents.vendor_engine import DeclaredEngine, DeclaredImage


def vendor_text(doc: Vendor) -> Sentence:
    """The whole declaration."""
    return joined(_lines(doc), "\n", "\n")


def _lines(doc: Vendor) -> Iterator[str]:
    yield f"{doc.name} ({doc.id}), {doc.stack}: {doc.title.en} / {doc.title.chinese}"
    if doc.emulated:
        yield Sentence(
            "EMULATED: an image answers the vendor's commands; no device of the vendor takes part.",
            "模拟：由镜像应答该厂商的命令；没有该厂商的设备参与。",
        )
    for device in doc.accelerators:
        yield ""
        yield from _accelerator(device)
    for engine in doc.engines:
        yield ""
        yield from _engine(engine)
    access = Sentence("Access to devices, the first by default", "设备的访问方式，默认为第一种")
    yield from _listed(access, _access(doc))
    needs = Sentence("Host prerequisites", "主机的前提条件")
    yield from _listed(needs, map(_prerequisite, doc.prerequisites))
    tools = Sentence("Telemetry, the first that works", "遥测，取第一个可用者")
    yield from _listed(tools, map(_telemetry, doc.telemetry))
    makers = Sentence("Devices sign, before and after a run", "设备在运行前后签名")
    signing = (f"{shlex.join(tool.command)} ({tool.format})" for tool in given(doc.attestation, ()))
    yield from _listed(makers, signing)
    yield from _listed(Sentence("In Kubernetes", "在 Kubernetes 中"), _resources(doc))
    yield from _listed(Sentence("Beware", "注意"), doc.notes)
    sources = (f"{key} ({source.kind}): {source.ref}" for key, source in doc.sources.items())
    yield from _listed(Sentence("Sources", "来源"), sources)


def _listed(title: Sentence, entries: Iterable[str]) -> Iterator[str]:
    rows = [_row("  - ", entry) for entry in entries]
    if rows:
        yield ""
        yield title + Sentence(":", "：")
        yield from rows


def _row(start: str, entry: str) -> Sentence:
    """An entry on one line."""
    return Sentence(start + " ".join(entry.split()), start + " ".join(chinese(entry).split()))


def _named(name: Sentence, value: str, *, width: int = 13) -> Sentence:
    """A name and what stands behind it, one column for either language."""
    wide = max(1, width - columns(name.zh))
    return Sentence(f"  {name:<{width}}{value}", f"  {name.zh}{' ' * wide}{chinese(value)}")


def _accelerator(device: Accelerator) -> Iterator[str]:
    topology = device.topology
    yield Sentence(
        f"Accelerator {device.id}: {device.name}, a {topology.device}, {topology.devices_per_card} on a card",
        f"加速器 {device.id}：{device.name}，{topology.device}，每卡 {topology.devices_per_card} 个",
    )
    memory = device.memory
    share = (
        Sentence("; the tool prints a share of it", "；工具显示其中一部分")
        if memory.declared_total
        else ""
    )
    sizes = joined((_figure(memory.capacity) + share, _figure(memory.bandwidth)), ", ", "，")
    yield _named(Sentence("memory", "显存"), sizes)
    power = device.power
    tdp, board, limit = map(_figure, (power.tdp, power.board, power.device_limit))
    yield _named(
        Sentence("power", "功率"),
        Sentence(
            f"{tdp}; board {board}; device limit {limit}",
            f"{tdp.zh}；板卡 {board.zh}；设备上限 {limit.zh}",
        ),
    )
    if device.clock is not UNSET:
        yield _named(Sentence("clock", "频率"), _figure(device.clock))
    if device.interconnect is not UNSET:
        yield _named(Sentence("interconnect", "互连"), device.interconnect.text)
    for peak in device.peaks:
        yield _named(Sentence(f"peak {peak.precision}", f"峰值 {peak.precision}"), _peak(peak))
    if device.cpu is not UNSET:
        yield _named(Sentence("processor", "处理器"), _cpu(device.cpu))
    if device.note is not UNSET:
        yield _named(Sentence("note", "说明"), device.note)


def _figure(figure: Figure) -> Sentence:
    if figure.value == "unknown":
        return _unknown(given(figure.why, ""))
    number = f"{figure.value:g} {figure.unit}"
    return Sentence(number, number) + _trust(given(figure.confidence))


def _unknown(why: str) -> Sentence:
    return Sentence(f"unknown ({why})", f"未知（{chinese(why)}）")


def _trust(confidence: str | None) -> str:
    return Sentence(f" ({confidence} confidence)", f"（可信度 {confidence}）") if confidence else ""


def _peak(peak: DeclaredPeak) -> str:
    if peak.formulas:
        return Sentence(
            "by instruction set, cores and sustained clock", "由指令集、核数与可持续频率得出"
        )
    used = next((claim for claim in peak.claims if claim.used), None)
    if used is None:
        reasons = [given(claim.why, "") for claim in peak.claims if claim.value == "unknown"]
        none = Sentence("no claim can be used", "没有可用的数值")
        return _unknown("; ".join(filter(None, reasons)) or none)
    return _claim(used, peak.unit)


def _claim(claim: Claim, unit: str) -> Sentence:
    if claim.value == "unknown":
        return _unknown(given(claim.why, ""))
    source = given(claim.source) or Sentence("nowhere", "无")
    return Sentence(
        f"{claim.value:g} {unit}, {claim.basis}, of a {claim.scope}, {claim.kind}, from {source}",
        f"{claim.value:g} {unit}，{claim.basis}，按 {claim.scope}，{claim.kind}，来源 {chinese(source)}",
    ) + _trust(given(claim.confidence))


def _cpu(cpu: CPU) -> Sentence:
    sets = ", ".join(cpu.isa) or Sentence("as the host says", "以主机所示为准")
    cores, clock, pipes, space = map(
        _figure, (cpu.cores, cpu.sustained_clock, cpu.fma_pipes, cpu.kv_space)
    )
    return Sentence(
        f"{cores} cores at {clock}, {sets}; FMA units {pipes}; KV cache {space}; NUMA: {cpu.numa_binding}",
        f"{cores.zh} 核，{clock.zh}，{chinese(sets)}；FMA 单元 {pipes.zh}；KV 缓存 {space.zh}；NUMA：{cpu.numa_binding}",
    )


def _engine(engine: DeclaredEngine) -> Iterator[str]:
    devices = ", ".join(engine.accelerators)
    yield Sentence(
        f"Engine {engine.id}: {engine.title}, on {devices}",
        f"推理引擎 {engine.id}：{engine.title}，用于 {devices}",
    )
    for image in engine.images:
        yield _named(Sentence("image", "镜像"), _image(image))
    if engine.image_entrypoint:
        starts = shlex.join(engine.image_entrypoint)
        yield Sentence(f"  the image starts {starts} by itself", f"  镜像自行启动 {starts}")
    if engine.process is not UNSET:
        named = engine.process.python or engine.process.environment
        elsewhere = Sentence(
            "in an environment that --engine-python names", "在 --engine-python 所指的环境中"
        )
        yield _named(Sentence("process", "进程"), named or elsewhere)
    if engine.versions is not UNSET:
        span = engine.versions
        yield Sentence(
            f"  arguments of {span.package} from {span.at_least} to below {span.below}",
            f"  参数适用于 {span.package} {span.at_least} 起、{span.below} 之前",
        )
    for stack in engine.stacks:
        versions = ", ".join(f"{name} {version}" for name, version in stack.components.items())
        yield _named(Sentence("versions", "版本"), versions)
    yield from _precisions(engine)
    yield from _arguments(engine)
    yield from _models(engine)
    ready = engine.readiness
    yield _named(
        Sentence("ready", "就绪"),
        Sentence(
            f"{ready.path} within {ready.timeout_s:g} s: {ready.warm_up}",
            f"{ready.path}，{ready.timeout_s:g} 秒内：{ready.warm_up}",
        ),
    )
    for entry in engine.unsupported:
        yield _named(Sentence("cannot", "不支持"), f"{entry.what}: {entry.why}")
    for note in engine.notes:
        yield _named(Sentence("beware", "注意"), " ".join(note.split()))


def _models(engine: DeclaredEngine) -> Iterator[str]:
    """Which models it runs, and what they need."""
    for model in engine.models:
        yield _named(Sentence("model", "模型"), f"{model.architecture}: {model.names}")
    if engine.conversion is not UNSET:
        kind = engine.conversion
        yield _named(Sentence("conversion", "转换"), f"{kind.kind}, {kind.required}: {kind.why}")
        for row in kind.model_types:
            yield Sentence(
                f"    {row.architecture} as {row.value}: {row.models}",
                f"    {row.architecture} 作为 {row.value}：{row.models}",
            )
    if engine.static_shapes is not UNSET:
        shapes = engine.static_shapes
        named = ", ".join(shapes.declares)
        yield _named(Sentence("fixed shapes", "固定形状"), f"{named}: {shapes.why}")


def _precisions(engine: DeclaredEngine) -> Iterator[str]:
    rows = joined(
        (
            row.requested
            if row.requested == row.executed
            else Sentence(
                f"{row.requested} (runs as {row.executed})",
                f"{row.requested}（以 {row.executed} 运行）",
            )
            for row in engine.dtypes.rows
        ),
        ", ",
        "，",
    )
    default = engine.dtypes.default
    yield _named(
        Sentence("precision", "精度"),
        rows + Sentence(f"; {default} by default", f"；默认 {default}"),
    )
    for row in engine.dtypes.refused:
        devices = "" if row.accelerators is UNSET else ", ".join(row.accelerators)
        where = Sentence(f" on {devices}", f"（用于 {devices}）") if devices else ""
        yield Sentence(
            f"    not {row.requested}{where}: {row.why}",
            f"    不可用 {row.requested}{chinese(where)}：{row.why}",
        )


def _arguments(engine: DeclaredEngine) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for rule in engine.arguments:
        key: str = (
            Sentence("free in the closed division", "封闭赛道中可自由设置")
            if given(rule.tunable, False)
            else rule.status
        )
        value = f" {rule.value}" if rule.value is not UNSET else ""
        groups.setdefault(key, []).append(f"{rule.name}{value}")
    for key, names in groups.items():
        listed = ", ".join(names)
        yield _named(
            Sentence("arguments", "参数"),
            Sentence(f"{key}: {listed}", f"{chinese(key)}：{listed}"),
        )


def _image(image: DeclaredImage) -> Sentence:
    parts: list[str] = [
        image.reference,
        image.visibility,
        image.digest or Sentence("not pinned", "未固定"),
        "/".join(image.architectures),
    ]
    if image.os is not UNSET:
        parts.append(image.os)
    if image.build is not UNSET:
        setup = "".join(f", then {shlex.join(step)}" for step in image.build.setup)
        steps = "".join(f"，然后 {shlex.join(step)}" for step in image.build.setup)
        base = image.build.base
        parts.append(Sentence(f"built here from {base}{setup}", f"在此由 {base} 构建{steps}"))
    parts += [Sentence(f"also {mirror}", f"另见 {mirror}") for mirror in given(image.mirrors, ())]
    source = Sentence(f" (from {image.provenance})", f"（来源 {image.provenance}）")
    return joined(parts, ", ", "，") + source


def _prerequisite(item: Prerequisite) -> Sentence:
    if item.compare is not UNSET:
        least = item.compare.at_least
        return Sentence(
            f"{item.what} ({item.version}; compared: at least {least})",
            f"{item.what}（{item.version}；比较：至少 {least}）",
        )
    if item.uncompared is UNSET:
        return Sentence(f"{item.what} ({item.version})", f"{item.what}（{item.version}）")
    return Sentence(
        f"{item.what} ({item.version}; not compared: {item.uncompared})",
        f"{item.what}（{item.version}；不比较：{item.uncompared}）",
    )


def _access(doc: Vendor) -> Iterator[str]:
    for way in doc.access:
        yield f"{way.id} ({way.kind})" + (f": {way.note}" if way.note is not UNSET else "")
    yield from _visibility(doc.visibility)


def _resources(doc: Vendor) -> Iterator[str]:
    for item in given(doc.kubernetes, ()):
        only = ", ".join(given(item.accelerators, ()))
        yield f"{item.resource} ({only})" if only else item.resource


def _visibility(visibility: Visibility) -> Iterator[str]:
    if visibility.container is not None:
        variable = _variable(visibility.container)
        yield Sentence(f"for the container runtime: {variable}", f"供容器运行时：{variable.zh}")
    for entry in visibility.process:
        variable = _variable(entry)
        yield Sentence(f"for the engine's process: {variable}", f"供引擎进程：{variable.zh}")
    if visibility.renumbered:
        yield Sentence(
            "devices count from 0 again inside the container", "容器内的设备重新从 0 编号"
        )
    if visibility.physical_ids:
        yield Sentence(
            "device nodes are numbered by physical id, not by logical index",
            "设备节点按物理编号，而非逻辑序号",
        )


def _variable(variable: VisibilityVariable) -> Sentence:
    every = (
        Sentence("takes no word for all", "没有表示全部的写法")
        if variable.all is None
        else Sentence(f"all is {variable.all!r}", f"全部写作 {variable.all!r}")
    )
    return joined((variable.variable, variable.syntax, every), ", ", "，")


def _telemetry(tool: DeclaredTelemetry) -> Sentence:
    quantities = joined(
        (
            Sentence(
                f"{name} {quantity.available} of the {quantity.scope}",
                f"{name} {quantity.available}（{quantity.scope}）",
            )
            for name, quantity in tool.metrics.items()
        ),
        ", ",
        "，",
    )
    return Sentence(
        f"{tool.tool} on the {tool.where} ({tool.format}), needs {tool.privilege}: {quantities}",
        f"{tool.tool}，位于 {tool.where}（{tool.format}），需要 {tool.privilege}：{quantities.zh}",
    )
