"""What a schema cannot say about a vendor declaration: references, templates, argument rules, conversion."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from msgspec import UNSET

from suite.base import expressions
from suite.base.bilingual import Sentence
from suite.base.errors import choices
from suite.declare.vendor import template
from suite.declare.vendor.arguments import wrong_value
from suite.declare.vendor.peak_check import peak_problems
from suite.documents.codec import plain
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from suite.base.jsonio import JSONValue
    from suite.documents.vendor import Vendor
    from suite.documents.vendor_engine import DeclaredEngine

Found: TypeAlias = "tuple[str, str, str]"
"""JSON pointer, message, hint."""

_SOURCE_MEMBERS = ("source", "provenance")
_INDEXED = ("argument", "per_device", "cdi")


def semantic_problems(
    doc: Vendor, *, directory: str, parsers: Collection[str] | None = None
) -> list[Found]:
    """Every contradiction in a declaration that the schema accepts; of telemetry, where the `parsers` are known."""
    problems: list[Found] = []
    if doc.id != directory:
        problems.append(("/id", f"the directory is called {directory!r}", f"write id: {directory}"))
    tree = plain(doc)
    problems += _unknown_sources(tree, "", set(doc.sources))
    problems += _unused_sources(doc)
    problems += _templates(tree)
    problems += _duplicates(doc)
    problems += _references(doc)
    problems += _expressions(doc)
    problems += _versions(doc)
    problems += _parsers(doc, parsers)
    for index, engine in enumerate(doc.engines):
        problems += [(f"/engines/{index}{p}", m, h) for p, m, h in _engine(engine, doc)]
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
    hint = "declare it under sources with its address"
    return [
        (here, f"the source {value!r} is not declared", hint)
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
        (f"/sources/{name}", f"nothing cites the source {name!r}", "cite it or remove it")
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
    problems = []
    for here, name, value in _walk(tree, ""):
        if name not in _TEXTS and not re.search(r"/env/[A-Z_a-z][^/]*$", here):
            continue
        texts = value if isinstance(value, list) else [value]
        for text in texts:
            for placeholder in template.names(text) if isinstance(text, str) else []:
                if placeholder not in template.PLACEHOLDERS:
                    known = ", ".join(sorted(template.PLACEHOLDERS))
                    problems.append(
                        (here, f"unknown placeholder {{{placeholder}}}", f"known: {known}")
                    )
                elif placeholder in template.OF_NODES and "/layouts/" not in here:
                    hint = "it may stand in layouts"
                    problems.append((here, f"{{{placeholder}}} has no meaning here", hint))
                elif placeholder == "index" and name not in (*_INDEXED, "expect"):
                    hint = "it may stand in argument, per_device and cdi"
                    problems.append((here, "{index} has no meaning here", hint))
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
                problems.append(
                    (f"{pointer}/{index}/id", f"the id {name!r} occurs twice", "rename one")
                )
    return problems


def _expressions(doc: Vendor) -> list[Found]:
    """What is searched for must be an expression that takes no more than the text's time."""
    written = [
        *((f"/accelerators/{at}/match", given(a.match)) for at, a in enumerate(doc.accelerators)),
        *((f"/prerequisites/{at}/expect", p.expect) for at, p in enumerate(doc.prerequisites)),
    ]
    return [
        (at, f"no regular expression: {why}", "RE2's, without back references and look-around")
        for at, pattern in written
        if pattern is not None and (why := expressions.problem(pattern))
    ]


def _versions(doc: Vendor) -> list[Found]:
    """A version that is named is compared, or it is said why not."""
    problems: list[Found] = []
    for index, item in enumerate(doc.prerequisites):
        at = f"/prerequisites/{index}"
        if item.compare is UNSET:
            if re.search(r"[0-9]", item.version) and item.uncompared is UNSET:
                hint = "add compare: {read: …, at_least: …}, or uncompared with the reason"
                problems.append((f"{at}/version", f"nothing compares {item.version!r}", hint))
            continue
        if item.kind != "command":
            hint = "only a command prints one"
            problems.append((f"{at}/compare", "a path has no version", hint))
        try:
            groups = expressions.groups(item.compare.read)
        except expressions.ExpressionError as cause:
            problems.append((f"{at}/compare/read", f"no regular expression: {cause}", "correct it"))
            continue
        if groups != 1:
            hint = "exactly one pair of parentheses, around the version"
            problems.append((f"{at}/compare/read", f"{groups} groups", hint))
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
                problems.append((f"{here}/{index}", f"{name} has no {item!r}", hint))
    return problems


def _engine(engine: DeclaredEngine, doc: Vendor) -> list[Found]:
    return [
        *_arguments(engine),
        *_dtypes(engine, doc),
        *_conversion(engine, doc),
        *_layouts(engine),
        *_images(engine),
        *_requests(engine),
    ]


def _arguments(engine: DeclaredEngine) -> list[Found]:
    problems: list[Found] = []
    seen: set[str] = set()
    for index, rule in enumerate(engine.arguments):
        at = f"/arguments/{index}"
        for name in (rule.name, *given(rule.aliases, [])):
            if name in seen:
                problems.append((f"{at}/name", f"{name} has two rules", "keep one"))
            seen.add(name)
        if rule.status in ("forbidden", "ignored"):
            if rule.value is not UNSET:
                message = f"{rule.name} is {rule.status} and has a value"
                problems.append((f"{at}/value", message, "remove the value"))
            continue
        if rule.name.endswith("*"):
            hint = "a pattern can only be forbidden or ignored"
            problems.append((f"{at}/name", f"{rule.name} stands for many arguments", hint))
        problems += [(at + pointer, m, h) for pointer, m, h in _argument_value(engine, index)]
    return problems


