"""The journal of a fleet: bound line to line and to its plan, whole after a kill, refused after any other change."""

import pytest
from msgspec.structs import replace

from suite.base.errors import EvidenceError
from suite.evidence.journal import JOURNAL, Journal, read_journal
from tests.factories import fleets


@pytest.fixture
def written(tmp_path):
    made = fleets.fleet(tmp_path, 1)
    with Journal(tmp_path, made) as journal:
        journal.append("begun", backend="local")
        journal.append("submitted", machine="node-1", cell="preflight", repeat=0, attempt=1)
        journal.append("left")
    return tmp_path, made


def test_entries_come_back_and_go_on(written):
    directory, made = written
    with Journal(directory, made) as journal:
        assert [entry.kind for entry in journal.entries] == ["begun", "submitted", "left"]
        journal.append("begun", backend="local")
    entries, _ = read_journal(directory, made)
    assert [entry.sequence for entry in entries] == [0, 1, 2, 3]


def test_the_piece_of_a_line_that_a_kill_left_is_cut_off(written):
    directory, made = written
    path = directory / JOURNAL
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    assert len(read_journal(directory, made)[0]) == 3
    with Journal(directory, made) as journal:
        journal.append("left")
    assert path.read_bytes().startswith(whole + b'{"kind":"left"')


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0], lines[2]],
        lambda lines: [lines[1], lines[0], lines[2]],
        lambda lines: [lines[0], lines[1].replace(b"node-1", b"node-2"), lines[2]],
        lambda lines: lines[1:],
        lambda lines: [*lines, lines[2]],
    ],
)
def test_a_line_that_was_changed_removed_or_moved_is_refused(written, change):
    directory, made = written
    path = directory / JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(change(lines)))
    with pytest.raises(EvidenceError) as refused:
        read_journal(directory, made)
    assert refused.value.code == "fleet-journal-broken"


def test_a_journal_of_another_plan_is_refused(written):
    directory, made = written
    with pytest.raises(EvidenceError) as refused:
        read_journal(directory, replace(made, retries=5))
    assert refused.value.code == "fleet-journal-broken"


@pytest.mark.parametrize(
    "entries",
    [
        [("placed", {"attempt": 1, "handle": "1"})],
        [("ended", {"attempt": 1, "measured": False})],
        [("submitted", {"attempt": 2})],
        [("submitted", {"attempt": 1}), ("submitted", {"attempt": 2})],
        [("submitted", {"attempt": 1}), ("ended", {"attempt": 2})],
        [("submitted", {"attempt": 1}), ("ended", {"attempt": 1}), ("ended", {"attempt": 1})],
        [("submitted", {"attempt": 1, "machine": "node-9"})],
        [("submitted", {"attempt": 1, "cell": "2-cell"})],
        [("submitted", {"attempt": 1, "repeat": 3})],
        [("submitted", {})],
    ],
)
def test_what_no_controller_can_have_written_is_refused(tmp_path, entries):
    made = fleets.fleet(tmp_path, 1)
    names = {"machine": "node-1", "cell": "1-cell", "repeat": 1}
    with Journal(tmp_path, made) as journal:
        for kind, members in entries:
            journal.append(kind, **{**names, **members})
    with pytest.raises(EvidenceError) as refused:
        read_journal(tmp_path, made)
    assert refused.value.code == "fleet-journal-broken"


def test_a_journal_that_is_refused_is_left_as_it_is_and_is_not_held(tmp_path):
    made = fleets.fleet(tmp_path, 1)
    path = tmp_path / JOURNAL
    path.write_bytes(b"{}\n{")
    for _ in range(2):
        with pytest.raises(EvidenceError):
            Journal(tmp_path, made)
    assert path.read_bytes() == b"{}\n{"


def test_every_cut_of_a_journal_is_read(written):
    directory, made = written
    path = directory / JOURNAL
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        entries, _ = read_journal(directory, made)
        assert len(entries) == whole[:length].count(b"\n")
