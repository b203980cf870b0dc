"""Stands in for a vendor's image: takes its commands and arguments, and serves with llama.cpp underneath.

What a vendor's engine takes is read from its declaration (``/emulated/engines.json``): the words before the arguments,
each argument with its rule, the variable and the nodes of its devices. What the declaration refuses, this refuses.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ENGINES = Path("/emulated/engines.json")
MARK = "emulated.json"
TYPES = {"float16": "float16", "fp16": "float16", "bfloat16": "bfloat16", "bf16": "bfloat16"}


def refuse(why: str) -> None:
    """End as an engine does that does not start."""
    sys.exit(f"emulated: {why}")


def rule_of(engine: dict[str, Any], option: str) -> dict[str, Any]:
    """The rule of an option, by name, alias or family."""
    for rule in engine["arguments"]:
        names = [rule["name"], *rule.get("aliases", [])]
        if option in names or (rule["name"].endswith("*") and option.startswith(rule["name"][:-1])):
            return rule
    refuse(f"error: unrecognized arguments: {option}")
    return {}


def arguments(engine: dict[str, Any], words: list[str]) -> dict[str, str]:
    """The arguments by the name of their rule, as its rules allow them."""
    switches = {word for name in ("disable", "enable") for word in engine["prefix_caching"][name]}
    taken: dict[str, str] = {}
    rest = list(words)
    while rest:
        option, equals, value = rest.pop(0).partition("=")
        if option in switches:
            taken[option] = ""
            continue
        rule = rule_of(engine, option)
        if rule["status"] == "forbidden":
            refuse(f"error: {option} is not supported: {rule['why']}")
        if rule["takes"] != "flag" and not equals:
            if not rest:
                refuse(f"error: argument {option}: expected one argument")
            value = rest.pop(0)
        allowed = rule.get("allowed", [])
        if allowed and not any("{" in text for text in allowed) and value not in allowed:
            refuse(f"ValueError: {option} {value}: only {', '.join(allowed)} is supported")
        taken[rule["name"]] = value
    return taken


def roles(engine: dict[str, Any], taken: dict[str, str]) -> dict[str, str]:
    """What the declaration gives each argument for, such as the port, with the value that came."""
    return {
        rule["value"].strip("{}"): taken[rule["name"]]
        for rule in engine["arguments"]
        if str(rule.get("value", "")).startswith("{") and rule["name"] in taken
    }


def check_devices(engine: dict[str, Any]) -> None:
    """The devices must be in the container, and named by the stack's variable where it is read there."""
    listed = engine["indices"]
    for template in engine["nodes"]:
        for index in listed if "{index}" in template else [0]:
            path = Path(template.replace("{index}", str(index)))
            if not path.is_char_device():
                refuse(f"RuntimeError: there is no {path}")
    for variable in engine["variables"]:
        if not os.environ.get(variable):
            refuse(f"RuntimeError: {variable} is not set")


def gguf(model: Path, ranks: str) -> Path:
    """The weights as llama.cpp reads them; those that were converted here must be for as many ranks."""
    made = model / MARK
    if made.is_file():
        baked = json.loads(made.read_text())["tensor_parallel"]
        if baked != ranks:
            refuse(f"ValueError: weights converted for {baked} ranks, {ranks} are asked for")
        return model / "model.gguf"
    directory = tempfile.mkdtemp()
    convert(model, Path(directory), "float32")
    return Path(directory) / "model.gguf"


def convert(model: Path, out: Path, dtype: str) -> None:
    """Write the weights as a GGUF file."""
    words = ["--model", str(model), "--out", str(out), "--dtype", TYPES.get(dtype, "float32")]
    subprocess.run([sys.executable, str(HERE / "hf_to_gguf.py"), *words], check=True)


def convert_once(words: list[str]) -> None:
    """The declared conversion: source, target, type and ranks, then the vendor's own command."""
    source, target, dtype, ranks, *command = words
    print(f"emulated: {' '.join(command)}", flush=True)
    convert(Path(source), Path(target), dtype)
    mark = {"tensor_parallel": ranks, "command": command}
    (Path(target) / MARK).write_text(json.dumps(mark))


def serve(engine: dict[str, Any], words: list[str]) -> None:
    """Become the server, if the words are those that the vendor's engine takes."""
    model = ""
    for template in engine["words"]:
        if not words:
            refuse("the command is cut short")
        word = words.pop(0)
        if template == "{model}":
            model = word
        elif word != template:
            refuse(f"{word}: the declared command has {template}")
    taken = arguments(engine, words)
    given = roles(engine, taken)
    check_devices(engine)
    model = given.get("model", model)
    ranks = given.get("tensor_parallel", "1")
    switch = engine["prefix_caching"]
    on = any(word in taken for word in switch["enable"]) or (
        switch["default"] == "on" and not any(word in taken for word in switch["disable"])
    )
    print(f"emulated: {engine['title']} with {taken}", flush=True)
    command = [sys.executable, str(HERE / "serve.py"), "--model", str(gguf(Path(model), ranks))]
    command += ["--alias", given.get("served_model_name", model), "--metrics"]
    command += ["--host", given.get("host", "0.0.0.0"), "--port", given["port"]]  # noqa: S104 - in a container
    command += ["--max-model-len", given.get("max_model_len", "4096")]
    command.append("--cache-prompt" if on else "--no-cache-prompt")
    os.execv(command[0], command)  # noqa: S606 - the server takes this program's place


def main() -> None:
    """``emulated.py convert …`` or ``emulated.py serve ENGINE …``."""
    kind, *words = sys.argv[1:]
    if kind == "convert":
        convert_once(words)
    elif kind == "serve":
        serve(json.loads(ENGINES.read_text())[words[0]], words[1:])
    else:
        refuse(f"{kind}: serve or convert")


if __name__ == "__main__":
    main()
