"""An emulated machine from a declaration: the same engines, arguments, conversion and telemetry, without the devices.

Everything stays the vendor's but for what must be there to run: the image is one that is built here for CPUs, in which
a program of the suite takes the vendor's words and refuses what the declaration refuses; device nodes are ``/dev/null``;
the telemetry tool is another, which prints in the real one's layout. Name and every card say that it is emulated.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import yaml
from msgspec import UNSET, structs

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, UsageError, unwritable
from suite.base.resources import resource
from suite.base.safe import read_plain, replace_file
from suite.declare.vendor.load import FILE_NAME, load_vendor
from suite.documents.accelerator import Source
from suite.documents.codec import plain
from suite.documents.document import given
from suite.documents.engine import RECIPE_TARGET, Mount
from suite.documents.text import Title
from suite.documents.vendor import DeviceAccess, DeviceNodes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from suite.base.jsonio import JSONObject
    from suite.declare.vendor.load import Vendor
    from suite.documents.vendor import DeclaredTelemetry
    from suite.documents.vendor import Vendor as Declaration
    from suite.documents.vendor_engine import DeclaredEngine

ENGINES: Final = "engines.json"
TARGET: Final = "/emulated"
TOOLS: Final = ("nvidia-smi", "amd-smi", "npu-smi", "mthreads-gmi")
"""Telemetry tools whose layout `suite/assets/emulated_tool.py` prints."""
_SOURCE: Final = "emulation"
_READY: Final = ("/health", "/v1/models")
_PROGRAM: Final = "engine.py"
_MAX_PROGRAM: Final = 1 << 20
_LEFT_OUT: Final = ("peak_probe", "profiler", "compile_cache", "process", "access")
"""Members of an engine that are the machine's or the image's."""
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
    engines = [engine for engine in vendor.doc.engines if takes_port(engine)]
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
    cpu = load_vendor("cpu").engine(underneath)
    directory = into / f"{devices}-devices-{underneath}" / vendor.id
    nodes = _nodes(vendor.doc)
    document = _cited(
        structs.replace(
            _relabelled(vendor.doc),
            engines=tuple(_replaced(engine, cpu) for engine in engines),
            prerequisites=(),
            access=(_access(nodes, directory),),
            telemetry=tuple(_telemetry(vendor.doc, devices)),
            attestation=UNSET,
        )
    )
    described = {
        "underneath": _beneath(cpu),
        "engines": {
            engine.id: _described(engine, vendor.doc, nodes, devices) for engine in engines
        },
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(plain(document), allow_unicode=True, sort_keys=False, width=100)
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


def takes_port(engine: DeclaredEngine) -> bool:
    """Whether one of an engine's arguments is its port."""
    return any(rule.value == "{port}" for rule in engine.arguments)


def _relabelled(document: Declaration) -> Declaration:
    source = Source(
        ref="suite run --emulate: takes the vendor's commands and runs without the vendor's devices",
        kind="configuration",
    )
    return structs.replace(
        document,
        name=f"{document.name} (emulated)",
        title=Title(en=f"{document.title.en} (emulated)", zh=f"{document.title.zh}（模拟）"),
        emulated=True,
        sources={**document.sources, _SOURCE: source},
    )


def _cited(document: Declaration) -> Declaration:
    """The declaration with those sources alone that it still cites."""
    cited = set(_texts({**plain(document), "sources": None}))
    sources = {name: source for name, source in document.sources.items() if name in cited}
    return structs.replace(document, sources=sources)


def _telemetry(document: Declaration, devices: int) -> Iterator[DeclaredTelemetry]:
    """The first tool whose layout can be printed, as JSON where it has that; the program takes its place."""
    entries = [entry for entry in document.telemetry if entry.tool in TOOLS]
    for entry in sorted(entries, key=lambda entry: "--json" not in entry.command)[:1]:
        script = str(resource("suite/assets/emulated_tool.py"))
        name = document.accelerators[0].name
        command = (sys.executable, script, entry.tool, str(devices), name)
        yield structs.replace(entry, command=command, where="host")


