"""What a schema cannot say about a vendor declaration: references, templates, expressions, versions, engines, peaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base import expressions
from suite.base.bilingual import Sentence
from suite.base.errors import choices
from suite.declare.vendor import template
from suite.declare.vendor.engine_check import engine_problems
from suite.declare.vendor.peak_check import peak_problems
from suite.documents.codec import plain
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from suite.base.jsonio import JSONValue
    from suite.declare.vendor.engine_check import Found
    from suite.documents.vendor import Vendor

_SOURCE_MEMBERS = ("source", "provenance")
_INDEXED = ("argument", "per_device", "cdi")


def semantic_problems(
    doc: Vendor, *, directory: str, parsers: Collection[str] | None = None
) -> list[Found]:
    """Every contradiction in a declaration that the schema accepts; of telemetry, where the `parsers` are known."""
    problems: list[Found] = []
    if doc.id != directory:
        message = Sentence(f"the directory is called {directory!r}", f"目录名为 {directory!r}")
        hint = Sentence(f"write id: {directory}", f"请写 id: {directory}")
        problems.append(("/id", message, hint))
    tree = plain(doc)
    problems += _unknown_sources(tree, "", set(doc.sources))
    problems += _unused_sources(doc)
    problems += _templates(tree)
    problems += _duplicates(doc)
    problems += _references(doc)
    problems += _expressions(doc)
    problems += _matches(doc)
    problems += _devices(doc)
    problems += _versions(doc)
    problems += _parsers(doc, parsers)
    for index, engine in enumerate(doc.engines):
        problems += [(f"/engines/{index}{p}", m, h) for p, m, h in engine_problems(engine, doc)]
    return problems + peak_problems(doc)


def _parsers(doc: Vendor, known: Collection[str] | None) -> list[Found]:
    return [
        (
            f"/telemetry/{index}/parser",
            Sentence(
                f"no telemetry tool is called {tool.parser!r}",
                f"没有名为 {tool.parser!r} 的遥测工具",
            ),
            choices(tool.parser, known),
        )
        for index, tool in enumerate(doc.telemetry)
        if known is not None and tool.parser not in known
    ]


def _walk(value: JSONValue, pointer: str) -> Iterator[tuple[str, str, JSONValue]]:
    """Every member as (pointer, name, value), depth first."""
    if isinstance(value, dict):
        for name, inner in value.items():
            here = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            yield here, name, inner
            yield from _walk(inner, here)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, f"{pointer}/{index}")


def _is_reference(pointer: str, name: str) -> bool:
    # An image's and a mount's `source` is another thing.
    parts = pointer.split("/")
    mount_or_image = "images" in parts[-3:] or "mounts" in parts[-3:]
    return name == "provenance" or (name == "source" and not mount_or_image)


def _unknown_sources(tree: JSONValue, pointer: str, known: set[str]) -> list[Found]:
    hint = Sentence("declare it under sources with its address", "请在 sources 下声明它，并附地址")
    return [
        (here, Sentence(f"the source {value!r} is not declared", f"未声明来源 {value!r}"), hint)
        for here, name, value in _walk(tree, pointer)
        if name in _SOURCE_MEMBERS and _is_reference(here, name) and value not in known
    ]


def _unused_sources(doc: Vendor) -> list[Found]:
    used = {
        str(value)
        for here, name, value in _walk(plain(doc), "")
        if name in _SOURCE_MEMBERS and _is_reference(here, name)
    }
    return [
        (
            f"/sources/{name}",
            Sentence(f"nothing cites the source {name!r}", f"没有任何内容引用来源 {name!r}"),
            Sentence("cite it or remove it", "请引用或删除它"),
        )
        for name in doc.sources
        if name not in used
    ]


_TEXTS = (
    "arguments",
    "command",
    "argument",
    "expect",
    "per_device",
    "cdi",
    "gpus",
    "value",
    "allowed",
    "output_name",
)


def _templates(tree: JSONValue) -> list[Found]:
    problems: list[Found] = []
    for here, name, value in _walk(tree, ""):
        if name not in _TEXTS and not re.search(r"/env/[A-Z_a-z][^/]*$", here):
            continue
        texts = value if isinstance(value, list) else [value]
        for text in texts:
            for placeholder in template.names(text) if isinstance(text, str) else []:
                if placeholder not in template.PLACEHOLDERS:
                    known = ", ".join(sorted(template.PLACEHOLDERS))
                    message = Sentence(
                        f"unknown placeholder {{{placeholder}}}",
                        f"未知占位符 {{{placeholder}}}",
                    )
                    hint = Sentence(f"known: {known}", f"已知：{known}")
                    problems.append((here, message, hint))
                elif placeholder in template.OF_NODES and "/layouts/" not in here:
                    hint = Sentence("it may stand in layouts", "它只可用于 layouts")
                    message = Sentence(
                        f"{{{placeholder}}} has no meaning here",
                        f"{{{placeholder}}} 在此处没有意义",
                    )
                    problems.append((here, message, hint))
                elif placeholder == "index" and name not in (*_INDEXED, "expect"):
                    hint = Sentence(
                        "it may stand in argument, per_device and cdi",
                        "它只可用于 argument、per_device 与 cdi",
                    )
                    message = Sentence("{index} has no meaning here", "{index} 在此处没有意义")
                    problems.append((here, message, hint))
    return problems


def _duplicates(doc: Vendor) -> list[Found]:
    problems: list[Found] = []
    lists: list[tuple[str, list[str]]] = [
        ("/prerequisites", [item.id for item in doc.prerequisites]),
        ("/access", [item.id for item in doc.access]),
        ("/accelerators", [item.id for item in doc.accelerators]),
        ("/engines", [item.id for item in doc.engines]),
        ("/telemetry", [item.id for item in doc.telemetry]),
        ("/attestation", [item.id for item in given(doc.attestation, ())]),
    ]
    for number, engine in enumerate(doc.engines):
        at = f"/engines/{number}"
        lists.append((f"{at}/images", [item.id for item in engine.images]))
        lists.append((f"{at}/stacks", [item.id for item in engine.stacks]))
        lists.append((f"{at}/layouts", [item.id for item in given(engine.layouts, ())]))
    for pointer, names in lists:
        for index, name in enumerate(names):
            if name in names[:index]:
                message = Sentence(f"the id {name!r} occurs twice", f"id {name!r} 出现两次")
                hint = Sentence("rename one", "请更改其一")
                problems.append((f"{pointer}/{index}/id", message, hint))
    return problems


def _no_expression(why: str) -> Sentence:
    return Sentence("no regular expression: ", "不是正则表达式：") + why


def _expressions(doc: Vendor) -> list[Found]:
    """What is searched for must be an expression that takes no more than the text's time."""
    written = [
        *((f"/accelerators/{at}/match", given(a.match)) for at, a in enumerate(doc.accelerators)),
        *((f"/prerequisites/{at}/expect", p.expect) for at, p in enumerate(doc.prerequisites)),
    ]
    return [
        (
            at,
            _no_expression(why),
            Sentence(
                "RE2's, without back references and look-around",
                "须为 RE2 的正则表达式，不含反向引用与环视",
            ),
        )
        for at, pattern in written
        if pattern is not None and (why := expressions.problem(pattern))
    ]


