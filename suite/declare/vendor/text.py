"""A vendor's declaration for people: what it declares, where each figure was read, and what to beware of."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec import UNSET

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


def vendor_text(doc: Vendor) -> str:
    """The whole declaration, with a final line feed."""
    return "\n".join(_lines(doc)) + "\n"


def _lines(doc: Vendor) -> Iterator[str]:
    yield f"{doc.name} ({doc.id}), {doc.stack}: {doc.title.en} / {doc.title.chinese}"
    if doc.emulated:
        yield "EMULATED: an image answers the vendor's commands; no device of the vendor takes part."
    for device in doc.accelerators:
        yield ""
        yield from _accelerator(device)
    for engine in doc.engines:
        yield ""
        yield from _engine(engine)
    yield from _listed("Access to devices, the first by default", _access(doc))
    yield from _listed("Host prerequisites", map(_prerequisite, doc.prerequisites))
    yield from _listed("Telemetry, the first that works", map(_telemetry, doc.telemetry))
    yield from _listed(
        "Devices sign, before and after a run",
        (f"{shlex.join(tool.command)} ({tool.format})" for tool in given(doc.attestation, ())),
    )
    yield from _listed("Beware", doc.notes)
    sources = (f"{key} ({source.kind}): {source.ref}" for key, source in doc.sources.items())
    yield from _listed("Sources", sources)


def _listed(title: str, entries: Iterable[str]) -> Iterator[str]:
    rows = [f"  - {' '.join(entry.split())}" for entry in entries]
    if rows:
        yield ""
        yield f"{title}:"
        yield from rows


def _accelerator(device: Accelerator) -> Iterator[str]:
    topology = device.topology
    yield f"Accelerator {device.id}: {device.name}, a {topology.device}, {topology.devices_per_card} on a card"
    memory = device.memory
    share = "; the tool prints a share of it" if memory.declared_total else ""
    yield f"  memory       {_figure(memory.capacity)}{share}, {_figure(memory.bandwidth)}"
    power = device.power
    yield f"  power        {_figure(power.tdp)}; board {_figure(power.board)}; device limit {_figure(power.device_limit)}"
    if device.clock is not UNSET:
        yield f"  clock        {_figure(device.clock)}"
    if device.interconnect is not UNSET:
        yield f"  interconnect {device.interconnect.text}"
    for peak in device.peaks:
        yield f"  peak {peak.precision:<7} {_peak(peak)}"
    if device.cpu is not UNSET:
        yield f"  processor    {_cpu(device.cpu)}"
    if device.note is not UNSET:
        yield f"  note         {device.note}"


def _figure(figure: Figure) -> str:
    if figure.value == "unknown":
        return f"unknown ({given(figure.why, '')})"
    trust = given(figure.confidence)
    return f"{figure.value:g} {figure.unit}" + (f" ({trust} confidence)" if trust else "")


def _peak(peak: DeclaredPeak) -> str:
    if peak.formulas:
        return "by instruction set, cores and sustained clock"
    used = next((claim for claim in peak.claims if claim.used), None)
    if used is None:
        reasons = [given(claim.why, "") for claim in peak.claims if claim.value == "unknown"]
        return f"unknown ({'; '.join(filter(None, reasons)) or 'no claim can be used'})"
    return _claim(used, peak.unit)


def _claim(claim: Claim, unit: str) -> str:
    trust = given(claim.confidence)
    return (
        f"{claim.value:g} {unit}, {claim.basis}, of a {claim.scope}, {claim.kind}, "
        f"from {given(claim.source, 'nowhere')}" + (f" ({trust} confidence)" if trust else "")
        if claim.value != "unknown"
        else f"unknown ({given(claim.why, '')})"
    )


def _cpu(cpu: CPU) -> str:
    sets = ", ".join(cpu.isa) or "as the host says"
    return (
        f"{_figure(cpu.cores)} cores at {_figure(cpu.sustained_clock)}, {sets}; "
        f"FMA units {_figure(cpu.fma_pipes)}; KV cache {_figure(cpu.kv_space)}; NUMA: {cpu.numa_binding}"
    )


def _engine(engine: DeclaredEngine) -> Iterator[str]:
    yield f"Engine {engine.id}: {engine.title}, on {', '.join(engine.accelerators)}"
    for image in engine.images:
        yield f"  image        {_image(image)}"
    if engine.image_entrypoint:
        yield f"  the image starts {shlex.join(engine.image_entrypoint)} by itself"
    if engine.process is not UNSET:
        named = engine.process.python or engine.process.environment
        yield f"  process      {named or 'in an environment that --engine-python names'}"
    if engine.versions is not UNSET:
        span = engine.versions
        yield f"  arguments of {span.package} from {span.at_least} to below {span.below}"
    for stack in engine.stacks:
        versions = ", ".join(f"{name} {version}" for name, version in stack.components.items())
        yield f"  versions     {versions}"
    yield from _precisions(engine)
    yield from _arguments(engine)
    for model in engine.models:
        yield f"  model        {model.architecture}: {model.names}"
    if engine.conversion is not UNSET:
        yield f"  conversion   {engine.conversion.kind}, {engine.conversion.required}: {engine.conversion.why}"
        for row in engine.conversion.model_types:
            yield f"    {row.architecture} as {row.value}: {row.models}"
    if engine.static_shapes is not UNSET:
        shapes = engine.static_shapes
        yield f"  fixed shapes {', '.join(shapes.declares)}: {shapes.why}"
    ready = engine.readiness
    yield f"  ready        {ready.path} within {ready.timeout_s:g} s: {ready.warm_up}"
    yield from (f"  cannot       {entry.what}: {entry.why}" for entry in engine.unsupported)
    yield from (f"  beware       {' '.join(note.split())}" for note in engine.notes)


def _precisions(engine: DeclaredEngine) -> Iterator[str]:
    rows = ", ".join(
        row.requested
        if row.requested == row.executed
        else f"{row.requested} (runs as {row.executed})"
        for row in engine.dtypes.rows
    )
    yield f"  precision    {rows}; {engine.dtypes.default} by default"
    for row in engine.dtypes.refused:
        where = f" on {', '.join(row.accelerators)}" if row.accelerators is not UNSET else ""
        yield f"    not {row.requested}{where}: {row.why}"


def _arguments(engine: DeclaredEngine) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for rule in engine.arguments:
        tunable = given(rule.tunable, False)
        key: str = "free in the closed division" if tunable else rule.status
        value = f" {rule.value}" if rule.value is not UNSET else ""
        groups.setdefault(key, []).append(f"{rule.name}{value}")
    for key, names in groups.items():
        yield f"  arguments    {key}: {', '.join(names)}"


def _image(image: DeclaredImage) -> str:
    parts = [
        image.reference,
        image.visibility,
        image.digest or "not pinned",
        "/".join(image.architectures),
    ]
    if image.os is not UNSET:
        parts.append(image.os)
    if image.build is not UNSET:
        setup = "".join(f", then {shlex.join(step)}" for step in image.build.setup)
        parts.append(f"built here from {image.build.base}{setup}")
    parts += [f"also {mirror}" for mirror in given(image.mirrors, ())]
    return ", ".join(parts) + f" (from {image.provenance})"


def _prerequisite(item: Prerequisite) -> str:
    if item.compare is not UNSET:
        return f"{item.what} ({item.version}; compared: at least {item.compare.at_least})"
    why = "" if item.uncompared is UNSET else f"; not compared: {item.uncompared}"
    return f"{item.what} ({item.version}{why})"


def _access(doc: Vendor) -> Iterator[str]:
    for way in doc.access:
        yield f"{way.id} ({way.kind})" + (f": {way.note}" if way.note is not UNSET else "")
    yield from _visibility(doc.visibility)


def _visibility(visibility: Visibility) -> Iterator[str]:
    if visibility.container is not None:
        yield f"for the container runtime: {_variable(visibility.container)}"
    yield from (f"for the engine's process: {_variable(entry)}" for entry in visibility.process)
    if visibility.renumbered:
        yield "devices count from 0 again inside the container"
    if visibility.physical_ids:
        yield "device nodes are numbered by physical id, not by logical index"


def _variable(variable: VisibilityVariable) -> str:
    every = "takes no word for all" if variable.all is None else f"all is {variable.all!r}"
    return f"{variable.variable}, {variable.syntax}, {every}"


def _telemetry(tool: DeclaredTelemetry) -> str:
    quantities = ", ".join(
        f"{name} {quantity.available} of the {quantity.scope}"
        for name, quantity in tool.metrics.items()
    )
    return f"{tool.tool} on the {tool.where} ({tool.format}), needs {tool.privilege}: {quantities}"
