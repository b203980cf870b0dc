import errno
import os
from pathlib import Path

import pytest

from suite import evidence
from suite.base import jsonio
from suite.base.errors import EvidenceError, SetupError
from tests.factories import evidence as factory


@pytest.fixture
def run(tmp_path):
    return factory.write(tmp_path / "run")


def edit(path, change):
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))


def test_what_was_written_reads_back(run):
    read = evidence.read(run)
    made = factory.evidence()
    assert read.plan == made.plan
    assert sorted(read.requests, key=lambda r: r["t_end"]) == sorted(
        made.requests, key=lambda r: r["t_end"]
    )
    assert read.footer == made.footer
    assert list(read.tasks) == list(made.tasks)
    assert read.manifest_sha256 == jsonio.sha256_hex((run / "manifest.json").read_bytes())


def test_the_manifest_lists_every_file_with_its_digest(run):
    manifest = jsonio.load(run / "manifest.json")
    assert [entry["path"] for entry in manifest["files"]] == list(evidence.EVIDENCE_FILES)
    for entry in manifest["files"]:
        data = (run / entry["path"]).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(data), jsonio.sha256_hex(data))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda lines: lines.pop(0), "header-misplaced"),
        (lambda lines: lines.append(lines[0]), "header-misplaced"),
        (lambda lines: lines.append(lines[3]), "after-footer"),
        (
            lambda lines: lines.insert(-1, next(x for x in lines if b'"request"' in x)),
            "request-twice",
        ),
        (lambda lines: lines.__setitem__(-1, lines[-1][:40]), "line-cut"),
        (lambda lines: lines.__setitem__(4, b"{]\n"), "json-refused"),
        (lambda lines: lines.__setitem__(4, b'{"type":"mark","t":1}\n'), "schema-violation"),
        (lambda lines: lines.__setitem__(4, b'{"type":"request","x":NaN}\n'), "json-refused"),
        (lambda lines: lines.__setitem__(4, b"[]\n"), "line-wrong"),
        (lambda lines: lines.clear(), "events-empty"),
    ],
)
def test_a_broken_event_log_is_refused_with_its_line(run, change, code):
    edit(run / "events.jsonl", change)
    with pytest.raises(EvidenceError) as caught:
        evidence.read(run)
    assert caught.value.code == code
    assert "events.jsonl" in str(caught.value.place)


def test_a_log_without_its_footer_is_read_and_says_so(run):
    edit(run / "events.jsonl", lambda lines: lines.pop())
    assert evidence.read(run).footer is None


def test_another_plan_is_refused(run):
    plan = jsonio.load(run / "plan.json")
    plan["workload"]["seed"] = 99
    (run / "plan.json").write_bytes(jsonio.pretty(plan))
    with pytest.raises(EvidenceError) as caught:
        evidence.read(run)
    assert caught.value.code == "plan-mismatch"


@pytest.mark.parametrize("name", ["plan.json", "environment.json", "events.jsonl", "tasks.jsonl"])
def test_a_missing_file_is_named(run, name):
    (run / name).unlink()
    with pytest.raises(EvidenceError) as caught:
        evidence.read(run)
    assert name in str(caught.value.place)


def test_an_existing_run_is_never_overwritten(run):
    with pytest.raises(SetupError) as caught:
        evidence.Writer(run)
    assert caught.value.code == "run-exists"


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError) as caught:
        evidence.Writer(tmp_path / "file" / "run")
    assert caught.value.code == "run-unwritable"


def test_a_full_disk_keeps_whole_lines(tmp_path, monkeypatch):
    writer = evidence.Writer(tmp_path / "run")
    writer.event({"type": "mark", "t": 1, "name": "run.start"})
    real = os.write

    def full(descriptor, data):
        real(descriptor, data[:5])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(SetupError) as caught:
        writer.event({"type": "mark", "t": 2, "name": "phase.start"})
    monkeypatch.undo()
    writer.close()
    assert caught.value.code == "disk-full"
    assert (tmp_path / "run" / "events.jsonl").read_bytes().count(b"\n") == 1
    assert (tmp_path / "run" / "events.jsonl").read_bytes().endswith(b"\n")


def test_a_full_disk_leaves_the_document_before(tmp_path, monkeypatch):
    with evidence.Writer(tmp_path / "run") as writer:
        writer.document("environment.json", {"before": 1})

        def full(path, data):
            with path.open("wb") as stream:
                stream.write(data[:3])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(SetupError) as caught:
            writer.document("environment.json", {"after": 2})
        monkeypatch.undo()
    assert caught.value.code == "disk-full"
    assert jsonio.load(tmp_path / "run" / "environment.json") == {"before": 1}
    assert not [path for path in (tmp_path / "run").iterdir() if path.suffix == ".part"]


def test_a_full_disk_keeps_whole_lines_of_side_files(tmp_path, monkeypatch):
    with evidence.Writer(tmp_path / "run") as writer:
        writer.lines("tasks.jsonl", [{"id": "1"}])
        real = os.write

        def full(descriptor, data):
            if len(data) <= 8:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(descriptor, data[:8])

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(SetupError):
            writer.lines("tasks.jsonl", [{"id": "2"}, {"id": "3"}])
        monkeypatch.undo()
        writer.lines("tasks.jsonl", [{"id": "4"}])
    assert (tmp_path / "run" / "tasks.jsonl").read_bytes() == b'{"id":"1"}\n{"id":"4"}\n'


def test_space_is_kept_for_the_end(tmp_path):
    with evidence.Writer(tmp_path / "run") as writer:
        ballast = tmp_path / "run" / evidence.BALLAST
        assert ballast.stat().st_blocks * 512 >= evidence.BALLAST_BYTES
        writer.release()
        assert not ballast.exists()
        writer.release()


def test_a_short_write_is_continued(tmp_path, monkeypatch):
    with evidence.Writer(tmp_path / "run") as writer:
        real = os.write
        monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:7]))
        writer.event({"type": "mark", "t": 1, "name": "run.start"})
        monkeypatch.undo()
    line = b'{"name":"run.start","t":1,"type":"mark"}\n'
    assert (tmp_path / "run" / "events.jsonl").read_bytes() == line
