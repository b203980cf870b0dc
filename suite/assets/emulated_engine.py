"""Stands in for a vendor's image: takes its commands and arguments, and serves with an engine for CPUs underneath.

What a vendor's engine takes is read from its declaration (``engines.json`` beside this file): the words before the
arguments, each argument with its rule, the variable and the nodes of its devices. What the declaration refuses, this
refuses. The same file has the command, switches, variables and conversion of the engine underneath.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ENGINES = Path(__file__).with_name("engines.json")
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


def weights(under: dict[str, Any], model: Path, ranks: str) -> Path:
    """A directory that the engine underneath reads; what was converted here must be for as many ranks."""
    made = model / MARK
    if made.is_file():
        baked = json.loads(made.read_text())["tensor_parallel"]
        if baked != ranks:
            refuse(f"ValueError: weights converted for {baked} ranks, {ranks} are asked for")
        return model
    if not under["convert"]:
        return model
    directory = Path(tempfile.mkdtemp())
    convert(under, model, directory, "float32")
    return directory


def filled(words: list[str], values: dict[str, str]) -> list[str]:
    """Words with their placeholders filled."""
    for name, value in values.items():
        words = [word.replace(f"{{{name}}}", value) for word in words]
    return words


def convert(under: dict[str, Any], model: Path, out: Path, dtype: str) -> None:
    """Write the weights in a type, as the engine underneath reads them."""
    if not under["convert"]:
        copy_in_type(model, out, dtype)
        return
    places = {"model_source": str(model), "conversion_target": str(out), "dtype": dtype}
    subprocess.run(filled(under["convert"], {**under["fixed"], **places}), check=True)


def copy_in_type(model: Path, out: Path, dtype: str) -> None:
    """Hugging Face's files again, the weights in another type."""
    import torch
    from safetensors.torch import load_file, save_file

    shutil.copytree(model, out, dirs_exist_ok=True)
    for file in out.glob("*.safetensors"):
        tensors = load_file(file)
        kept = {name: value.to(getattr(torch, dtype)) for name, value in tensors.items()}
        save_file(kept, file, {"format": "pt"})


def convert_once(under: dict[str, Any], words: list[str]) -> None:
    """The declared conversion: source, target, type and ranks, then the vendor's own command."""
    source, target, dtype, ranks, *command = words
    print(f"emulated: {' '.join(command)}", flush=True)
    convert(under, Path(source), Path(target), TYPES.get(dtype, "float32"))
    mark = {"tensor_parallel": ranks, "command": command}
    (Path(target) / MARK).write_text(json.dumps(mark))


def serve(under: dict[str, Any], engine: dict[str, Any], words: list[str]) -> None:
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
    values = {
        **under["fixed"],
        "model": str(weights(under, Path(model), ranks)),
        "served_model_name": given.get("served_model_name", model),
        "host": given.get("host", "0.0.0.0"),  # noqa: S104 - in a container
        "port": given["port"],
        "max_model_len": given.get("max_model_len", "4096"),
    }
    command = filled(under["command"], values) + under["caching"]["enable" if on else "disable"]
    # The vendor's variables mean something else to the engine underneath.
    kept = {name: value for name, value in os.environ.items() if name not in engine["env"]}
    os.execvpe(command[0], command, kept | under["env"])  # noqa: S606 - the server takes this program's place


def main() -> None:
    """``convert …`` or ``serve ENGINE …``."""
    kind, *words = sys.argv[1:]
    described = json.loads(ENGINES.read_text())
    if kind == "convert":
        convert_once(described["underneath"], words)
    elif kind == "serve":
        serve(described["underneath"], described["engines"][words[0]], words[1:])
    else:
        refuse(f"{kind}: serve or convert")


if __name__ == "__main__":
    main()
