"""What a fleet statement must say, and what it is refused for."""

import datetime as dt
import os

import pytest
from msgspec.structs import replace

from suite.base import jsonio
from suite.base.errors import EvidenceError, TrustError
from suite.documents.codec import plain
from suite.documents.fleet import FLEET_TYPE
from suite.evidence import fleetstate
from suite.evidence.journal import Journal, read_journal
from suite.judge.attest import keyfiles
from suite.judge.attest.predicate import check_predicate, vendors_of
from suite.judge.attest.sign import sign
from suite.judge.attest.statement import parse_statement, payload_of
from suite.judge.fleet.statement import make_statement, stated_of
from suite.judge.fleet.verify import Known, require_allowed, require_whole, verify_fleet
from tests.factories import fleets, runs

NOW = dt.datetime(2026, 11, 28, 21, tzinfo=dt.UTC)


@pytest.fixture
def journalled(tmp_path):
    """A fleet of three machines, one failed and one excluded, with the journal that a controller would leave."""
    made = fleets.fleet(tmp_path, 3, repeats=1, excluded="sent back")
    with Journal(tmp_path, made) as journal:
        journal.append("begun", backend="local")
        for name in ("node-1", "node-2"):
            _attempt(journal, name, "preflight", 0, 1, status=0, measured=False)
        _attempt(journal, "node-1", "1-cell", 1, 1, status=0, measured=True, card_sha256="1" * 64)
        _attempt(journal, "node-2", "1-cell", 1, 1, status=3, code="disk-full", measured=False)
        _attempt(journal, "node-2", "1-cell", 1, 2, status=3, code="engine-died", measured=False)
        journal.append("left")
    return tmp_path, made


def _attempt(journal, machine, cell, repeat, attempt, **ended):
    names = {"machine": machine, "cell": cell, "repeat": repeat, "attempt": attempt}
    journal.append("submitted", **names)
    journal.append("ended", **names, **ended)


def held(directory, made):
    entries, sha256 = read_journal(directory, made)
    return entries, fleetstate.state(made, entries), sha256


def test_it_names_every_machine_and_every_card(journalled):
    directory, made = journalled
    _, now, sha256 = held(directory, made)
    statement = parse_statement(make_statement(made, now, sha256, NOW))
    document = check_predicate(statement)
    assert [machine.outcome for machine in document.machines] == ["complete", "failed", "excluded"]
    assert document.machines[2].reason == "sent back"
    assert [attempt.code for attempt in document.machines[1].attempts[1:]] == [
        "disk-full",
        "engine-died",
    ]
    assert statement.subject("node-1/1-cell.r1.a1") == "1" * 64
    assert vendors_of(document) == ("cpu",)


def test_a_reason_of_several_lines_and_colours_can_be_signed(tmp_path):
    made = fleets.fleet(tmp_path, 2, repeats=1, excluded="fan broken\nsent back\ton Monday")
    with Journal(tmp_path, made) as journal:
        said = {"code": "fleet-lost", "reason": "\x1b[36mray::Unit\x1b[39m died\u202e"}
        _attempt(journal, "node-1", "1-cell", 1, 1, measured=False, **said)
    _, now, sha256 = held(tmp_path, made)
    document = check_predicate(parse_statement(make_statement(made, now, sha256, NOW)))
    assert document.machines[0].attempts[0].reason == "ray::Unit died<U+202E>"
    assert document.machines[1].reason == "fan broken sent back on Monday"


def test_a_statement_of_other_cards_than_it_names_cannot_be_signed(journalled, tmp_path):
    directory, made = journalled
    _, now, sha256 = held(directory, made)
    whole = parse_statement(make_statement(made, now, sha256, NOW))
    payload = payload_of(whole.subjects[:2], FLEET_TYPE, whole.predicate)
    with pytest.raises(TrustError) as refused:
        sign(payload, keyfiles.generate(tmp_path / "key.pem"))
    assert refused.value.code == "statement-subject"


@pytest.mark.parametrize(
    "change",
    [
        lambda machines: machines[:2],
        lambda machines: (
            machines[0],
            replace(machines[1], attempts=machines[1].attempts[2:]),
            machines[2],
        ),
        lambda machines: (machines[0], replace(machines[1], outcome="excluded"), machines[2]),
        lambda machines: (machines[1], machines[0], machines[2]),
        lambda machines: (*machines, replace(machines[0], name="node-4")),
    ],
)
def test_a_statement_that_leaves_something_out_is_refused(journalled, change):
    directory, made = journalled
    _, now, _ = held(directory, made)
    document = stated_of(made, now, "2026-11-28T21:00:00Z")
    require_whole(document, made, now)
    with pytest.raises(TrustError) as refused:
        require_whole(replace(document, machines=change(document.machines)), made, now)
    assert refused.value.code == "fleet-machine-dropped"


@pytest.mark.parametrize(
    ("machine", "attempt", "retries"),
    [("node-1", 2, 5), ("node-2", 3, 5), ("node-2", 2, 0)],
    ids=["it left a card", "the engine failed", "no more are allowed"],
)
def test_an_attempt_that_was_not_allowed_is_refused(tmp_path, machine, attempt, retries):
    made = fleets.fleet(tmp_path, 2, repeats=1, retries=retries)
    with Journal(tmp_path, made) as journal:
        _attempt(journal, "node-1", "1-cell", 1, 1, status=0, measured=True, card_sha256="1" * 64)
        code = "engine-died" if retries else "disk-full"
        _attempt(journal, "node-2", "1-cell", 1, 1, status=3, code=code, measured=False)
        require_allowed(made, journal.entries)
        _attempt(journal, machine, "1-cell", 1, attempt, status=0, measured=True)
        with pytest.raises(TrustError) as refused:
            require_allowed(made, journal.entries)
    assert refused.value.code == "fleet-retry-forbidden"


