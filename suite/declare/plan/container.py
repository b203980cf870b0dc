"""The container half of a plan: image, device access, mounts, limits, and what must be there before."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from suite.declare.vendor import template

if TYPE_CHECKING:
    from suite.declare.enginedoc import EngineDecl, ImageDecl
    from suite.declare.plan.choice import Choice
    from suite.declare.plandoc import (
        ContainerDoc,
        ConversionDoc,
        ImageDoc,
        MountDoc,
        PreflightDoc,
        ProcessDoc,
        TelemetryToolDoc,
    )
    from suite.declare.vendordoc import NodesDoc

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - a mount point inside the container
_UNITS = {"b": 1, "k": 2**10, "m": 2**20, "g": 2**30}


def image_doc(image: ImageDecl) -> ImageDoc:
    """The form that a plan holds."""
    build = image.get("build")
    return {
        "source": image["source"],
        "reference": image["reference"],
        "digest": image["digest"],
        "build_context": build["context"] if build else None,
        "tarball": image.get("tarball"),
        "visibility": image["visibility"],
    }


def container_doc(choice: Choice, conversion: ConversionDoc | None) -> ContainerDoc:
    """How the container is started."""
    access, engine = choice.access, choice.engine
    shared = engine.get("shared_memory", {})
    privileged = access.get("privileged")
    shm = shared.get("tmpfs")
    return {
        "runtime": access.get("runtime"),
        "gpus": template.fill(access["gpus"], {"visible": choice.visible})
        if "gpus" in access
        else None,
        "devices": _devices(choice),
        "mounts": _mounts(choice, conversion),
        "tmpfs": {
            **engine.get("tmpfs", {}),
            **access.get("tmpfs", {}),
            **({_SHARED_MEMORY: shm} if shm else {}),
        },
        "shm_size": shared.get("shm_size"),
        "ipc": shared.get("ipc"),
        "network": "host" if "host_network" in access else "isolated",
        "capabilities_add": list(access.get("capabilities", [])),
        "security_opt": list(access.get("security_opt", [])),
        "groups": list(access.get("groups", [])),
        "ulimits": dict(access.get("ulimits", {})),
        "memory": _memory(engine, choice.model.facts.weight_bytes),
        "pids": engine["limits"]["pids"],
        "privileged": privileged is not None,
        "privileged_reason": privileged["reason"] if privileged else None,
        "entrypoint": engine["entrypoint"],
        "user": None,
        "wrapper": access.get("wrapper"),
        "read_only_root": "writable_root" not in engine,
    }


def _devices(choice: Choice) -> list[str]:
    access = choice.access
    empty: NodesDoc = {"common": [], "per_device": []}
    nodes = access.get("nodes", empty)
    per_index = list(nodes["per_device"]) + ([access["cdi"]] if "cdi" in access else [])
    return [
        *(
            template.fill(text, {"index": str(index)})
            for index in choice.indices
            for text in per_index
        ),
        *nodes["common"],
    ]


def _mounts(choice: Choice, conversion: ConversionDoc | None) -> list[MountDoc]:
    source = choice.model.path if conversion is None else conversion["host_target"]
    model: MountDoc = {
        "source": source,
        "target": choice.engine["model_target"],
        "read_only": True,
    }
    declared: list[MountDoc] = [
        {"source": m["source"], "target": m["target"], "read_only": m["read_only"]}
        for m in choice.access.get("mounts", [])
    ]
    return [model, *declared]


def _memory(engine: EngineDecl, weight_bytes: int) -> str:
    """Whole GiB: a base whatever the model, and so much per byte of weights."""
    limits = engine["limits"]
    base = int(limits["memory_base"][:-1]) * _UNITS[limits["memory_base"][-1]]
    return f"{math.ceil((base + limits['memory_per_weight'] * weight_bytes) / 2**30)}g"


def process_doc(engine: EngineDecl) -> ProcessDoc | None:
    """How the engine runs without a container; None when it is not declared to."""
    process = engine.get("process")
    if process is None:
        return None
    return {"environment": process["environment"], "requirements": process["requirements"]}


def preflight(choice: Choice) -> list[PreflightDoc]:
    """What must be there before anything is pulled or started; nothing for a server that runs already."""
    if not choice.starts_engine:
        return []
    checks: list[PreflightDoc] = []
    for item in choice.vendor.doc["prerequisites"]:
        wanted = (
            choice.access["id"] in item.get("access", [choice.access["id"]])
            and choice.engine["id"] in item.get("engines", [choice.engine["id"]])
            and choice.runtime in item.get("runtimes", [choice.runtime])
        )
        if not wanted:
            continue
        per_device = any("index" in template.names(text) for text in item["argument"])
        for index in choice.indices if per_device else (0,):
            values = {
                "index": str(index),
                "visible": choice.visible,
                "match": choice.device.get("match", re.escape(choice.device["name"])),
            }
            expect = item["expect"]
            checks.append(
                {
                    "id": f"{item['id']}-{index}" if per_device else item["id"],
                    "kind": item["kind"],
                    "what": f"{item['what']} ({index})" if per_device else item["what"],
                    "argument": template.fill_all(item["argument"], values),
                    # A regular expression has braces of its own, so only the one name is replaced.
                    "expect": None
                    if expect is None
                    else expect.replace("{match}", values["match"]),
                    "hint": item["hint"],
                }
            )
    return checks


def telemetry(choice: Choice) -> list[TelemetryToolDoc]:
    """The tools to sample, best first; none when the engine's machine may be another one."""
    if not choice.starts_engine:
        return []
    return [
        {
            "tool": tool["tool"],
            "where": tool["where"],
            "command": template.fill_all(tool["command"], {"visible": choice.visible}),
            "parser": tool["parser"],
            "interval_ms": tool["interval_ms"],
        }
        for tool in choice.vendor.doc["telemetry"]
    ]
