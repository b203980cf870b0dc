"""``suite data`` from its arguments to its exit status and output."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import tarfile
from functools import partial
from pathlib import Path

import pytest

from suite.base import jsonio
from suite.base.errors import DataError
from suite.cli import taskfiles
from suite.cli.commands.data import data
from suite.declare.tasks import pins, selection
from suite.declare.tasks.read import read_tasks
from suite.declare.tasks.selection import compute_locks
from suite.measure.fetch import files
from suite.measure.fetch.download import Patience
from suite.measure.fetch.files import digest_of
from suite.measure.fetch.published import ARCHIVE, SPLIT

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


def test_verify_says_that_a_raw_file_holds_no_digests(table, capsys):
    with pytest.raises(DataError, match="a CSV file, which holds no digests") as caught:
        run("verify", table)
    assert caught.value.code == "data-without-digests"
    assert "suite data show" in caught.value.hint


def test_verify_takes_the_canonical_file_of_a_folder(capsys):
    assert run("verify", CASES / "canonical_ok") == 0
    assert "every digest is right" in capsys.readouterr().out


def _texts_of_the_split(tmp_path, monkeypatch):
    """A split of three, its published texts, and an archive with one of its articles."""
    split = tmp_path / "split.json"
    split.write_text(json.dumps({"test": ["1", "2", "3"], "train": ["8"], "validation": ["9"]}))
    digest = jsonio.sha256_hex(split.read_bytes())
    monkeypatch.setattr(selection, "locks", lambda: compute_locks(["1"], digest))
    monkeypatch.setattr(taskfiles, "locks", selection.locks)
    for name in (pins.REFERENCES, pins.OPENINGS):
        (tmp_path / name).write_text("a first one .\na second one .\na third one .\n")
    article = "[SN]URL[SN]\nu\n\n[SN]TITLE[SN]\nt\n\n[SN]FIRST-SENTENCE[SN]\nA second one.\n\n"
    data = f"{article}[SN]RESTBODY[SN]\nA second one. And more.\n".encode()
    archive = tmp_path / "archive" / ARCHIVE.file_name
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("bbc-summary-data/2.summary")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return split, archive


def test_lock_pins_texts_and_completes_them_from_the_archive(tmp_path, monkeypatch, capsys):
    split, archive = _texts_of_the_split(tmp_path, monkeypatch)
    made = tmp_path / "pins.txt"
    words = ("lock", "--split", split, "--published", tmp_path, "--to", made)
    assert run(*words) == 0
    assert "3 references and first sentences, 0 whole documents" in capsys.readouterr().out
    with pytest.raises(DataError, match="not the archive as it was published"):
        run(*words, archive)
    published = dataclasses.replace(ARCHIVE, sha256=digest_of(archive)[0])
    monkeypatch.setattr(taskfiles, "ARCHIVE", published)
    assert run(*words, archive.parent, "--json") == 0
    assert json.loads(capsys.readouterr().out)["documents"] == 1
    known = pins.read_pins(made)
    (task,) = read_tasks(archive).tasks
    assert pins.pinned_texts([task], known).documents == 1


def test_lock_takes_the_official_split_alone(tmp_path):
    split = tmp_path / "split.json"
    split.write_text(json.dumps({"test": ["1"], "train": ["8"], "validation": ["9"]}))
    with pytest.raises(DataError, match="not the official split file"):
        run("lock", "--split", split)


def test_official_files_are_taken_from_a_folder(tmp_path):
    folder = tmp_path / "carried"
    folder.mkdir()
    (folder / ARCHIVE.file_name).write_bytes(b"x")
    with pytest.raises(DataError, match="has 1 bytes, wanted 254582292"):
        run("fetch", "official", "--from", folder, "--to", tmp_path / "data")


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


def test_without_a_network_all_that_is_needed_is_named(tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens on the discard port
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setattr(files, "Patience", partial(Patience, pause_s=0))
    with pytest.raises(DataError) as caught:
        run("fetch", "official", "--to", tmp_path / "data")
    assert caught.value.code == "download-failed"
    for source in (ARCHIVE, SPLIT):
        assert source.file_name in caught.value.hint
        assert not source.sha256 or source.sha256 in caught.value.hint
    assert "--from DIR" in caught.value.hint
