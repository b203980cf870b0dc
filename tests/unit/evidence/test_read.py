"""A run read back, and what is refused, with its file and line."""

import pytest

from suite import evidence
from suite.base import jsonio
from suite.base.errors import EvidenceError
from tests.factories import evidence as factory


def edit(path, change):
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))


def test_what_was_written_reads_back(run):
    read = evidence.read(run)
    made = factory.evidence()
    assert read.plan == made.plan
    assert read.requests == tuple(sorted(made.requests, key=lambda request: request.t_end))
    assert read.footer == made.footer
    assert list(read.tasks) == list(made.tasks)
    assert read.manifest_sha256 == jsonio.sha256_hex((run / "manifest.json").read_bytes())


def test_a_folder_of_something_else_is_no_run(tmp_path):
    with pytest.raises(EvidenceError, match="holds neither") as caught:
        evidence.read(tmp_path)
    assert caught.value.code == "run-wrong"
    assert "runs/<id>" in caught.value.hint


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


def test_a_task_that_occurs_twice_is_refused_whichever_of_both_a_reader_would_take(run):
    edit(run / "tasks.jsonl", lambda lines: lines.append(lines[0]))
    with pytest.raises(EvidenceError) as caught:
        evidence.read(run)
    assert caught.value.code == "task-twice"


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
