"""`suite submit`, `check`, `trust` and `review` as one story, from a run to an accepted and a withdrawn card."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from suite.base import jsonio
from suite.cli.main import main
from suite.judge.attest import keyfiles, trust, verify_run
from suite.judge.attest.page import Carried, embed_statement, extract_carried
from suite.judge.attest.review import make_audit, payload_digest
from suite.judge.attest.sign import sign
from suite.judge.report import html
from suite.judge.submissions import folders
from tests.factories import submissions as factory
from tests.factories.audits import PREDICATE
from tests.factories.submissions import Tree

if TYPE_CHECKING:
    from suite.documents.audit import AuditVerdict


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("lab", "alice", "bob"):
        keyfiles.generate(tmp_path / f"{name}.pem")
    list_ = tmp_path / "keys.json"
    for owner, role, key in (
        ("cpu", "vendor", "lab"),
        ("alice", "reviewer", "alice"),
        ("bob", "reviewer", "bob"),
    ):
        words = ["trust", "add", list_, owner, "--role", role, "--key", tmp_path / f"{key}.pub.pem"]
        assert main([*map(str, words)]) == 0
    factory.finish(
        factory.factory.write(tmp_path / "run"), keyfiles.load_private(tmp_path / "lab.pem")
    )
    return tmp_path


def suite(*words: object) -> int:
    return main([*map(str, words)])


def test_from_a_run_to_a_withdrawn_card(place: Path, capfdbinary: pytest.CaptureFixture) -> None:
    tree = place / "submissions"
    assert suite("submit", place / "run", "--to", tree) == 0
    out, errors = capfdbinary.readouterr()
    assert b"# Submissions: 1 accepted" in out
    assert b"at most 50 MiB" in errors
    folder = tree / "cpu/no-round/factory-run"
    assert sorted(path.name for path in folder.iterdir()) == [
        ".gitattributes",
        "evidence.tar.zst",
        "scorecard.html",
        "scorecard.sigstore.json",
    ]
    check = ("check", tree, "--trust", place / "keys.json", "--jobs", "1")
    assert suite(*check, "--reviews", "2") == 5
    for name in ("alice", "bob"):
        key = place / f"{name}.pem"
        assert suite("review", "sign", folder, "--decision", "accept", "--key", key) == 0
    sarif = place / "check.sarif"
    assert suite(*check, "--reviews", "2", "--out", f"sarif={sarif}") == 0
    assert jsonio.load(sarif)["runs"][0]["results"] == []
    assert suite("review", "withdraw", folder, "--reason", "x", "--key", place / "lab.pem") == 0
    capfdbinary.readouterr()
    assert suite(*check, "--format", "json") == 0
    report = jsonio.loads(capfdbinary.readouterr().out)
    assert report["submissions"][0]["verdict"] == "withdrawn"
    assert suite("review", "list", folder, "--trust", place / "keys.json", "--json") == 0
    rows = jsonio.loads(capfdbinary.readouterr().out)
    assert sorted((row["by"], row["what"]) for row in rows) == [
        ("alice", "accept"),
        ("bob", "accept"),
        ("cpu", "withdrawn"),
    ]


def test_a_revoked_key_needs_a_time(place: Path, capsys: pytest.CaptureFixture) -> None:
    file = place / "keys.json"
    made = Tree(place / "t")
    made.root.mkdir()
    assert suite("submit", place / "run", "--to", made.tree) == 0
    assert suite("trust", "list", file, "--json") == 0
    key_id = keyfiles.load_public(place / "lab.pub.pem").id
    assert suite("trust", "revoke", file, key_id[:12], "--reason", "lost") == 0
    assert suite("trust", "revoke", file, key_id, "--reason", "again") == 2
    assert suite("trust", "revoke", file, "", "--reason", "all") == 2
    assert suite("trust", "check", file) == 0
    assert suite("check", made.tree, "--trust", file, "--jobs", "1") == 5
    assert "[time-unproven]" in capsys.readouterr().out


def test_a_key_stands_once_and_a_window_has_a_start(place: Path) -> None:
    file, before = place / "keys.json", (place / "keys.json").read_bytes()
    again = ("trust", "add", file, "eve", "--role", "vendor", "--key", place / "lab.pub.pem")
    assert suite(*again) == 5
    assert suite(*again, "--until", "2026-01-31T00:00:00Z") == 2
    assert file.read_bytes() == before


@pytest.mark.parametrize(("verdict", "status"), [("same", 0), ("undecided", 0), ("different", 5)])
def test_an_audit_is_verified_with_the_card_and_in_a_submission(
    place: Path, capfdbinary: pytest.CaptureFixture, verdict: AuditVerdict, status: int
) -> None:
    run, list_ = place / "run", place / "keys.json"
    bundle = (run / "scorecard.sigstore.json").read_bytes()
    payload = make_audit(payload_digest(bundle, "card"), replace(PREDICATE, verdict=verdict))
    audit = place / "run.audit.sigstore.json"
    audit.write_bytes(sign(payload, keyfiles.load_private(place / "alice.pem")))
    assert suite("verify", run, "--trust", list_, "--audit", audit) == status
    out, _ = capfdbinary.readouterr()
    assert b"audited by alice" in out
    assert (b"[audit-different]" in out) == (status == 5)
    tree = place / "submissions"
    assert suite("submit", run, "--to", tree) == 0
    folder = tree / "cpu/no-round/factory-run"
    (folder / "statements").mkdir()
    shutil.copy(audit, folder / "statements")
    capfdbinary.readouterr()
    assert suite("check", tree, "--trust", list_, "--jobs", "1", "--format", "json") == status
    checked = jsonio.loads(capfdbinary.readouterr().out)["submissions"][0]
    assert [made["verdict"] for made in checked.get("audits", [])] == [verdict] * (status == 0)
    if status == 0:
        assert suite("compare", run, folder, "--trust", list_) == 0
        assert capfdbinary.readouterr().out.count(b"audited by alice") == 2
        assert suite("site", tree, "--trust", list_, "--out", place / "site") == 0
        assert "audited" in (place / "site/index.html").read_text()
        (card,) = (place / "site").glob("cards/*/index.html")
        assert "Audited against the model" in card.read_text()
    capfdbinary.readouterr()
    assert suite("review", "list", folder, "--trust", list_) == 0
    assert verdict.encode() in capfdbinary.readouterr().out


def test_an_audit_needs_the_list_and_the_run_s_own_model(
    place: Path, capfdbinary: pytest.CaptureFixture, tmp_path: Path
) -> None:
    run, list_, key = place / "run", place / "keys.json", place / "alice.pem"
    assert suite("verify", run, "--audit", key) == 2
    (tmp_path / "other").mkdir()
    words = ("audit", run, "--trust", list_, "--key", key, "--quiet")
    assert suite(*words, "--model", tmp_path / "other") == 2
    assert b"error[audit-model-differs]" in capfdbinary.readouterr().err
    assert suite(*words, "--model", tmp_path / "nowhere") == 2
    assert b"error[model-unknown]" in capfdbinary.readouterr().err


def test_a_tree_of_any_name_is_found_from_its_submissions(tmp_path):
    folder = tmp_path / "handed-in" / "acme" / "no-round" / "run"
    folder.mkdir(parents=True)
    assert folders.tree_of(folder) == folder
    (folder / "scorecard.sigstore.json").touch()
    assert folders.tree_of(folder) == tmp_path / "handed-in"
    above = tmp_path / "submissions" / "x" / "acme" / "no-round" / "run"
    above.mkdir(parents=True)
    assert folders.tree_of(above) == tmp_path / "submissions"


def _steps(out: bytes) -> dict[str, str]:
    return {step["what"]: step["outcome"] for step in jsonio.loads(out)["steps"]}


def test_a_page_shows_an_audit_that_was_verified_and_nobody_can_slip_one_in(
    place: Path, capfdbinary: pytest.CaptureFixture
) -> None:
    run, list_ = place / "run", place / "keys.json"
    bundle = (run / "scorecard.sigstore.json").read_bytes()
    payload = make_audit(payload_digest(bundle, "card"), PREDICATE)
    audit = place / "run.audit.sigstore.json"
    audit.write_bytes(sign(payload, keyfiles.load_private(place / "alice.pem")))
    page, own = run / "scorecard.html", (run / "scorecard.html").read_bytes()
    assert suite("render", run, "--audit", audit) == 2
    assert suite("render", run) == 0
    assert page.read_bytes() == own  # without a list nobody's audit counts
    assert suite("render", run, "--trust", list_) == 0  # the one beside the run
    shown = page.read_bytes()
    assert extract_carried(shown) == Carried((audit.read_bytes(),))
    assert b"Audited by a reviewer" in shown
    what = "Statement 1 of the page counts"
    for subject in (run, page):
        capfdbinary.readouterr()
        assert suite("verify", subject, "--trust", list_, "--json") == 0
        assert _steps(capfdbinary.readouterr().out)[what] == "pass"
    capfdbinary.readouterr()
    assert suite("verify", run, "--json") == 0
    assert _steps(capfdbinary.readouterr().out)[what] == "warn"
    assert suite("render", page, "--trust", list_, "--out", place / "again.html") == 0
    # The vendor's own word, and a reviewer's word about another card.
    card = verify_run.verify_file(bundle, trust.load(list_)).verified.card
    for data in (
        sign(payload, keyfiles.load_private(place / "lab.pem")),
        sign(make_audit("1" * 64, PREDICATE), keyfiles.load_private(place / "alice.pem")),
    ):
        kept, other = (embed_statement(item).encode() for item in (audit.read_bytes(), data))
        forged = shown.replace(kept, other)
        page.write_bytes(forged)
        assert suite("verify", run, "--trust", list_) == 5
        assert suite("render", run, "--trust", list_, "--audit", _file(place, data)) == 5
    page.write_bytes(
        html.render(
            bundle,
            card,
            carried=Carried((sign(payload, keyfiles.load_private(place / "lab.pem")),)),
        )
    )
    assert suite("verify", run, "--trust", list_) == 5
    page.write_bytes(
        shown.replace(b'<pre class="statement-bundle">', b'<pre class="statement-bundle" >')
    )
    assert suite("verify", run, "--trust", list_) == 5


def _file(place: Path, data: bytes) -> Path:
    path = place / "forged.json"
    path.write_bytes(data)
    return path


def test_a_list_of_nobody_is_no_yes_and_an_empty_one_says_so(
    place: Path, capsys: pytest.CaptureFixture
) -> None:
    empty = place / "empty.json"
    empty.write_text('{"trust_schema": 1, "keys": []}')
    assert suite("trust", "check", empty) == 4
    assert "nobody may sign" in capsys.readouterr().err
    assert suite("trust", "list", empty) == 0
    assert capsys.readouterr().out == "the list names nobody\n"
    assert suite("trust", "list", empty, "--json") == 0
    assert capsys.readouterr().out == "[]\n"
    run = place / "run"
    assert suite("review", "list", run, "--trust", place / "keys.json") == 0
    assert capsys.readouterr().out == "nothing was stated about it\n"


def test_who_signs_without_a_key_is_listed(place: Path, capsys: pytest.CaptureFixture) -> None:
    who = {"owner": "acme", "role": "lab", "signsFor": ["cpu"], "identity": "a@b.c", "issuer": "i"}
    who |= {"validFor": {"start": "2026-01-01T00:00:00Z"}}
    known = {"trust_schema": 1, "keys": [], "identities": [who], "sigstoreRoot": {}}
    file = place / "identities.json"
    file.write_text(json.dumps(known))
    assert suite("trust", "list", file, "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row == {
        "owner": "acme",
        "role": "lab",
        "signs_for": "cpu",
        "counts": "from 2026-01-01T00:00:00Z",
        "key_id": "a@b.c (i)",
    }
    assert suite("trust", "check", file) == 0
    assert capsys.readouterr().out.startswith(f"{file}: 0 keys, 1 identities\n")


def test_a_bad_trust_list_is_told_before_the_tree_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "submissions").mkdir()
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    assert suite("check", tmp_path / "submissions", "--trust", bad) == 5
    assert f"{bad} breaks the trust schema" in capsys.readouterr().err
    bad.write_text("no key")
    assert suite("check", tmp_path / "submissions", "--key", bad) == 5
    assert f"at {bad}" in capsys.readouterr().err


def test_a_reviewer_whose_key_is_lost_takes_no_card_along(
    place: Path, capsys: pytest.CaptureFixture
) -> None:
    list_, folder = place / "keys.json", place / "submissions/cpu/no-round/factory-run"
    assert suite("submit", place / "run", "--to", place / "submissions") == 0
    for name in ("alice", "bob"):
        key = place / f"{name}.pem"
        assert suite("review", "sign", folder, "--decision", "accept", "--key", key) == 0
    lost = next(item.key.id for item in trust.load(list_).keys if item.owner == "bob")
    assert suite("trust", "revoke", list_, lost, "--reason", "lost") == 0
    capsys.readouterr()
    assert suite("review", "list", folder, "--trust", list_, "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["by"], row["what"]) for row in rows] == [
        ("alice", "accept"),
        ("", "counts no more"),
    ]
    assert "the key of bob" in rows[1]["why"]
    out = place / "c.txt"
    assert suite("check", folder, "--trust", list_) == 0
    assert suite("compare", folder, place / "run", "--trust", list_, "--out", out) == 0
    assert "time-unproven" not in capsys.readouterr().err
    assert suite("check", folder, "--trust", list_, "--reviews", "2") == 5
