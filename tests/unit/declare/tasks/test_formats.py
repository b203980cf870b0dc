"""Data formats are records: unique, found, written in the documents, and added by the diff that the documents show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suite.base import jsonio
from suite.declare.tasks.formats.record import Candidate, Confidence
from suite.declare.tasks.formats.registry import data_formats
from suite.declare.tasks.read import recognise
from tests.factories.adding import grow, python

ROOT = Path(__file__).resolve().parents[4]
CASES = ROOT / "tests" / "cases" / "data"
OK = sorted(CASES.glob("*_ok"))


def test_every_module_with_a_reader_is_registered_under_a_name_of_its_own():
    room = ROOT / "suite" / "declare" / "tasks" / "formats"
    modules = [path for path in room.glob("*.py") if "FORMAT = Format(" in path.read_text("utf-8")]
    assert len(data_formats()) == len(modules) >= 5
    for member in ("name", "name_zh", "description", "description_zh"):
        values = [getattr(record, member) for record in data_formats()]
        assert all(values)
        assert len(set(values)) == len(values)


@pytest.mark.parametrize("case", OK, ids=lambda path: path.name)
def test_one_format_is_surest_of_each_case(case):
    (source,) = (path for path in case.iterdir() if path.name not in ("README", "expect.json"))
    kind = jsonio.load(case / "expect.json")["kind"]
    data_format, path = recognise(source)
    assert data_format.name == kind
    head = b"" if path.is_dir() else path.read_bytes()[:4096]
    rivals = [record.sniff(Candidate(path, head)) for record in data_formats()]
    assert sorted(rivals)[-2] < max(rivals)
    assert data_format.sniff(Candidate(path, head)) is max(rivals) > Confidence.NO


def test_the_diff_of_the_documents_adds_a_format(tmp_path):
    grow(tmp_path, "data")
    case = tmp_path / "tests" / "cases" / "data" / "aligned_lines_ok"
    expected = jsonio.load(case / "expect.json")
    shown = json.loads(
        python(tmp_path, "-m", "suite", "data", "show", str(case / "xsum"), "--json")
    )
    for member in ("kind", "records", "has_ids", "notes", "excluded", "defects"):
        assert shown[member] == expected[member]
    python(tmp_path, "-m", "suite.cli.pages", "--check")
