"""Validation against ``schemas/<name>.schema.json``, with file, line and JSON pointer of each problem."""

from __future__ import annotations

import functools
import itertools
import os
from typing import TYPE_CHECKING, Any, Final, cast

import jsonschema
from referencing import Registry, Resource

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import DeclarationError, Place, Problem, SuiteError, choices, nearest
from suite.base.resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jsonschema.exceptions import ValidationError

    from suite.base.jsonio import JSONObject

SCHEMA_DIRECTORY = resource("schemas")
URN_PREFIX = "urn:llm-inference-conformance:schema:"
MOST = 1_000
"""Problems of one document that are told."""
SHOWN = 300
"""Characters of a value that a refusal quotes."""
_CHINESE: Final = {
    "pattern": "{} 不符合 {!r}",
    "format": "{} 不合格式 {}",
    "minimum": "{} 小于最小值 {}",
    "maximum": "{} 大于最大值 {}",
    "exclusiveMinimum": "{} 不大于 {}",
    "exclusiveMaximum": "{} 不小于 {}",
    "minLength": "{} 过短：至少 {} 个字符",
    "maxLength": "{} 过长：至多 {} 个字符",
    "minItems": "{} 过短：至少 {} 项",
    "maxItems": "{} 过长：至多 {} 项",
    "minProperties": "{} 过少：至少 {} 个成员",
    "uniqueItems": "{} 中有重复的项",
}
"""What the library says in English alone, by keyword, of the value and what the schema asks."""


def names() -> tuple[str, ...]:
    """Names of all schemas, sorted: ``vendor`` for ``schemas/vendor.schema.json``."""
    files = SCHEMA_DIRECTORY.glob("*.schema.json")
    return tuple(sorted(path.name.removesuffix(".schema.json") for path in files))


@functools.cache
def read(name: str) -> JSONObject:
    """The schema as a JSON object."""
    value = jsonio.load(SCHEMA_DIRECTORY / f"{name}.schema.json")
    if not isinstance(value, dict):
        raise DeclarationError(
            "schema-wrong", Sentence(f"the schema {name} is not an object", f"模式 {name} 不是对象")
        )
    return value


@functools.cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    registry: Registry[bool | Mapping[str, Any]] = Registry()
    for other in names():
        contents = read(other)
        resource: Resource[bool | Mapping[str, Any]] = Resource.from_contents(contents)
        registry = registry.with_resource(str(contents["$id"]), resource)
    return jsonschema.Draft202012Validator(
        read(name),
        registry=registry,
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )


