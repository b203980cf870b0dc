"""Emulated vendors: the real declaration with few members replaced, an image and a host tool of their own.

``tests/emulated/<vendor>/changes.yaml`` says what is replaced; whatever is not there stays the vendor's.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import tokenizers
import yaml

from suite.base import jsonio, yamlio
from suite.declare.tasks.prompt import load_prompt
from suite.declare.tasks.taskset import mini_set
from suite.declare.tasks.tokenizer import fit_prompts, load_tokenizer
from suite.declare.vendor.load import VENDOR_DIRECTORY
from tests.factories import runs

EMULATED = runs.ROOT / "tests" / "emulated"
MINI_MODEL = runs.ROOT / "suite" / "assets" / "mini_model"
SCRIPTED = (
    *(
        "__init__",
        "base/__init__",
        "base/addresses",
        "base/errorcodes",
        "base/errors",
        "base/jsonio",
    ),
    *("measure/__init__", "measure/load/__init__", "measure/load/transport/__init__"),
    *("measure/load/transport/clock", "measure/load/transport/timer"),
    *("measure/engine/sim_script", "measure/engine/sim_server", "measure/engine/sim_stream"),
    *("base/bilingual", "base/language", "base/safe"),
    *(
        "measure/engine/sim_cheats",
        "measure/engine/sim_faults",
        "measure/engine/sim_reply",
        "measure/engine/sim_vendor",
    ),
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


def answers() -> dict[str, object]:
    """What the emulated server says to the closed prompt of each mini task, by the prompt's SHA-256.

    The words are the mini model's own, token by token, and prompts are counted as its tokenizer counts.
    """
    tokenizer = load_tokenizer(MINI_MODEL)
    tasks = mini_set().tasks
    prompts = fit_prompts(
        tokenizer,
        load_prompt("closed-v1"),
        [task.document for task in tasks],
        api="chat",
        max_input_tokens=4096 - 64,
    )
    asked = {task.id: prompt for task, prompt in zip(tasks, prompts, strict=True)}
    reader = tokenizers.Tokenizer.from_file(str(MINI_MODEL / "tokenizer.json"))
    found = {}
    for line in (MINI_MODEL / "golden.jsonl").read_text("utf-8").splitlines():
        golden = json.loads(line)
        prompt = asked[golden["id"]]
        found[jsonio.sha256_hex(prompt.text.encode())] = {
            "pieces": _pieces(reader, golden["token_ids"]),
            "prompt_tokens": prompt.tokens,
        }
    return found


def _pieces(reader, ids) -> list[str]:
    """The text that each token adds; one that ends in the middle of a character adds nothing yet."""
    pieces, said = [], ""
    for end in range(1, len(ids) + 1):
        text = reader.decode(ids[:end])
        whole = said if text.endswith("\N{REPLACEMENT CHARACTER}") else text
        pieces.append(whole[len(said) :])
        said = whole
    return pieces


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
    errors = "suite/base/errors.toml"
    shutil.copyfile(runs.ROOT / errors, context / "scripted" / errors)
    # The real package's own beginning loads every way of running an engine.
    (context / "scripted" / "suite" / "measure" / "engine" / "__init__.py").touch()
    (context / "scripted" / "answers.json").write_bytes(jsonio.canonical(answers()))
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