def _matches(doc: Vendor) -> list[Found]:
    """What tells the accelerators apart must not find another, nor everything."""
    problems: list[Found] = []
    for index, device in enumerate(doc.accelerators):
        names = [other.name for other in doc.accelerators[:index]]
        if device.name in names:
            message = Sentence(
                f"the name {device.name!r} occurs twice", f"名称 {device.name!r} 出现两次"
            )
            problems.append(
                (f"/accelerators/{index}/name", message, Sentence("rename one", "请更改其一"))
            )
        pattern = given(device.match)
        if pattern is None or expressions.problem(pattern):
            continue
        found = [
            other.id
            for other in doc.accelerators
            if other is not device
            and (
                given(other.match) == pattern
                or expressions.start_of(pattern, other.name) is not None
            )
        ]
        everything = expressions.start_of(pattern, "") is not None
        if found or everything:
            message = (
                Sentence("the match finds every device", "match 会匹配任何设备")
                if everything
                else Sentence(
                    f"the match of {device.id} finds {found[0]} too",
                    f"{device.id} 的 match 也会匹配 {found[0]}",
                )
            )
            hint = Sentence(
                "write what the tool prints of this one alone; \\b ends a word",
                "请写工具仅对该设备输出的文字；\\b 表示词的边界",
            )
            problems.append((f"/accelerators/{index}/match", message, hint))
    return problems


