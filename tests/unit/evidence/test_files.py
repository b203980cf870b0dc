"""The files of a run: what is parsed is what was hashed, and only plain files of a bounded size are opened."""

import errno
import hashlib
import os
import threading

import pytest

from suite import evidence
from suite.base.errors import EvidenceError
from suite.evidence import RunFiles
from suite.evidence.safe import open_plain, read_plain


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
    thread.join(20)
    assert [error.code for error in refused] == ["file-unreadable"]
    assert "not a plain file" in refused[0].message
    assert refused[0].place.file == str(path)


def test_a_file_beyond_the_limit_is_refused(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(b"12345")
    assert read_plain(path, 5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes") as caught:
        read_plain(path, 4)
    assert caught.value.errno == errno.EFBIG
    with pytest.raises(FileNotFoundError):
        open_plain(tmp_path / "absent")
