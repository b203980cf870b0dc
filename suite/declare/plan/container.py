"""The container half of a plan: image, device access, mounts, limits, and what must be there before."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.declare.vendor import template
from suite.documents.document import given
from suite.documents.engine import Container, Conversion, Image, Mount, PreflightCheck, Process
from suite.documents.plan import AttestationTool, TelemetryTool
from suite.documents.vendor import DeviceNodes

if TYPE_CHECKING:
    from suite.declare.plan.choice import Choice
    from suite.documents.vendor_engine import DeclaredEngine, DeclaredImage

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - a mount point inside the container
EXPORTER_MS = 1_000
"""Between two readings of an exporter's page; exporters renew theirs more seldom."""
_UNITS = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30}


def image_doc(image: DeclaredImage) -> Image:
    """The form that a plan holds."""
    build = given(image.build)
    return Image(
        source=image.source,
        reference=image.reference,
        digest=image.digest,
        build_context=build.context if build else None,
        tarball=given(image.tarball),
        visibility=image.visibility,
        mirrors=image.mirrors,
    )


def container_doc(choice: Choice, conversion: Conversion | None) -> Container:
    """How the container is started."""
    access, engine = choice.access, choice.engine
    shared = engine.shared_memory or None
    privileged = given(access.privileged)
    shm = given(shared.tmpfs) if shared else None
    return Container(
        runtime=given(access.runtime),
        gpus=template.fill(access.gpus, {"visible": choice.visible})
        if access.gpus is not UNSET
        else None,
        devices=tuple(_devices(choice)),
        mounts=tuple(_mounts(choice, conversion)),
        tmpfs={
            **given(engine.tmpfs, {}),
            **given(access.tmpfs, {}),
            **({_SHARED_MEMORY: shm} if shm else {}),
        },
        shm_size=given(shared.shm_size) if shared else None,
        ipc=given(shared.ipc) if shared else None,
        network="host" if access.host_network is not UNSET else "isolated",
        capabilities_add=tuple(given(access.capabilities, [])),
        security_opt=tuple(given(access.security_opt, [])),
        groups=tuple(given(access.groups, [])),
        ulimits=dict(given(access.ulimits, {})),
        memory=_memory(engine, choice.model.facts.weight_bytes),
        pids=engine.limits.pids,
        privileged=privileged is not None,
        privileged_reason=privileged.reason if privileged else None,
        entrypoint=engine.entrypoint,
        user=None,
        wrapper=given(access.wrapper),
        read_only_root=engine.writable_root is UNSET,
    )


def _devices(choice: Choice) -> list[str]:
    access = choice.access
    empty = DeviceNodes(common=(), per_device=())
    nodes = given(access.nodes, empty)
    per_index = list(nodes.per_device) + ([access.cdi] if access.cdi is not UNSET else [])
    return [
        *(
            template.fill(text, {"index": str(index)})
            for index in choice.indices
            for text in per_index
        ),
        *nodes.common,
    ]


def _mounts(choice: Choice, conversion: Conversion | None) -> list[Mount]:
    source = choice.model.path if conversion is None else conversion.host_target
    model = Mount(
        source=source,
        target=choice.engine.model_target,
        read_only=True,
    )
    declared: list[Mount] = [
        Mount(source=m.source, target=m.target, read_only=m.read_only)
        for m in given(choice.access.mounts, [])
    ]
    return [model, *declared]


def _memory(engine: DeclaredEngine, weight_bytes: int) -> str:
    """Whole GiB: a base whatever the model, and so much per byte of weights."""
    limits = engine.limits
    base = int(limits.memory_base[:-1]) * _UNITS[limits.memory_base[-1]]
    return f"{math.ceil((base + limits.memory_per_weight * weight_bytes) / 2**30)}g"


def process_doc(engine: DeclaredEngine, python: str | None) -> Process | None:
    """How the engine runs without a container; None when it is not declared to.

    Args:
        engine: the declaration.
        python: interpreter that the user names; else the declared one, else an environment that the suite makes.
    """
    process = given(engine.process)
    if process is None:
        return None
    interpreter = python or given(process.python)
    if interpreter is not None:
        return Process(python=interpreter, requirements=process.requirements)
    return Process(environment=process.environment, requirements=process.requirements)


def preflight(choice: Choice) -> list[PreflightCheck]:
    """What must be there before anything is pulled or started; nothing for a server that runs already."""
    if not choice.starts_engine:
        return []
    checks: list[PreflightCheck] = []
    for item in choice.vendor.doc.prerequisites:
        wanted = (
            choice.access.id in given(item.access, [choice.access.id])
            and choice.engine.id in given(item.engines, [choice.engine.id])
            and choice.runtime in given(item.runtimes, [choice.runtime])
        )
        if not wanted:
            continue
        per_device = any("index" in template.names(text) for text in item.argument)
        for index in choice.indices if per_device else (0,):
            values = {
                "index": str(index),
                "visible": choice.visible,
                # Which name the tool prints is not declared: any answer of the tool will do.
                "match": given(choice.device.match, "."),
            }
            expect = item.expect
            checks.append(
                PreflightCheck(
                    id=f"{item.id}-{index}" if per_device else item.id,
                    kind=item.kind,
                    what=f"{item.what} ({index})" if per_device else item.what,
                    argument=tuple(template.fill_all(item.argument, values)),
                    # A regular expression has braces of its own, so only the one name is replaced.
                    expect=None if expect is None else expect.replace("{match}", values["match"]),
                    compare=item.compare,
                    hint=item.hint,
                )
            )
    return checks


def attestation(choice: Choice) -> tuple[AttestationTool, ...]:
    """The tools of the devices' maker that have them sign; none for a machine that may be another one."""
    if choice.runtime not in {"container", "process"}:
        return ()
    return tuple(
        AttestationTool(command=tool.command, parser=tool.parser, keep=tool.keep)
        for tool in given(choice.vendor.doc.attestation, ())
    )


def telemetry(choice: Choice) -> list[TelemetryTool]:
    """The tools to sample, best first; of a machine that may be another one only a page that was named."""
    url = choice.options.telemetry_url
    page = (
        [
            TelemetryTool(
                tool="exporter",
                where="host",
                command=(url,),
                parser="prometheus",
                interval_ms=EXPORTER_MS,
            )
        ]
        if url
        else []
    )
    if not choice.starts_engine:
        return page
    return page + [
        TelemetryTool(
            tool=tool.tool,
            where=tool.where,
            command=tuple(template.fill_all(tool.command, {"visible": choice.visible})),
            parser=tool.parser,
            interval_ms=tool.interval_ms,
            averages_ms=tool.averages_ms,
        )
        for tool in choice.vendor.doc.telemetry
    ]
