"""Every folder of tests/cases/data: the input, why it is there, and what reading it must give."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.base import jsonio
from suite.base.errors import DataError
from suite.declare.tasks.defects import count_defects
from suite.declare.tasks.read import read_tasks

CASES = Path(__file__).resolve().parents[3] / "cases" / "data"
OK = sorted(path.name for path in CASES.glob("*_ok"))
FAIL = sorted(path.name for path in CASES.glob("*_fail"))


def _load(name):
    folder = CASES / name
    expect = jsonio.load(folder / "expect.json")
    (source,) = (p for p in folder.iterdir() if p.name not in ("README", "expect.json"))
    return source, expect


def test_there_are_cases_of_both_kinds_and_no_others():
    assert len(OK) >= 15
    assert len(FAIL) >= 25
    folders = {path.name for path in CASES.iterdir() if path.is_dir()}
    assert folders == {*OK, *FAIL}
    assert all((CASES / name / "README").read_text("utf-8").strip() for name in folders)


@pytest.mark.parametrize("name", OK)
def test_is_read(name):
    source, expect = _load(name)
    reading = read_tasks(source)
    first = reading.tasks[0]
    assert {
        "kind": reading.kind,
        "records": len(reading.tasks),
        "has_ids": reading.has_ids,
        "defects": count_defects(reading.tasks),
        "notes": reading.notes,
        "excluded": reading.excluded,
        "first": {"id": first.id, "document": first.document, "summary": first.summary},
        "keep_going": False,
    } == expect


@pytest.mark.parametrize("name", FAIL)
def test_is_refused_with_its_place(name):
    source, expect = _load(name)
    with pytest.raises(DataError) as caught:
        read_tasks(source)
    error = caught.value
    assert error.code == expect["code"]
    assert error.place is not None
    assert error.place.line == expect["line"]
    assert str(source) in error.place.file


@pytest.mark.parametrize("name", [name for name in FAIL if _load(name)[1]["kept"]])
def test_keeping_going_leaves_out_and_counts(name):
    source, expect = _load(name)
    reading = read_tasks(source, keep_going=True)
    result = {"records": len(reading.tasks), "excluded": reading.excluded}
    assert result == expect["kept"]
    assert len(reading.problems) == sum(reading.excluded.values())
    assert all(problem.place is not None for problem in reading.problems)