def _pointer(path: Iterable[str | int]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def _member(node: object, name: str) -> Any:  # noqa: ANN401 - a schema may hold anything
    return (node.get(name) or {}) if isinstance(node, dict) else {}


def _listed(values: object) -> list[object]:
    """The values of an ``enum``."""
    return list(values) if isinstance(values, list) else []


def _sentences(error: ValidationError) -> list[tuple[str, str, str]]:
    """Turn one library error into (pointer suffix, message, hint) triples."""
    instance, expected = error.instance, error.validator_value
    closed = ("additionalProperties", "unevaluatedProperties")
    if error.validator in closed and isinstance(instance, dict):
        unknown = _unknown_members(instance, set(_member(error.schema, "properties")))
        return unknown or [("", error.message, "")]
    shown = _shown(instance)
    message, hint = error.message[:SHOWN], str(_member(error.schema, "description") or "")
    match error.validator:
        case "required":
            required = message.replace(" is a required property", " 为必需成员")
            message, hint = Sentence(message, required), ""
        case "enum":
            message = Sentence(f"{shown} is not allowed", f"不允许 {shown}")
            hint = choices(str(instance)[:SHOWN], map(str, _listed(expected)))
        case "const":
            message, hint = (
                Sentence(f"{shown} is not allowed", f"不允许 {shown}"),
                Sentence(f"the only value is {expected!r}", f"只能取 {expected!r}"),
            )
        case "type":
            message, hint = (
                Sentence(f"{shown} is not of type {expected}", f"{shown} 的类型不是 {expected}"),
                "",
            )
        case "anyOf" | "oneOf" if error.context:
            alternatives = dict.fromkeys(_expected(inner) for inner in error.context)
            message = Sentence(
                f"{shown} is not {' or '.join(alternatives)}",
                f"{shown} 不是 {' 或 '.join(map(chinese, alternatives))}",
            )
        case str(keyword) if keyword in _CHINESE:
            message = Sentence(message, _CHINESE[keyword].format(shown, expected))
        case "dependentRequired":
            needed = message.replace(" is a dependency of ", " 须同时给出，因为有 ")
            message = Sentence(message, needed)
        case _:
            pass  # the library's English, such as of `not`, stays
    return [("", message, hint)]


def _unknown_members(instance: Mapping[str, object], known: set[str]) -> list[tuple[str, str, str]]:
    problems: list[tuple[str, str, str]] = []
    for member in itertools.islice((name for name in instance if name not in known), MOST):
        named = _shown(member)
        hint = nearest(member[:SHOWN], known) or Sentence(
            f"known: {', '.join(sorted(known))}", f"已知：{', '.join(sorted(known))}"
        )
        unknown = Sentence(f"unknown member {named}", f"未知成员 {named}")
        problems.append((_pointer([member[:SHOWN]]), unknown, hint))
    return problems


def _shown(value: object) -> str:
    """A value as a refusal quotes it: what somebody else wrote may be megabytes."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _expected(error: ValidationError) -> str:
    """What an alternative takes, in words."""
    match error.validator:
        case "enum":
            return ", ".join(map(repr, _listed(error.validator_value)))
        case "const":
            return repr(error.validator_value)
        case "type":
            return Sentence(f"of type {error.validator_value}", f"类型 {error.validator_value}")
        case _:
            return Sentence(f"right ({error.message[:200]})", f"对的（{error.message[:200]}）")


def _flatten(errors: Iterable[ValidationError]) -> Iterable[ValidationError]:
    for error in errors:
        if error.validator in ("anyOf", "oneOf") and error.context:
            # The alternative that failed deepest is the one the writer meant.
            deepest = max(error.context, key=lambda inner: len(inner.absolute_path))
            yield error if deepest.absolute_path == error.absolute_path else deepest
        else:
            yield error


def problems(
    value: object, name: str, *, file: str = "<data>", lines: Mapping[str, int] | None = None
) -> list[Problem]:
    """Every way in which a value breaks a schema, in document order; of more than `MOST` the first that are found.

    Args:
        value: parsed JSON or YAML.
        name: the schema's name, for example ``vendor``.
        file: what to call the document.
        lines: line by JSON pointer, as `suite.base.yamlio` returns it.
    """
    violations: list[Problem] = []
    # The stubs know no JSON value.
    errors = _flatten(_validator(name).iter_errors(cast("Any", value)))
    for error in itertools.islice(errors, MOST):
        base = _pointer(error.absolute_path)
        for suffix, message, hint in _sentences(error):
            pointer = base + suffix
            violations.append(
                Problem(message, Place(file, line_of(lines, pointer), pointer or "/"), hint)
            )
    return sorted(
        violations[:MOST],
        key=lambda p: (p.place.line or 0, p.place.pointer or "") if p.place else (0, ""),
    )


def line_of(lines: Mapping[str, int] | None, pointer: str) -> int | None:
    """The line of a member, or of the nearest around it that has one; None where no line is known."""
    while lines is not None:
        if pointer in lines:
            return lines[pointer]
        if not pointer:
            return None
        pointer = pointer.rpartition("/")[0]
    return None


def require(
    value: object,
    name: str,
    *,
    file: str = "<data>",
    lines: Mapping[str, int] | None = None,
    error: type[SuiteError] = DeclarationError,
) -> None:
    """Raise `error` with the code ``schema-violation`` and every problem unless the value is valid."""
    violations = problems(value, name, file=os.fspath(file), lines=lines)
    if violations:
        many = len(violations) == MOST
        count = Sentence(
            "one place" if len(violations) == 1 else f"{len(violations)}{' or more' * many} places",
            f"{len(violations)} 处{'以上' * many}有误",
        )
        message = Sentence(
            f"{file} breaks the {name} schema in {count}",
            f"{file} 不合模式 {name}：{count.zh}",
        )
        raise error(
            "schema-violation", message, violations[0].place, violations[0].hint, violations
        )
