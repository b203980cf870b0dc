"""An emulated machine from a declaration: the same engines, arguments, conversion and telemetry, without the devices.

Everything stays the vendor's but for what must be there to run: the image is one that is built here for CPUs, in which
a program of the suite takes the vendor's words and refuses what the declaration refuses; device nodes are ``/dev/null``;
the telemetry tool is another, which prints in the real one's layout. Name and every card say that it is emulated.
"""

from __future__ import annotations

import copy
import sys
from typing import TYPE_CHECKING, Any, Final

import yaml

from suite.base import jsonio, yamlio
from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, UsageError, unwritable
from suite.base.resources import resource
from suite.base.safe import read_plain, replace_file
from suite.declare.vendor.load import FILE_NAME, load_vendor
from suite.documents.engine import RECIPE_TARGET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from suite.declare.vendor.load import Vendor

ENGINES: Final = "engines.json"
TARGET: Final = "/emulated"
TOOLS: Final = ("nvidia-smi", "amd-smi", "npu-smi", "mthreads-gmi")
"""Telemetry tools whose layout `suite/assets/emulated_tool.py` prints."""
_SOURCE: Final = "emulation"
_READY: Final = ("/health", "/v1/models")
_PROGRAM: Final = "engine.py"
_MAX_PROGRAM: Final = 1 << 20
_SOONER: Final = {"vllm": ("--enforce-eager",)}
"""What makes an engine start sooner; how fast it then is says nothing anyway."""


def emulate(vendor: Vendor, into: Path, *, devices: int, underneath: str) -> Path:
    """Write the emulated declaration of a vendor.

    Args:
        vendor: the real declaration.
        into: directory that gets a directory of the vendor's name.
        devices: how many the machine has.
        underneath: the CPU's engine that serves.

    Returns:
        The directory of the emulated declaration.

    Raises:
        UsageError: ``emulation-impossible`` where no engine of the vendor can be emulated.
        SetupError: ``disk-unwritable``.
    """
    document: Any = copy.deepcopy(yamlio.load(vendor.path).value)
    engines = [
        engine
        for engine in document["engines"]
        if takes_port(rule.get("value") for rule in engine["arguments"])
    ]
    if not engines or vendor.id == "cpu":
        message = Sentence(
            f"no engine of {vendor.id} can be emulated: none takes its port as an argument",
            f"{vendor.id} 没有可模拟的引擎：均不以参数给出端口",
        )
        if vendor.id == "cpu":
            message = Sentence(
                "the CPU is here: there is nothing to emulate", "CPU 就在此处：无需模拟"
            )
        raise UsageError("emulation-impossible", message)
    known: Any = yamlio.load(load_vendor("cpu").path).value
    cpu = next(engine for engine in known["engines"] if engine["id"] == underneath)
    directory = into / f"{devices}-devices-{underneath}" / vendor.id
    nodes = _nodes(document)
    _relabel(document)
    described = {
        "underneath": _beneath(cpu),
        "engines": {item["id"]: _described(item, document, nodes, devices) for item in engines},
    }
    document["engines"] = engines
    document["prerequisites"] = []
    document["access"] = [_access(nodes, directory)]
    for engine in engines:
        _replace_engine(engine, copy.deepcopy(cpu))  # the YAML takes no anchors
    name = document["accelerators"][0]["name"]
    document["telemetry"] = [
        entry
        for entry in document["telemetry"]
        if entry["tool"] in TOOLS and "--json" in entry["command"]
    ] or [entry for entry in document["telemetry"] if entry["tool"] in TOOLS]
    document["telemetry"] = document["telemetry"][:1]
    document.pop("attestation", None)
    for entry in document["telemetry"]:
        script = str(resource("suite/assets/emulated_tool.py"))
        entry |= {
            "command": [sys.executable, script, entry["tool"], str(devices), name],
            "where": "host",
        }
    cited = set(_texts({name: value for name, value in document.items() if name != "sources"}))
    document["sources"] = {
        name: source for name, source in document["sources"].items() if name in cited
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)
        replace_file(directory / FILE_NAME, text.encode())
        replace_file(directory / ENGINES, jsonio.pretty(described))
        program = resource("suite/assets/emulated_engine.py")
        replace_file(directory / _PROGRAM, read_plain(program, _MAX_PROGRAM, below=None))
    except OSError as cause:
        raise SetupError("disk-unwritable", unwritable(cause.filename, cause)) from cause
    return directory