def _argument_value(engine: DeclaredEngine, index: int) -> list[Found]:
    rule = engine.arguments[index]
    if rule.value is UNSET:
        if rule.status in ("required", "recommended") and rule.takes != "flag":
            message = f"{rule.name} is {rule.status} and has no value"
            return [("", message, "give it a value, or make it optional")]
        return []
    if template.names(rule.value):
        return []
    wrong = wrong_value(engine.id, rule, rule.value, given(rule.allowed))
    return [("/value", *wrong)] if wrong else []


def _dtypes(engine: DeclaredEngine, doc: Vendor) -> list[Found]:
    dtypes = engine.dtypes
    offered = [row.requested for row in dtypes.rows]
    problems: list[Found] = []
    if dtypes.default not in (*offered, "model"):
        message = f"the default precision {dtypes.default!r} is not among the rows"
        problems.append(("/dtypes/default", message, choices(dtypes.default, [*offered, "model"])))
    for index, refusal in enumerate(dtypes.refused):
        if refusal.requested in offered and refusal.accelerators is UNSET:
            message = f"{refusal.requested} is both offered and refused"
            problems.append((f"/dtypes/refused/{index}/requested", message, "keep one"))
    runs_on = [device for device in doc.accelerators if device.id in engine.accelerators]
    known = {peak.precision for device in runs_on for peak in device.peaks}
    for index, row in enumerate(dtypes.rows):
        if row.requested not in (row.executed, "auto") and not row.note:
            message = f"{row.requested} silently becomes {row.executed}"
            problems.append((f"/dtypes/rows/{index}/note", message, "say so in note"))
        # Without a device that is declared there is nothing to miss.
        if row.precision not in known and runs_on:
            message = f"no accelerator of {engine.id} has a peak for {row.precision!r}"
            hint = "add the peak, with unknown and the reason where there is none"
            problems.append((f"/dtypes/rows/{index}/precision", message, hint))
    return problems


def _conversion(engine: DeclaredEngine, doc: Vendor) -> list[Found]:
    conversion = given(engine.conversion)
    if conversion is None:
        return []
    problems: list[Found] = []
    command = " ".join(conversion.command)
    for needed in ("{model_source}", "{conversion_target}"):
        if needed not in command:
            hint = "the command reads the one and writes the other"
            problems.append(("/conversion/command", f"the command has no {needed}", hint))
    baked = " ".join(item.value for item in conversion.parameters)
    if "{arch}" in command + baked:
        for device in doc.accelerators:
            if device.id in engine.accelerators and device.architecture is UNSET:
                message = f"the conversion needs the architecture of {device.id}"
                problems.append(("/conversion/command", message, "add it to the accelerator"))
    if "{model_type}" in command and not conversion.model_types:
        problems.append(
            ("/conversion/model_types", "the command asks for a model type", "list them")
        )
    return problems + _baked_ranks(engine, command, baked)


def _baked_ranks(engine: DeclaredEngine, command: str, baked: str) -> list[Found]:
    """Weights that were converted for one number of ranks must be served with that number."""
    problems: list[Found] = []
    if "{tensor_parallel}" in command and "{tensor_parallel}" not in baked:
        message = "tensor parallelism is baked into the weights and not among the parameters"
        hint = 'add {name: tensor_parallel, value: "{tensor_parallel}"}'
        problems.append(("/conversion/parameters", message, hint))
    for index, rule in enumerate(engine.arguments):
        value = given(rule.value)
        if rule.name != "--tensor-parallel-size" or value is None:
            continue
        if "{tensor_parallel}" not in value:
            message = f"serves with {value} ranks whatever the weights were converted for"
            hint = 'write value: "{tensor_parallel}": converted weights run with their own number'
            problems.append((f"/arguments/{index}/value", message, hint))
    return problems


def _layouts(engine: DeclaredEngine) -> list[Found]:
    problems: list[Found] = []
    for index, layout in enumerate(given(engine.layouts, ())):
        names = [role.role for role in layout.roles]
        problems += [
            (f"/layouts/{index}/roles/{at}/role", f"two roles are called {name}", "keep one")
            for at, name in enumerate(names)
            if name in names[:at]
        ]
        if given(layout.roles[0].without_devices, False) and layout.splits:
            message = "a head without accelerators has no part in what is split"
            problems.append((f"/layouts/{index}/roles/0", message, "leave splits empty"))
    return problems


def _images(engine: DeclaredEngine) -> list[Found]:
    problems = []
    for index, image in enumerate(engine.images):
        reference = image.reference
        last = reference.rpartition("/")[2]
        if (
            image.source == "registry"
            and reference != "unknown"
            and ":" not in last
            and not image.digest
        ):
            hint = "add a tag or a digest"
            problems.append((f"/images/{index}/reference", f"{reference} names no version", hint))
        if image.source == "build" and ":" in last:
            hint = "the suite tags it with the digest of its context"
            problems.append((f"/images/{index}/reference", "a built image takes no tag", hint))
    return problems


def _requests(engine: DeclaredEngine) -> list[Found]:
    request = engine.request
    problems = []
    if request.prompt_ids and request.completions_path is None:
        message = "token ids are a prompt of the completions API, which the engine has not"
        problems.append(("/request/prompt_ids", message, "name completions_path"))
    if request.chat_path is None and request.completions_path is None:
        problems.append(("/request", "the server has no path at all", "name one of the two"))
    for name in request.omit:
        for member, sent in (
            ("extra_body", request.extra_body),
            ("exact_body", given(request.exact_body, {})),
        ):
            if name in sent:
                message = f"{name} is both sent and omitted"
                problems.append((f"/request/{member}/{name}", message, "remove one"))
    return problems
