"""What a schema says of a wrong vendor declaration, with what would be right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from suite.base import schema
from suite.base.bilingual import Sentence
from suite.base.errors import Problem

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject, JSONValue


def explain(problem: Problem, value: JSONValue) -> Problem:
    """Add to a schema problem what would be right."""
    pointer = problem.place.pointer if problem.place and problem.place.pointer else ""
    message, hint = problem.message, problem.hint
    if pointer.endswith("/shared_memory"):
        memory = _at(value, pointer)
        ways = [k for k in ("shm_size", "ipc", "tmpfs") if isinstance(memory, dict) and k in memory]
        message = (
            Sentence(f"{' and '.join(ways)} together", f"{' 与 '.join(ways)} 同时给出")
            if ways
            else Sentence("no way of sharing memory", "没有共享内存的方式")
        )
        hint = Sentence(
            "exactly one of shm_size, ipc, tmpfs: with ipc: host the size has no effect",
            "shm_size、ipc、tmpfs 恰取其一：ipc: host 时大小不起作用",
        )
    elif pointer.endswith("/privileged"):
        message = Sentence("privileged without a reason", "特权而未说明原因")
        hint = Sentence(
            "write {reason: why nothing less will do, source: where it says so}",
            "请写成 {reason: 为何不能更少, source: 出处}",
        )
    elif missing := re.match(r"'(\w+)' is a required property", message):
        message = Sentence(f"the member {missing[1]!r} is missing", f"缺少成员 {missing[1]!r}")
        hint = hint or _description(pointer, missing[1])
    elif " is not of type " in message and (quoting := _quoting(message, _at(value, pointer))):
        hint = quoting
    elif not hint:
        hint = _description(pointer, None)
    if hint and not isinstance(hint, Sentence):
        hint = Sentence(hint, f"模式中的说明：{hint}")
    return Problem(message, problem.place, hint)


def _quoting(message: str, found: JSONValue) -> str:
    """What to do where quotation marks are missing or too many; "" where it is not that."""
    wanted = message.rpartition(" is not of type ")[2]
    if isinstance(found, bool | int | float) and wanted.startswith("string"):
        return Sentence("put it in quotation marks", "请加上引号")
    numeric = isinstance(found, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", found)
    if numeric and wanted.startswith(("number", "integer")):
        return Sentence(f"write {found} without quotation marks", f"请写 {found}，不加引号")
    return ""


def _at(value: JSONValue, pointer: str) -> JSONValue:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def _description(pointer: str, member: str | None) -> str:
    """The schema's description of the member at a pointer."""
    root = schema.read("vendor")
    node: JSONValue = root
    parts = [*pointer.split("/")[1:], *([member] if member else [])]
    text = ""
    for part in parts:
        node = _resolve(root, node)
        if not isinstance(node, dict):
            return ""
        properties = node.get("properties")
        if isinstance(properties, dict) and part in properties:
            node = properties[part]
        else:
            node = node.get("items") if part.isdigit() else node.get("additionalProperties")
        text = (
            str(node["description"]) if isinstance(node, dict) and "description" in node else text
        )
    return text


def _resolve(root: JSONObject, node: JSONValue) -> JSONValue:
    while isinstance(node, dict) and "$ref" in node:
        node = _at(root, str(node["$ref"])[1:])
    return node
