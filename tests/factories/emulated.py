"""Emulated vendors: the real declaration with few members replaced, an image and a host tool of their own.

``tests/emulated/<vendor>/changes.yaml`` says what is replaced; whatever is not there stays the vendor's.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from suite.base import jsonio, yamlio
from suite.declare.vendor import VENDOR_DIRECTORY
from suite.declare.workload.prompt import load_prompt
from suite.declare.workload.tasks import mini_set
from tests.factories import runs

EMULATED = runs.ROOT / "tests" / "emulated"
MINI_MODEL = runs.ROOT / "suite" / "assets" / "mini_model"
SCRIPTED = (
    *("__init__", "base/__init__", "base/errors", "base/jsonio", "measure/__init__"),
    *("measure/load/__init__", "measure/load/clock", "measure/load/timer"),
    *("measure/engine/sim_script", "measure/engine/sim_server", "measure/engine/sim_stream"),
)
"""The modules of the scripted server."""


def changes(vendor: str) -> dict[str, object]:
    """What an emulated declaration has in place of the real one's members, by path."""
    return yamlio.load(EMULATED / vendor / "changes.yaml").value


def _member(holder, name):
    """The key of a member: its name, or in a list the position of the item with that id."""
    if isinstance(holder, dict):
        return name
    return next(number for number, item in enumerate(holder) if item["id"] == name)


def declaration(vendor: str, into: Path) -> Path:
    """Write the emulated declaration into a directory of the vendor's name; returns that directory."""
    document = yamlio.load(VENDOR_DIRECTORY / vendor / "vendor.yaml").value
    for path, value in changes(vendor).items():
        *parents, last = path.split("/")
        holder = document
        for name in parents:
            holder = holder[_member(holder, name)]
        holder[_member(holder, last)] = value
    directory = into / vendor
    directory.mkdir(parents=True)
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)
    (directory / "vendor.yaml").write_text(text, "utf-8")
    return directory


def script() -> dict[str, object]:
    """What the emulated server answers: to the closed prompt of a mini task, the mini model's own words."""
    tasks = {task.id: task for task in mini_set().tasks}
    prompt = load_prompt("closed-v1")
    table = {}
    for line in (MINI_MODEL / "golden.jsonl").read_text("utf-8").splitlines():
        golden = json.loads(line)
        asked = prompt.render(tasks[golden["id"]].document)
        table[jsonio.sha256_hex(asked.encode())] = golden["text"]
    return {"answers": "table", "table": table, "ttft_ms": 30, "itl_ms": 5, "token_ids": False}


def build_image(vendor: str, reference: str, base: str, context: Path) -> None:
    """Build the emulated image; the layers of the last time are used again where nothing has changed."""
    source = EMULATED / vendor / "image"
    shutil.copytree(source, context, ignore=shutil.ignore_patterns("vllm", "__pycache__"))
    (context / "mttransformer" / "__init__.py").touch()
    server = context / "vllm" / "entrypoints" / "openai"
    server.mkdir(parents=True)
    for package in (server, server.parent, server.parent.parent):
        (package / "__init__.py").touch()
    shutil.copyfile(source / "vllm" / "api_server.py", server / "api_server.py")
    for name in SCRIPTED:
        target = context / "scripted" / "suite" / f"{name}.py"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(runs.ROOT / "suite" / f"{name}.py", target)
    # The real package's own beginning loads every way of running an engine.
    (context / "scripted" / "suite" / "measure" / "engine" / "__init__.py").touch()
    (context / "scripted" / "script.json").write_bytes(jsonio.canonical(script()))
    words = ["docker", "build", "--quiet", "--tag", reference, "--build-arg", f"BASE_IMAGE={base}"]
    subprocess.run([*words, str(context)], check=True, stdout=subprocess.DEVNULL)


@dataclass(frozen=True)
class Emulation:
    """An emulated vendor on this machine.

    Attributes:
        directory: of its declaration.
        image: reference of its image.
        tools: directory with its host tools, for PATH.
    """

    directory: Path
    image: str
    tools: Path


def emulate(vendor: str, base: str, into: Path) -> Emulation:
    """Everything that an emulated vendor needs."""
    directory = declaration(vendor, into / "vendors")
    image = next(
        value[0]["reference"] for path, value in changes(vendor).items() if path.endswith("/images")
    )
    build_image(vendor, image, base, into / "context")
    return Emulation(directory, image, EMULATED / vendor)