def _nodes(document: Declaration) -> list[str]:
    """The names of the device nodes in a container, as the vendor's own way without a toolkit has them."""
    for way in document.access:
        nodes = given(way.nodes)
        if nodes is not None and nodes.per_device:
            return [node.rpartition(":")[2] for node in nodes.per_device]
    return ["/dev/emulated{index}"]


def _access(nodes: list[str], directory: Path) -> DeviceAccess:
    per_device = tuple(f"/dev/null:{node}" for node in nodes)
    return DeviceAccess(
        id="emulated",
        kind="raw",
        nodes=DeviceNodes(common=(), per_device=per_device),
        mounts=(Mount(source=str(directory.absolute()), target=TARGET, read_only=True),),
        sets_visibility=True,
        source=_SOURCE,
    )


def _beneath(cpu: DeclaredEngine) -> JSONObject:
    """How the engine underneath starts; what the vendor's words decide stays a placeholder."""
    words = [*cpu.command]
    for rule in cpu.arguments:
        if rule.status in {"required", "recommended"}:
            words += [rule.name, *([given(rule.value, "")] if rule.takes != "flag" else [])]
    words += _SOONER.get(cpu.id, ())
    conversion = given(cpu.conversion)
    return {
        "command": [*words],
        "convert": [] if conversion is None else [*conversion.command],
        "fixed": {
            "recipe": RECIPE_TARGET,
            "dtype": cpu.dtypes.default,
            "tensor_parallel": "1",
        },
        "caching": {
            "enable": [*cpu.prefix_caching.enable],
            "disable": [*cpu.prefix_caching.disable],
        },
        "env": {item.name: item.value for item in cpu.env},
    }


def _described(
    engine: DeclaredEngine, document: Declaration, nodes: list[str], devices: int
) -> JSONObject:
    """What the emulated engine holds its words against; see ``suite/assets/emulated_engine.py``."""
    container = document.visibility.container
    return {
        "title": engine.title,
        "words": [*(engine.entrypoint or engine.image_entrypoint), *engine.command],
        "arguments": [plain(rule) for rule in engine.arguments],
        "prefix_caching": plain(engine.prefix_caching),
        "env": [item.name for item in engine.env],
        "nodes": [*nodes],
        "indices": [*range(devices)],
        "variables": [container.variable] if container else [],
    }


def _replaced(engine: DeclaredEngine, cpu: DeclaredEngine) -> DeclaredEngine:
    """An engine of the vendor's with what must be another to run here."""
    program = ("python", f"{TARGET}/{_PROGRAM}")
    readiness, memory, conversion = engine.readiness, given(cpu.shared_memory), engine.conversion
    if readiness.path not in _READY:
        readiness = structs.replace(readiness, path=_READY[0])
    if conversion is not UNSET:
        baked = {item.name: item.value for item in conversion.parameters}
        first = ("{model_source}", "{conversion_target}", baked.get("dtype", "float32"))
        ranks = baked.get("tensor_parallel", "1")
        command = (*program, "convert", *first, ranks, *conversion.command)
        conversion = structs.replace(conversion, command=command)
    return structs.replace(
        engine,
        images=(structs.replace(cpu.images[0], id="emulated", provenance=_SOURCE),),
        entrypoint=(*program, "serve", engine.id, *(engine.entrypoint or engine.image_entrypoint)),
        image_entrypoint=(),
        pre_commands=(),
        conversion=conversion,
        readiness=readiness,
        request=structs.replace(engine.request, token_ids=False, extra_body={}),
        limits=structs.replace(engine.limits, memory_base=cpu.limits.memory_base),
        shared_memory=UNSET if memory is None else structs.replace(memory, source=_SOURCE),
        **dict.fromkeys(_LEFT_OUT, UNSET),
    )