def _devices(doc: Vendor) -> list[Found]:
    """Nodes and mounts are paths of the host, and each device has a node of its own."""
    problems: list[Found] = []
    for index, way in enumerate(doc.access):
        nodes, at = given(way.nodes), f"/access/{index}"
        each = nodes.per_device if nodes is not None else ()
        common = nodes.common if nodes is not None else ()
        paths = {f"{at}/nodes/common/{n}": path for n, path in enumerate(common)}
        paths |= {f"{at}/nodes/per_device/{n}": path for n, path in enumerate(each)}
        for number, mount in enumerate(given(way.mounts, ())):
            paths |= {
                f"{at}/mounts/{number}/source": mount.source,
                f"{at}/mounts/{number}/target": mount.target,
            }
        hint = Sentence("write the whole path, from /", "请写完整路径，以 / 开头")
        problems += [
            (place, Sentence(f"{path!r} is no whole path", f"{path!r} 不是完整路径"), hint)
            for place, path in paths.items()
            if not path.startswith("/")
        ]
        named = [(f"{at}/nodes/per_device/{n}", path) for n, path in enumerate(each)]
        named += [(f"{at}/cdi", way.cdi)] if way.cdi is not UNSET else []
        for place, text in named:
            if "{index}" not in text:
                message = Sentence(
                    f"{text!r} is the same for every device", f"{text!r} 对每个设备都相同"
                )
                problems.append(
                    (
                        place,
                        message,
                        Sentence("put {index} where its number stands", "请在编号处写 {index}"),
                    )
                )
    return problems


def _versions(doc: Vendor) -> list[Found]:
    """A version that is named is compared, or it is said why not."""
    problems: list[Found] = []
    for index, item in enumerate(doc.prerequisites):
        at = f"/prerequisites/{index}"
        if item.compare is UNSET:
            if re.search(r"[0-9]", item.version) and item.uncompared is UNSET:
                hint = Sentence(
                    "add compare: {read: …, at_least: …}, or uncompared with the reason",
                    "请添加 compare: {read: …, at_least: …}，或以 uncompared 说明原因",
                )
                message = Sentence(
                    f"nothing compares {item.version!r}", f"未声明如何比较 {item.version!r}"
                )
                problems.append((f"{at}/version", message, hint))
            continue
        if item.kind != "command":
            hint = Sentence("only a command prints one", "只有命令会打印版本")
            problems.append(
                (f"{at}/compare", Sentence("a path has no version", "路径没有版本"), hint)
            )
        if why := expressions.problem(item.compare.read):
            problems.append(
                (f"{at}/compare/read", _no_expression(why), Sentence("correct it", "请更正"))
            )
        elif (groups := expressions.groups(item.compare.read)) != 1:
            hint = Sentence(
                "exactly one pair of parentheses, around the version", "须恰有一对括号，括住版本"
            )
            problems.append(
                (f"{at}/compare/read", Sentence(f"{groups} groups", f"有 {groups} 个分组"), hint)
            )
    return problems


def _references(doc: Vendor) -> list[Found]:
    known: Mapping[str, list[str]] = {
        "accelerators": [item.id for item in doc.accelerators],
        "access": [item.id for item in doc.access],
        "engines": [item.id for item in doc.engines],
    }
    problems: list[Found] = []
    for here, name, value in _walk(plain(doc), ""):
        if name not in known or not isinstance(value, list) or here.count("/") == 1:
            continue
        for index, item in enumerate(value):
            if isinstance(item, str) and item not in known[name]:
                hint = choices(item, known[name])
                message = Sentence(f"{name} has no {item!r}", f"{name} 中没有 {item!r}")
                problems.append((f"{here}/{index}", message, hint))
    return problems
