"""What the suite writes about tasks is valid by its schemas."""

from __future__ import annotations

import jsonschema
import pytest

from suite.base import jsonio, schema
from suite.base.errors import DataError, Place
from suite.declare.tasks.formats.canonical import canonical_lines, write_canonical
from suite.declare.tasks.read import read_tasks
from suite.declare.tasks.records import Collector, Task


def _reading():
    collector = Collector("folder of .summary files", "t", keep_going=True)
    collector.add(Task("2", "A document.", "S."), Place("t", 1))
    collector.add(Task("1", "B document.", "S."), Place("t", 2))
    collector.add(Task("1", "again", "S."), Place("t", 3))
    collector.notes["missing-ids"] = 3
    return collector.finish()


def test_header_and_records_are_valid():
    header, *records = (jsonio.loads(line) for line in canonical_lines(_reading(), "a" * 64))
    schema.require(header, "tasks")
    assert header["source"]["excluded"] == {"duplicate-id": 1}
    definition = {**schema.read("tasks"), **schema.read("tasks")["$defs"]["TaskRecord"]}
    for keyword in ("properties", "required", "additionalProperties"):
        assert definition[keyword] == schema.read("tasks")["$defs"]["TaskRecord"][keyword]
    for record in records:
        jsonschema.Draft202012Validator(definition).validate(record)
    assert [record["id"] for record in records] == ["1", "2"]


def test_notes_and_exclusions_travel_with_the_file(tmp_path):
    path = tmp_path / "c.jsonl"
    write_canonical(path, _reading(), None)
    reading = read_tasks(path)
    assert reading.kind == "canonical file"
    assert reading.notes == {"missing-ids": 3}
    assert reading.excluded == {"duplicate-id": 1}


def test_the_same_records_give_the_same_lines_whatever_their_order():
    first, second = _reading(), _reading()
    second = type(second)(**{
        name: getattr(second, name) for name in second.__slots__ if name != "tasks"
    }, tasks=tuple(reversed(second.tasks)))  # fmt: skip
    assert list(canonical_lines(first, None)) == list(canonical_lines(second, None))


def test_nothing_is_left_where_nothing_can_be_written(tmp_path):
    with pytest.raises(DataError) as caught:
        write_canonical(tmp_path / "no" / "c.jsonl", _reading(), None)
    assert caught.value.code == "file-unwritable"
    (tmp_path / "d").mkdir()
    with pytest.raises(DataError):
        write_canonical(tmp_path / "d", _reading(), None)
    assert [path.name for path in tmp_path.iterdir()] == ["d"]
