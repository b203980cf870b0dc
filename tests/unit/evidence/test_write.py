"""A run as it is written: whole lines and whole documents, on a full disk too."""

import errno
import os
import resource

import pytest
from msgspec.structs import replace

from suite import evidence
from suite.base import jsonio
from suite.base.errors import SetupError, UsageError
from suite.documents.codec import canonical
from suite.documents.event import Mark
from suite.documents.telemetry import TelemetrySample
from suite.evidence.manifest import BALLAST_BYTES

START = Mark(t=1, name="run.start")


def sample(device):
    return TelemetrySample(t=1, tool="fake", device=device)


def test_an_existing_run_is_never_overwritten(run):
    with pytest.raises(UsageError) as caught:
        evidence.Writer(run)
    assert caught.value.code == "run-exists"


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError) as caught:
        evidence.Writer(tmp_path / "file" / "run")
    assert caught.value.code == "run-unwritable"


def test_a_full_disk_keeps_whole_lines(tmp_path, monkeypatch):
    writer = evidence.Writer(tmp_path / "run")
    writer.event(START)
    real = os.write

    def full(descriptor, data):
        real(descriptor, data[:5])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(SetupError) as caught:
        writer.event(replace(START, t=2))
    monkeypatch.undo()
    writer.close()
    assert caught.value.code == "disk-full"
    assert (tmp_path / "run" / "events.jsonl").read_bytes().count(b"\n") == 1
    assert (tmp_path / "run" / "events.jsonl").read_bytes().endswith(b"\n")


def test_a_full_disk_leaves_the_document_before(tmp_path):
    with evidence.Writer(tmp_path / "run") as writer:
        writer.document("environment.json", {"before": 1})

        # The kernel's own refusal, in the middle of the data.
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3, limits[1]))
        try:
            with pytest.raises(SetupError) as caught:
                writer.document("environment.json", {"after": 2})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.code == "disk-full"
    assert jsonio.load(tmp_path / "run" / "environment.json") == {"before": 1}
    assert not [path for path in (tmp_path / "run").iterdir() if path.suffix == ".part"]


def test_a_full_disk_keeps_whole_lines_of_side_files(tmp_path, monkeypatch):
    with evidence.Writer(tmp_path / "run") as writer:
        writer.lines("telemetry.jsonl", [sample("1")])
        real = os.write

        def full(descriptor, data):
            if len(data) <= 8:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(descriptor, data[:8])

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(SetupError):
            writer.lines("telemetry.jsonl", [sample("2"), sample("3")])
        monkeypatch.undo()
        writer.lines("telemetry.jsonl", [sample("4")])
    assert (tmp_path / "run" / "telemetry.jsonl").read_bytes() == b"".join(
        canonical(sample(name)) + b"\n" for name in "14"
    )


def test_space_is_kept_for_the_end(tmp_path):
    with evidence.Writer(tmp_path / "run") as writer:
        ballast = tmp_path / "run" / evidence.BALLAST
        assert ballast.stat().st_blocks * 512 >= BALLAST_BYTES
        writer.release()
        assert not ballast.exists()
        writer.release()


def test_a_short_write_is_continued(tmp_path, monkeypatch):
    with evidence.Writer(tmp_path / "run") as writer:
        real = os.write
        monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:7]))
        writer.event(START)
        monkeypatch.undo()
    line = b'{"name":"run.start","t":1,"type":"mark"}\n'
    assert (tmp_path / "run" / "events.jsonl").read_bytes() == line
