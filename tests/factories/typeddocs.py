"""Holds a TypedDict and a JSON Schema together: the same members, required and nested alike."""

from __future__ import annotations

import types
import typing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def differences(
    hint: Any, schema: Mapping[str, Any], root: Mapping[str, Any], at: str = ""
) -> Iterator[str]:
    """Yield a sentence for each place where the two say different things."""
    schema = _resolve(schema, root)
    alternatives = [_resolve(s, root) for s in schema.get("oneOf", schema.get("anyOf", ()))]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.NotRequired, typing.Required):
        yield from differences(arguments[0], schema, root, at)
    elif origin in (typing.Union, types.UnionType):
        inner = [a for a in arguments if a is not type(None)]
        objects = [s for s in alternatives if s.get("type") != "null"]
        if len(inner) == 1 and objects:
            yield from differences(inner[0], objects[0], root, at)
        elif len(inner) == 1:
            types_ = schema.get("type", [])
            if "null" not in types_:
                yield f"{at}: may be None, the schema has {types_}"
    elif origin is list:
        yield from differences(arguments[0], schema.get("items", {}), root, f"{at}/[]")
    elif origin is dict:
        extra = schema.get("additionalProperties")
        if not isinstance(extra, dict):
            yield f"{at}: a mapping, the schema has no additionalProperties"
        else:
            yield from differences(arguments[1], extra, root, f"{at}/*")
    elif origin is typing.Literal:
        allowed = set(schema.get("enum", ())) | ({schema["const"]} if "const" in schema else set())
        if allowed != set(arguments):
            yield f"{at}: {sorted(arguments)} and {sorted(allowed)}"
    elif typing.is_typeddict(hint):
        yield from _object(hint, alternatives or [schema], root, at)
    else:
        yield from _plain(hint, schema, at)


def _object(
    hint: Any, schemas: list[Mapping[str, Any]], root: Mapping[str, Any], at: str
) -> Iterator[str]:
    hints = typing.get_type_hints(hint, include_extras=True)
    properties = {name: value for s in schemas for name, value in s.get("properties", {}).items()}
    required = set.intersection(*(set(s.get("required", ())) for s in schemas))
    if hints.keys() != properties.keys():
        yield f"{at}: only in one of them: {sorted(hints.keys() ^ properties.keys())}"
    if any(s.get("additionalProperties") is not False for s in schemas):
        yield f"{at}: the schema is open to unknown members"
    # Under postponed annotations __required_keys__ does not see NotRequired.
    optional = {
        name for name, inner in hints.items() if typing.get_origin(inner) is typing.NotRequired
    }
    needed = set(hints) - optional if hint.__total__ else set()
    if needed != required:
        yield f"{at}: required: {sorted(needed ^ required)}"
    for name in hints.keys() & properties.keys():
        if "description" not in properties[name]:
            yield f"{at}/{name}: no description"
        yield from differences(hints[name], properties[name], root, f"{at}/{name}")


_NAMES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def _plain(hint: Any, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    expected = _NAMES[hint]
    found = schema.get("type")
    if "const" in schema:
        found = _NAMES[type(schema["const"])]
    if "enum" in schema:
        found = "string"
    if found != expected:
        yield f"{at}: {expected}, the schema has {found}"


def _resolve(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    document = root
    if not reference.startswith("#"):
        from suite.base import schema as schemas

        name = reference.rpartition("schema:")[2].partition(":")[0]
        document = schemas.read(name)
    found = document
    for part in reference.partition("#/")[2].split("/"):
        found = found[part]
    return _resolve(found, document)
