import jsonschema
import pytest

from suite.base import schema
from suite.base.errors import EvidenceError


def walk(node, path=""):
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from walk(value, f"{path}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, f"{path}/{index}")


@pytest.mark.parametrize("name", schema.names())
def test_every_schema_is_valid_closed_and_described(name):
    document = schema.read(name)
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["$id"] == f"{schema.URN_PREFIX}{name}:1"
    for path, node in walk(document):
        if not isinstance(node.get("properties"), dict) or path.endswith("/properties"):
            continue
        if "/if" in path or "/then" in path or "/else" in path or "/allOf/" in path:
            continue
        if name == "event" and path == "":
            continue  # the kinds it refers to are closed
        closed = (
            node.get("additionalProperties") is False or node.get("unevaluatedProperties") is False
        )
        assert closed, f"{name}{path} is open"
        for member, inner in node["properties"].items():
            described = "description" in inner or "$ref" in inner
            assert described, f"{name}{path}: {member} has no description"


def test_an_unknown_member_gets_a_suggestion_and_its_line():
    result = schema.problems(
        {"type": "mark", "t": 1, "name": "run.start", "phas": "x"},
        "event",
        file="e.yaml",
        lines={"": 1, "/phas": 7},
    )
    assert [str(problem) for problem in result] == [
        "e.yaml:7 (/phas): unknown member 'phas' (did you mean 'phase'?)"
    ]


def test_require_raises_the_given_error_with_every_problem():
    with pytest.raises(EvidenceError) as caught:
        schema.require({"manifest_schema": 2, "files": [], "x": 1}, "manifest", error=EvidenceError)
    assert caught.value.code == "schema-violation"
    assert len(caught.value.problems) == 3


def test_what_somebody_else_wrote_is_told_in_bounds():
    many = {f"k{number}": 1 for number in range(20_000)} | {"manifest_schema": "x" * 1_000_000}
    with pytest.raises(EvidenceError, match="in 1000 or more places") as caught:
        schema.require(many, "manifest", error=EvidenceError)
    assert len(caught.value.problems) == schema.MOST
    long = schema.problems({"manifest_schema": "x" * 1_000_000, "y" * 1_000_000: 1}, "manifest")
    assert max(len(str(problem)) for problem in long) < 4 * schema.SHOWN
