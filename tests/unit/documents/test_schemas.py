"""The committed schemas are what the types say, and the two refuse the same."""

import copy
import subprocess
import sys

import jsonschema
import pytest

from suite.base import schema, yamlio
from suite.documents import codec, schemas
from tests.factories import scorecard
from tests.factories.plans import plan_for


def test_the_committed_schemas_are_the_generated_ones():
    assert list(schemas.stale()) == [], "run make schemas"


def test_the_check_fails_on_a_stale_schema(monkeypatch, tmp_path):
    for name in schema.names():
        path = tmp_path / f"{name}.schema.json"
        path.write_bytes((schema.SCHEMA_DIRECTORY / path.name).read_bytes())
    path = tmp_path / "plan.schema.json"
    path.write_text(path.read_text().replace('"minimum": 0', '"minimum": 1', 1))
    monkeypatch.setattr(schema, "SCHEMA_DIRECTORY", tmp_path)
    schema.read.cache_clear()
    try:
        assert list(schemas.stale()) == ["plan"]
    finally:
        schema.read.cache_clear()


def test_one_command_checks_them():
    command = [sys.executable, "-m", "suite.documents.schemas", "--check"]
    assert subprocess.run(command, check=False).returncode == 0


@pytest.mark.parametrize("name", schema.names())
def test_a_schema_is_valid_and_named_after_its_file(name):
    document = schema.read(name)
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == f"{schema.URN_PREFIX}{name}:1"


def documents():
    yield "plan", codec.plain(plan_for("mthreads", "vllm_mtt", 2, profile="slo"))
    yield "scorecard", scorecard.card()
    yield "vendor", yamlio.load(schema.SCHEMA_DIRECTORY.parent / "vendors/cpu/vendor.yaml").value


def mutations(value):
    """Each member dropped, of another type, or joined by a stranger."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield {key: inner for key, inner in value.items() if key != name}
            for changed in mutations(member):
                yield {**value, name: changed}
        yield {**value, "zz": 1}
    elif isinstance(value, list):
        for changed in mutations(value[0]) if value else ():
            yield [changed, *value[1:]]
    yield from (other for other in (None, "zz", -1, [], {}) if type(other) is not type(value))


@pytest.mark.parametrize(
    ("name", "document"), list(documents()), ids=["plan", "scorecard", "vendor"]
)
def test_type_and_schema_refuse_the_same(name, document):
    root = schemas.ROOTS[name][0]
    validator = schema._validator(name)
    assert codec.plain(codec.convert(document, root)) == document
    for number, changed in enumerate(mutations(copy.deepcopy(document))):
        if number % 151:  # a few dozen of each: jsonschema takes its time
            continue
        try:
            codec.convert(changed, root)
            taken = True
        except schema.SuiteError:
            taken = False
        conditional = name == "vendor" and taken  # if and then are the schema's alone
        assert conditional or validator.is_valid(changed) == taken
