"""The files of a run: what is parsed is what was hashed, and only plain files of a bounded size are opened."""

import hashlib
import os
import sys
import threading

import pytest

from suite import evidence
from suite.base.errors import EvidenceError
from suite.documents.manifest import ManifestFile
from suite.evidence import RunFiles
from tests.factories import runs


def test_what_is_parsed_is_what_was_hashed(run):
    """Also when the file is another one by then."""
    files = RunFiles(run)
    before = (run / "events.jsonl").read_bytes()
    digest = files.digest("events.jsonl")
    (run / "events.jsonl").write_bytes(b"another log\n")
    assert digest.sha256 == hashlib.sha256(before).hexdigest()
    assert digest.size == len(before)
    assert files.content("events.jsonl") == before
    assert evidence.read(run, _hashed(run, before)).requests


def _hashed(run, events):
    (run / "events.jsonl").write_bytes(events)
    files = RunFiles(run)
    for name in ("events.jsonl", "tasks.jsonl", "plan.json", "engine.log"):
        files.digest(name)
    for name in ("events.jsonl", "tasks.jsonl", "plan.json"):
        (run / name).unlink()
    return files


def test_content_gives_the_digest_too(run):
    files = RunFiles(run)
    data = files.content("plan.json")
    (run / "plan.json").unlink()
    assert files.digest("plan.json").sha256 == hashlib.sha256(data).hexdigest()
    assert list(files.digests()) == ["plan.json"]


def test_a_file_that_is_only_hashed_is_not_kept(run):
    (run / "engine.log").write_bytes(b"x" * 3_000_000)
    files = RunFiles(run)
    assert files.digest("engine.log").sha256 == hashlib.sha256(b"x" * 3_000_000).hexdigest()
    assert files._kept == {}


@pytest.mark.parametrize("kind", ["link", "pipe", "directory", "device"])
def test_only_plain_files_are_read(run, kind, tmp_path):
    path = run / "events.jsonl"
    path.rename(tmp_path / "elsewhere")
    match kind:
        case "link":
            path.symlink_to(tmp_path / "elsewhere")
        case "pipe":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "device":
            try:
                os.mknod(path, 0o20600, os.makedev(1, 5))
            except PermissionError:
                pytest.skip("no right to make a device")
    refused = []

    def read():
        with pytest.raises(EvidenceError) as caught:
            evidence.read(run)
        refused.append(caught.value)

    # A pipe or /dev/zero must not be waited for or read without end.
    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(60)
    assert [error.code for error in refused] == ["file-unreadable"]
    assert "not a plain file" in refused[0].message
    assert refused[0].place.file == str(path)


def _listed(run, **sizes):
    return [
        ManifestFile(path=name.replace("_", "."), bytes=size, sha256="0" * 64)
        for name, size in sizes.items()
    ]


def test_a_sparse_terabyte_costs_nothing(run):
    """Of another size than is listed, or beyond the cap: neither is read to find that out."""
    for name in ("engine.log", "events.jsonl"):
        os.truncate(run / name, 1 << 40)
    before = runs.bytes_read()
    with pytest.raises(OSError, match="more than"):
        RunFiles(run).digest("engine.log")
    with pytest.raises(EvidenceError, match="more than") as caught:
        evidence.read(run)
    assert caught.value.code == "file-unreadable"
    os.truncate(run / "engine.log", 3 << 30)
    files = RunFiles(run)
    files.expect(_listed(run, engine_log=5))
    assert files.digest("engine.log").size == 3 << 30
    assert files.digest("engine.log").sha256 == ""
    assert runs.bytes_read() - before < 10_000_000


def test_a_log_swapped_after_it_was_hashed_is_not_parsed(run):
    files = RunFiles(run)
    files.digest("events.jsonl")
    files.content("events.jsonl")
    (run / "events.jsonl").write_bytes(b"another log\n")
    with pytest.raises(EvidenceError, match="another file than was hashed"):
        files.content("events.jsonl")


def test_a_file_that_comes_after_the_manifest_was_read_is_no_evidence(run):
    files = RunFiles(run)
    files.expect(_listed(run, events_jsonl=1))
    (run / "provenance.json").write_bytes(b"{}")
    assert not files.holds("provenance.json")
    assert RunFiles(run).holds("provenance.json")


def test_a_line_beyond_the_cap_is_refused(run, monkeypatch):
    monkeypatch.setattr(sys.modules["suite.evidence.read"], "MAX_LINE_BYTES", 100)
    with pytest.raises(EvidenceError, match="at most 100 are read") as caught:
        evidence.read(run)
    assert caught.value.code == "line-wrong"


def test_an_answer_of_devices_has_a_cap_of_its_own(run):
    """Of twice the longest answer that the client keeps: it is refused before it is parsed."""
    (run / "device-evidence.jsonl").write_bytes(b"9" * (17 << 20) + b"\n")
    with pytest.raises(EvidenceError, match="at most 16,842,752 are read") as caught:
        evidence.read(run)
    assert caught.value.code == "line-wrong"