def test_a_statement_is_held_against_what_lies_beside_it(journalled):
    directory, made = journalled
    _, now, sha256 = held(directory, made)
    key = keyfiles.generate(directory / "key.pem")
    bundle = sign(make_statement(made, now, sha256, NOW), key)

    def verify():
        def card(run):
            raise TrustError("not-signed", f"{run.name} is not there")

        return verify_fleet(directory, bundle, Known(key=key.public), card)

    assert [error.code for error in verify().errors] == ["fleet-card-differs"]
    with Journal(directory, made) as journal:
        journal.append("left")
    assert [error.code for error in verify().errors] == ["fleet-differs"]
    (directory / "fleet.json").write_bytes(
        (directory / "fleet.json").read_bytes().replace(b'"retries": 1', b'"retries": 5')
    )
    assert [error.code for error in verify().errors] == ["fleet-journal-broken"]


def test_a_predicate_with_another_member_is_refused(journalled):
    directory, made = journalled
    _, now, sha256 = held(directory, made)
    whole = parse_statement(make_statement(made, now, sha256, NOW))
    predicate = {**plain(check_predicate(whole)), "best_machine": "node-1"}
    with pytest.raises(TrustError) as refused:
        check_predicate(parse_statement(payload_of(whole.subjects, FLEET_TYPE, predicate)))
    assert refused.value.code == "predicate-schema"


def _line(entry, **changes):
    return jsonio.canonical({**plain(entry), **changes})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"machine": "node-9"}, "fleet-journal-broken"),
        ({"machine": "node-3"}, "fleet-journal-broken"),
        ({"cell": "9-cell"}, "fleet-journal-broken"),
        ({"repeat": 7}, "fleet-journal-broken"),
        ({"attempt": 2}, "fleet-journal-broken"),
        ({"sequence": 4}, "fleet-journal-broken"),
        ({"previous": "0" * 64}, "fleet-journal-broken"),
        ({"kind": "placed"}, "fleet-journal-broken"),
        ({"kind": "won"}, "schema-violation"),
        ({"machine": ["node-1"]}, "schema-violation"),
        ({"attempt": True}, "schema-violation"),
        ({"attempt": 1e300}, "schema-violation"),
        ({"reason": "x" * 100_000}, "schema-violation"),
        ({"best": "node-1"}, "schema-violation"),
    ],
)
def test_a_journal_that_no_controller_wrote_is_refused(tmp_path, changes, code):
    """An attempt of a machine that has no such run, or of another form, with every line behind it bound to it."""
    made = fleets.fleet(tmp_path, 3, repeats=1, excluded="sent back")
    with Journal(tmp_path, made) as journal:
        journal.append("begun", backend="local")
        entry = journal.append("submitted", machine="node-1", cell="1-cell", repeat=1, attempt=1)
    path = tmp_path / "journal.jsonl"
    first, _ = path.read_bytes().splitlines()
    path.write_bytes(first + b"\n" + _line(entry) + b"\n")
    assert len(read_journal(tmp_path, made)[0]) == 2
    path.write_bytes(first + b"\n" + _line(entry, **changes) + b"\n")
    for read in (read_journal, Journal):
        with pytest.raises(EvidenceError) as refused:
            read(tmp_path, made)
        assert refused.value.code == code


@pytest.mark.parametrize("name", ["journal.jsonl", "fleet.json"])
@pytest.mark.parametrize("kind", ["link", "pipe", "directory", "giant"])
def test_what_is_no_plain_file_of_a_bounded_length_is_refused(journalled, name, kind):
    directory, made = journalled
    _, now, sha256 = held(directory, made)
    key = keyfiles.generate(directory / "key.pem")
    bundle = sign(make_statement(made, now, sha256, NOW), key)
    path = directory / name
    kept = path.rename(directory / "kept")
    match kind:
        case "link":
            path.symlink_to(kept)
        case "pipe":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case _:
            with path.open("wb") as giant:
                giant.truncate(1 << 40)

    def card(_run):
        raise AssertionError("no card is looked at")

    before = runs.bytes_read()
    (error,) = verify_fleet(directory, bundle, Known(key=key.public), card).errors
    assert error.code == "file-unreadable", error
    assert runs.bytes_read() - before < 10_000_000


def test_a_card_of_another_machine_is_refused(journalled):
    """Two machines that claim one run: the second one's attempt names the first one's card."""
    directory, made = journalled
    with Journal(directory, made) as journal:
        _attempt(journal, "node-2", "preflight", 0, 2, status=0, measured=False)
    _, now, _ = held(directory, made)
    document = stated_of(made, now, "2026-11-28T21:00:00Z")
    claimed = replace(
        document.machines[1].attempts[-1], cell="1-cell", repeat=1, card_sha256="1" * 64
    )
    lying = replace(
        document,
        machines=(
            document.machines[0],
            replace(document.machines[1], attempts=(claimed,)),
            document.machines[2],
        ),
    )
    with pytest.raises(TrustError) as refused:
        require_whole(lying, made, now)
    assert refused.value.code == "fleet-machine-dropped"
