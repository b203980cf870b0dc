"""``suite data`` from its arguments to its exit status and output."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from suite.base import jsonio
from suite.base.errors import DataError
from suite.cli.commands.data import data
from suite.declare.tasks import selection
from suite.declare.tasks.selection import compute_locks

CASES = Path(__file__).resolve().parents[2] / "cases" / "data"
CSV = (
    "id,document,summary\n"
    '1,"The ferry left late, they said.\nNobody was hurt.",A ferry left late.\n'
    "2,It costs Â£5 to get in from May.,Entry costs five.\n"
)


def run(*argv):
    with data.make_context("data", [str(word) for word in argv]) as context:
        return data.invoke(context)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(CSV, "utf-8")
    return path


def test_convert_and_verify(table, tmp_path, capsys):
    target = tmp_path / "c.jsonl"
    assert run("convert", table, "--to", target) == 0
    said = capsys.readouterr().out
    assert "records     2" in said
    assert "mojibake 1" in said
    assert "custom" in said
    header = json.loads(target.read_bytes().split(b"\n")[0])
    assert header["source"]["kind"] == "CSV file"
    assert header["source"]["sha256"] == hashlib.sha256(table.read_bytes()).hexdigest()
    assert run("verify", target) == 0
    assert "every digest is right" in capsys.readouterr().out


def test_convert_overwrites_only_when_told(table, tmp_path):
    target = tmp_path / "c.jsonl"
    target.write_text("mine", "utf-8")
    with pytest.raises(DataError) as caught:
        run("convert", table, "--to", target)
    assert caught.value.code == "file-exists"
    assert target.read_text("utf-8") == "mine"
    assert run("convert", table, "--to", target, "--force") == 0


def test_convert_keeps_the_ids_of_a_part(table, tmp_path, capsys):
    split = tmp_path / "s.json"
    split.write_text('{"test": ["2"], "train": ["1"], "validation": ["9"]}', "utf-8")
    assert run("convert", table, "--to", tmp_path / "c.jsonl", "--split", split, "--json") == 0
    assert json.loads(capsys.readouterr().out)["records"] == 1
    with pytest.raises(DataError) as caught:
        run(
            "convert", table, "--to", tmp_path / "d.jsonl", "--split", split, "--part", "validation"
        )
    assert caught.value.code == "data-empty"


def test_a_broken_row_stops_or_is_reported(tmp_path, capsys):
    source = CASES / "csv_short_row_fail" / "test.csv"
    with pytest.raises(DataError):
        run("convert", source, "--to", tmp_path / "c.jsonl")
    assert not (tmp_path / "c.jsonl").exists()
    assert run("convert", source, "--to", tmp_path / "c.jsonl", "--keep-going") == 0
    said = capsys.readouterr().out
    assert "left out    broken-row 1" in said
    assert "test.csv:5: the row has 2 fields, the header 3" in said
    assert run("show", tmp_path / "c.jsonl") == 0
    assert "left out    broken-row 1" in capsys.readouterr().out


def test_show_says_what_a_file_is(table, capsys):
    assert run("show", table, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["kind"] == "CSV file"
    assert document["columns"] == {"document": "document", "id": "id", "summary": "summary"}
    assert document["words"] == {"min": 8, "median": 9, "max": 9}
    assert document["locked_sets"] == []


def test_show_names_the_locked_sets(tmp_path, capsys, monkeypatch):
    ids = [str(number) for number in range(300)]
    monkeypatch.setattr(selection, "locks", lambda: compute_locks(ids, "0" * 64))
    path = tmp_path / "t.jsonl"
    lines = [json.dumps({"id": one, "document": f"d {one} e", "summary": one}) for one in ids]
    path.write_text("\n".join(lines), "utf-8")
    assert run("show", path) == 0
    assert "locked sets xsum-256" in capsys.readouterr().out


def test_verify_refuses_a_changed_file():
    with pytest.raises(DataError) as caught:
        run("verify", CASES / "canonical_changed_record_fail" / "t.jsonl")
    assert caught.value.code == "tasks-wrong"


def test_locks_of_another_split_are_not_the_suites(tmp_path, capsys):
    split = tmp_path / "s.json"
    split.write_text('{"test": ["2"], "train": [], "validation": []}', "utf-8")
    assert run("locks", split) == 2
    assert "NOT the locks" in capsys.readouterr().out


def test_fetch_takes_a_file_from_elsewhere_and_checks_it(table, tmp_path, capsys):
    digest = hashlib.sha256(table.read_bytes()).hexdigest()
    to = tmp_path / "to"
    assert run("fetch", "csv", "--to", to, "--from", table, "--sha256", digest, "--json") == 0
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert file["checked"]
    assert Path(file["path"]).read_bytes() == table.read_bytes()
    assert run("fetch", "csv", "--to", to) == 0
    assert "was there already" in capsys.readouterr().out
    with pytest.raises(DataError) as caught:
        run("fetch", "csv", "--to", tmp_path / "other", "--from", table, "--sha256", "0" * 64)
    assert caught.value.code == "download-wrong-digest"
    with pytest.raises(DataError) as caught:
        run("fetch", "split", "--to", tmp_path / "third", "--from", table)
    assert caught.value.code == "download-wrong-size"


def test_fetch_of_two_files_takes_no_single_origin(tmp_path):
    with pytest.raises(DataError) as caught:
        run("fetch", "--to", tmp_path, "--from", "x")
    assert caught.value.code == "fetch-ambiguous"


def test_a_folder_with_its_converted_file_uses_that(table, tmp_path, capsys):
    assert run("convert", tmp_path, "--to", tmp_path / "c.jsonl") == 0
    capsys.readouterr()
    assert run("show", tmp_path) == 0
    assert "(canonical file)" in capsys.readouterr().out


def test_every_json_output_is_strict_json(table, capsys):
    for argv in (("show", table, "--json"), ("show", CASES / "canonical_ok" / "t.jsonl", "--json")):
        assert run(*argv) == 0
        assert isinstance(jsonio.loads(capsys.readouterr().out.encode()), dict)
