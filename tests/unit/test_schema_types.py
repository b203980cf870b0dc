"""The typed structures and the schemas say the same: members, which are required, and their types."""

import importlib
import types
import typing
from typing import Any, Literal, NotRequired, Union

import pytest

from suite.base import schema

MIRRORS = [
    ("vendor", "", "suite.declare.vendordoc:VendorDoc", ["suite.declare.enginedoc"]),
    ("plan", "", "suite.declare.plandoc:PlanDoc", []),
    ("traps", "", "suite.declare.vendor.peak_check:TrapsDoc", []),
    ("profile", "", "suite.declare.profiles.profiledoc:ProfileDoc", ["suite.declare.plandoc"]),
    ("event", "/$defs/header", "suite.eventdoc:HeaderEvent", []),
    ("event", "/$defs/mark", "suite.eventdoc:MarkEvent", []),
    ("event", "/$defs/request", "suite.eventdoc:RequestEvent", []),
    ("event", "/$defs/footer", "suite.eventdoc:FooterEvent", []),
    ("telemetry", "", "suite.eventdoc:TelemetrySample", []),
    ("taskline", "", "suite.eventdoc:TaskLine", []),
    ("scorecard", "", "suite.judge.scorecarddoc:ScorecardDoc", []),
    ("diff", "", "suite.judge.diffdoc:Diff", []),
]
NAMES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def absolute(node, address):
    """A node of another schema whose own references still point into that schema."""
    if isinstance(node, list):
        return [absolute(item, address) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        name: address + value
        if name == "$ref" and value.startswith("#")
        else absolute(value, address)
        for name, value in node.items()
    }


class Comparison:
    """Walks a type and a schema side by side and notes every difference."""

    def __init__(self, name, namespace):
        self.root = schema.read(name)
        self.namespace = namespace
        self.found = []

    def at(self, pointer):
        node = self.root
        for part in pointer.split("/")[1:]:
            node = node[part]
        return node

    def resolve(self, node):
        while isinstance(node, dict) and "$ref" in node:
            address, _, pointer = node["$ref"].partition("#")
            if address:
                name = address.removeprefix(schema.URN_PREFIX).rpartition(":")[0]
                node = absolute(Comparison(name, {}).at(pointer), address)
            else:
                node = self.at(pointer)
        return node

    def branches(self, node):
        """The objects that a node may be: itself, or each of its alternatives."""
        found = node.get("oneOf") or node.get("anyOf")
        return (
            [self.resolve(branch) for branch in found]
            if found and "properties" not in node
            else [node]
        )

    def document(self, kind, node, where):
        branches = self.branches(self.resolve(node))
        hints = typing.get_type_hints(kind, None, self.namespace, include_extras=True)
        marked = {name for name, hint in hints.items() if typing.get_origin(hint) is NotRequired}
        optional = marked if kind.__total__ else set(hints)
        properties = {
            name: inner for b in branches for name, inner in b.get("properties", {}).items()
        }
        required = set.intersection(*(set(branch.get("required", [])) for branch in branches))
        self.same(where, "members", set(hints), set(properties))
        self.same(where, "required", set(hints) - optional, required)
        for branch in branches:
            closed = (branch.get("additionalProperties"), branch.get("unevaluatedProperties"))
            if False not in closed:
                self.found.append(f"{where}: takes unknown members")
        for name, hint in hints.items():
            if name not in properties:
                continue
            inner = typing.get_args(hint)[0] if name in marked else hint
            described = properties[name].get("description") or self.resolve(properties[name]).get(
                "description"
            )
            if not described:
                self.found.append(f"{where}/{name}: has no description")
            self.value(inner, properties[name], f"{where}/{name}")

    def same(self, where, what, ours, theirs):
        if ours != theirs:
            only = f"only in the type {sorted(ours - theirs)}, only in the schema {sorted(theirs - ours)}"
            self.found.append(f"{where}: {what}: {only}")

    def value(self, hint, node, where):
        node = self.resolve(node)
        origin = typing.get_origin(hint)
        if hint is object or hint is Any:
            return
        if origin in (Union, types.UnionType):
            self.union(typing.get_args(hint), node, where)
        elif origin is Literal:
            theirs = set(node["enum"]) if "enum" in node else {node.get("const")}
            self.same(where, "values", set(typing.get_args(hint)), theirs - {None})
        elif origin is list:
            self.kind(where, node, "array")
            if "items" in node:
                self.value(typing.get_args(hint)[0], node["items"], f"{where}/*")
        elif origin is dict:
            self.kind(where, node, "object")
            if isinstance(node.get("additionalProperties"), dict):
                self.value(typing.get_args(hint)[1], node["additionalProperties"], f"{where}/*")
        elif typing.is_typeddict(hint):
            for branch in self.branches(node):
                self.kind(where, branch, "object")
            self.document(hint, node, where)
        elif hint in NAMES and "const" not in node and "enum" not in node and "anyOf" not in node:
            self.kind(where, node, NAMES[hint])

    def kind(self, where, node, wanted):
        given = node.get("type")
        names = given if isinstance(given, list) else [given]
        if wanted not in names and not (wanted == "number" and "integer" in names):
            self.found.append(f"{where}: the type says {wanted}, the schema {given}")

    def union(self, parts, node, where):
        nullable = type(None) in parts
        rest = [part for part in parts if part is not type(None)]
        branches = node.get("anyOf") or node.get("oneOf")
        if branches:
            nulls = [branch for branch in branches if branch.get("type") == "null"]
            branches = [branch for branch in branches if branch.get("type") != "null"]
            if bool(nulls) != nullable:
                self.found.append(
                    f"{where}: null in the type {nullable}, in the schema {bool(nulls)}"
                )
            if len(rest) == 1 and len(branches) == 1:
                self.value(rest[0], branches[0], where)
            return
        given = node.get("type")
        names = given if isinstance(given, list) else [given]
        null_there = "null" in names or None in node.get("enum", [0])
        if nullable != null_there:
            self.found.append(f"{where}: null in the type {nullable}, in the schema {null_there}")
        if len(rest) == 1:
            self.value(rest[0], node, where)


def compare(name, pointer, kind, others):
    """Every difference between a TypedDict and a node of a schema."""
    module, _, attribute = kind.partition(":")
    namespace = {}
    for other in [*others, module]:
        namespace.update(vars(importlib.import_module(other)))
    comparison = Comparison(name, namespace)
    node = comparison.at(pointer)
    comparison.document(namespace[attribute], node, pointer or name)
    return comparison.found


@pytest.mark.parametrize(
    ("name", "pointer", "kind", "others"), MIRRORS, ids=[f"{m[0]}{m[1]}" for m in MIRRORS]
)
def test_schema_mirrors_type(name, pointer, kind, others):
    assert compare(name, pointer, kind, others) == []


def test_the_comparison_sees_differences():
    class Wrong(typing.TypedDict):
        traps_schema: str
        traps: list[int]
        extra: NotRequired[int]

    comparison = Comparison("traps", {})
    comparison.document(Wrong, schema.read("traps"), "traps")
    told = "\n".join(comparison.found)
    assert "only in the type ['extra']" in told
    assert "the type says integer, the schema object" in told


@pytest.mark.parametrize("name", schema.names())
def test_schema_is_valid_and_named_after_its_file(name):
    import jsonschema

    document = schema.read(name)
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == f"{schema.URN_PREFIX}{name}:1"