def _texts(value: object) -> Iterator[str]:
    """Every text of a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def takes_port(values: Iterable[object]) -> bool:
    """Whether one of an engine's arguments, by their values, is its port."""
    return "{port}" in values


def _relabel(document: dict[str, Any]) -> None:
    document["name"] += " (emulated)"
    document["title"] = {
        "en": f"{document['title']['en']} (emulated)",
        "zh": f"{document['title']['zh']}（模拟）",
    }
    document["emulated"] = True
    document["sources"][_SOURCE] = {
        "ref": "suite run --emulate: takes the vendor's commands and runs without the vendor's devices",
        "kind": "configuration",
    }


def _nodes(document: dict[str, Any]) -> list[str]:
    """The names of the device nodes in a container, as the vendor's own way without a toolkit has them."""
    for way in document["access"]:
        per_device: list[str] = (way.get("nodes") or {}).get("per_device") or []
        if per_device:
            return [node.rpartition(":")[2] for node in per_device]
    return ["/dev/emulated{index}"]


def _access(nodes: list[str], directory: Path) -> dict[str, Any]:
    per_device = [f"/dev/null:{node}" for node in nodes]
    return {
        "id": "emulated",
        "kind": "raw",
        "nodes": {"common": [], "per_device": per_device},
        "mounts": [{"source": str(directory.absolute()), "target": TARGET, "read_only": True}],
        "sets_visibility": True,
        "source": _SOURCE,
    }


def _beneath(cpu: dict[str, Any]) -> dict[str, Any]:
    """How the engine underneath starts; what the vendor's words decide stays a placeholder."""
    words = [*cpu["command"]]
    for rule in cpu["arguments"]:
        if rule["status"] in ("required", "recommended"):
            words += [rule["name"], *([rule["value"]] if rule["takes"] != "flag" else [])]
    words += _SOONER.get(cpu["id"], ())
    return {
        "command": words,
        "convert": cpu.get("conversion", {}).get("command", []),
        "fixed": {
            "recipe": RECIPE_TARGET,
            "dtype": cpu["dtypes"]["default"],
            "tensor_parallel": "1",
        },
        "caching": {name: cpu["prefix_caching"][name] for name in ("enable", "disable")},
        "env": {item["name"]: item["value"] for item in cpu["env"]},
    }


def _described(
    engine: dict[str, Any], document: dict[str, Any], nodes: list[str], devices: int
) -> dict[str, Any]:
    """What the emulated engine holds its words against; see ``suite/assets/emulated_engine.py``."""
    entry = engine["entrypoint"] or engine["image_entrypoint"]
    container = document["visibility"]["container"]
    return {
        "title": engine["title"],
        "words": [*entry, *engine["command"]],
        "arguments": engine["arguments"],
        "prefix_caching": engine["prefix_caching"],
        "env": [item["name"] for item in engine["env"]],
        "nodes": nodes,
        "indices": list(range(devices)),
        "variables": [container["variable"]] if container else [],
    }


def _replace_engine(engine: dict[str, Any], cpu: dict[str, Any]) -> None:
    entry = engine["entrypoint"] or engine["image_entrypoint"]
    program = ["python", f"{TARGET}/{_PROGRAM}"]
    engine["images"] = [{**cpu["images"][0], "id": "emulated", "provenance": _SOURCE}]
    engine["entrypoint"] = [*program, "serve", engine["id"], *entry]
    engine["image_entrypoint"] = []
    engine["pre_commands"] = []
    for member in ("peak_probe", "profiler", "compile_cache", "process", "access", "shared_memory"):
        engine.pop(member, None)
    if engine["readiness"]["path"] not in _READY:
        engine["readiness"]["path"] = _READY[0]
    engine["request"] |= {"token_ids": False, "extra_body": {}}
    engine["limits"] = {**engine["limits"], "memory_base": cpu["limits"]["memory_base"]}
    if "shared_memory" in cpu:
        engine["shared_memory"] = {**cpu["shared_memory"], "source": _SOURCE}
    conversion = engine.get("conversion")
    if conversion:
        baked = {item["name"]: item["value"] for item in conversion["parameters"]}
        first = ["{model_source}", "{conversion_target}", baked.get("dtype", "float32")]
        ranks = baked.get("tensor_parallel", "1")
        conversion["command"] = [*program, "convert", *first, ranks, *conversion["command"]]
