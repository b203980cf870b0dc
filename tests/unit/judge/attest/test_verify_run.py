"""A whole run directory: measured (by the factory), scored, signed and rendered by the suite itself, then harmed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from suite import evidence
from suite.base import jsonio, schema
from suite.base.errors import EvidenceError, TrustError, UsageError
from suite.documents.card import Scorecard
from suite.documents.codec import convert, plain
from suite.judge.attest import sign, trust
from suite.judge.attest.envelope import parse
from suite.judge.attest.statement import make_statement, make_test_result
from suite.judge.attest.verification import Verification
from suite.judge.attest.verify import Expected, Identity
from suite.judge.attest.verify_run import verify_run
from suite.judge.report import html
from suite.judge.score import score
from tests.cases.bundle_verify.cases import STRANGER, VENDOR_A, VENDOR_B, entry
from tests.factories import evidence as factory
from tests.factories import shipped

LIST = trust.parse(
    jsonio.pretty(
        {"trust_schema": 1, "keys": [entry(VENDOR_A, "cpu"), entry(VENDOR_B, "vendor-b")]}
    )
)
NAMES = [
    "The manifest names the evidence",
    "Every evidence file is unchanged",
    "The evidence is readable",
    "The event log is complete",
    "The run is signed",
    "The bundle is well-formed",
    "The key is known",
    "The signature holds",
    "The payload is an in-toto statement",
    "It states what is expected",
    "The signer may state it",
    "The key counted at that time",
    "It belongs to this round and evidence",
    "The files beside the bundle agree",
    "The test result follows from the scorecard",
    "The numbers follow from the evidence",
    "The page shows what was signed",
]


def finish(directory: Path, key: object = VENDOR_A, card: dict | None = None) -> None:
    """Sign and render a run's card, or another one that is put in its place."""
    stated = convert(card, Scorecard) if card else score(evidence.read(directory))
    bundle = sign.sign_run(directory, stated, key)
    (directory / "scorecard.html").write_bytes(html.render(bundle, stated))


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = factory.write(tmp_path_factory.mktemp("runs") / "one")
    finish(directory)
    return directory


@pytest.fixture
def run(signed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(signed, tmp_path / "run"))


def verify(directory: Path, known: trust.TrustList | None = LIST, **more: object) -> Verification:
    return verify_run(directory, known, **({"recompute": score, "render": html.render} | more))


def codes(result: Verification) -> dict[str, str]:
    return {step.what: step.code for step in result.steps if step.outcome.value == "fail"}


def findings(result: Verification, what: str) -> tuple[str, ...]:
    return next(step.findings for step in result.steps if step.what == what)


def test_a_sound_run_passes_every_step(signed: Path) -> None:
    result = verify(signed)
    assert [step.what for step in result.steps] == NAMES
    assert [step.number for step in result.steps] == list(range(1, 18))
    assert {step.outcome.value for step in result.steps} == {"pass"}
    assert (result.intact, result.trusted, result.exit_status) == (True, True, 0)
    assert result.summary() == f"VERIFIED: signed by cpu (vendor), key {VENDOR_A.public.id}"
    assert json.loads(jsonio.canonical(result.to_json()))["owner"] == "cpu"


def test_every_signed_file_is_valid_by_schema(signed: Path) -> None:
    for name in (sign.BUNDLE_FILE, sign.TEST_RESULT_FILE):
        bundle = (signed / name).read_bytes()
        assert schema.problems(jsonio.loads(bundle), "bundle") == []
        assert schema.problems(jsonio.loads(parse(bundle).payload), "statement") == []
    assert schema.problems(jsonio.load(signed / sign.STATEMENT_FILE), "statement") == []
    assert schema.problems(jsonio.load(signed / "manifest.json"), "manifest") == []


def test_signing_twice_gives_the_same_bytes(run: Path) -> None:
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    finish(run)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_the_key_beside_the_run_proves_no_identity(signed: Path) -> None:
    result = verify(signed, None)
    assert (result.intact, result.trusted, result.exit_status) == (True, False, 0)
    assert result.identity is Identity.UNPROVEN
    assert result.summary().startswith("INTACT, SIGNER NOT ESTABLISHED: ")
    warned = [step for step in result.steps if step.outcome.value == "warn"]
    assert [step.code for step in warned] == ["signer-not-listed"]
    assert "identity not established" in warned[0].detail
    assert "VERIFIED" not in result.text()


def test_a_given_key_has_no_owner(signed: Path) -> None:
    result = verify(signed, None, key=VENDOR_A.public)
    assert result.identity is Identity.GIVEN_KEY
    assert "owner is not known" in result.summary()
    assert codes(verify(signed, None, key=VENDOR_B.public)) == {"The key is known": "key-unknown"}


def test_a_forger_with_a_key_of_his_own_gets_no_further_than_unproven(run: Path) -> None:
    finish(run, STRANGER)
    assert verify(run, None).identity is Identity.UNPROVEN
    result = verify(run)
    assert codes(result) == {"The key is known": "key-unknown"}
    assert (result.intact, result.identity, result.exit_status) == (False, None, 5)


def test_list_and_key_together_are_ambiguous(signed: Path) -> None:
    with pytest.raises(UsageError) as caught:
        verify(signed, LIST, key=VENDOR_A.public)
    assert caught.value.code == "trust-ambiguous"


def test_no_such_run(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError) as caught:
        verify(tmp_path / "none")
    assert caught.value.code == "run-missing"


def test_an_unsigned_run_says_so(tmp_path: Path) -> None:
    result = verify(factory.write(tmp_path / "run"))
    assert codes(result) == {"The run is signed": "not-signed"}
    assert (result.intact, result.exit_status) == (False, 5)
    assert [step.outcome.value for step in result.steps[-2:]] == ["skipped", "skipped"]


def test_an_empty_directory_passes_nothing(tmp_path: Path) -> None:
    result = verify(tmp_path)
    assert not [step for step in result.steps if step.outcome.value == "pass"]
    assert result.exit_status == 5


@pytest.mark.parametrize("name", evidence.EVIDENCE_FILES)
def test_a_changed_evidence_file_is_named(run: Path, name: str) -> None:
    path = run / name
    path.write_bytes(path.read_bytes() + b"\n")
    result = verify(run)
    assert codes(result)["Every evidence file is unchanged"] == "files-differ"
    assert findings(result, "Every evidence file is unchanged")[0].startswith(f"{name}: changed: ")
    assert not result.intact


def test_one_bit_of_the_log_is_seen(run: Path) -> None:
    path = run / "engine.log"
    path.write_bytes(b"engine lof\n")
    result = verify(run)
    assert codes(result) == {"Every evidence file is unchanged": "files-differ"}
    assert "SHA-256" in findings(result, "Every evidence file is unchanged")[0]
    assert result.exit_status == 4


def test_missing_extra_and_linked_files_are_named(run: Path, tmp_path: Path) -> None:
    (run / "engine.log").unlink()
    (run / "notes.txt").write_text("trust me")
    (tmp_path / "elsewhere").write_bytes((run / "telemetry.jsonl").read_bytes())
    (run / "telemetry.jsonl").unlink()
    (run / "telemetry.jsonl").symlink_to(tmp_path / "elsewhere")
    assert findings(verify(run), "Every evidence file is unchanged") == (
        "engine.log: missing",
        "telemetry.jsonl: not a plain file",
        "notes.txt: not in the manifest (nobody signed it)",
    )


def test_evidence_and_manifest_changed_together_miss_the_subject(run: Path) -> None:
    path = run / "engine.log"
    path.write_bytes(b"another log\n")
    evidence.write_manifest(run)
    assert codes(verify(run)) == {"It belongs to this round and evidence": "subject-differs"}


def test_a_log_cut_in_the_middle(run: Path) -> None:
    path = run / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-100])
    result = verify(run)
    assert codes(result)["The evidence is readable"] == "line-cut"
    assert result.exit_status == 4
    assert result.steps[-2].detail == "the evidence is not readable"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d["files"].pop(), "manifest-files"),
        (lambda d: d["files"].reverse(), "manifest-files"),
        (lambda d: d["files"].append({**d["files"][0], "path": "x"}), "manifest-files"),
        (lambda d: d.__setitem__("note", 1), "schema-violation"),
    ],
)
def test_a_manifest_lists_exactly_the_evidence(run: Path, change: object, code: str) -> None:
    document = jsonio.load(run / "manifest.json")
    change(document)
    (run / "manifest.json").write_bytes(jsonio.pretty(document))
    result = verify(run)
    assert codes(result)["The manifest names the evidence"] == code
    assert result.steps[1].outcome.value == "skipped"


def test_a_log_without_footer_warns_and_its_card_says_so(tmp_path: Path) -> None:
    parts = factory.document()
    parts["footer"] = None
    directory = factory.write(tmp_path / "run", parts)
    finish(directory)
    result = verify(directory)
    assert result.intact
    assert result.steps[3].code == "footer-missing"
    assert result.verified.card.run.ended == "cut"


def test_a_footer_that_counts_wrong(tmp_path: Path) -> None:
    parts = factory.document()
    parts["footer"]["requests"] -= 1
    directory = factory.write(tmp_path / "run", parts)
    finish(directory)
    assert codes(verify(directory))["The event log is complete"] == "footer-count"


def test_a_signed_number_that_does_not_follow_is_named_with_both_values(run: Path) -> None:
    card = plain(score(evidence.read(run)))
    true = card["phases"][0]["metrics"]["ttft_p50"]["value"]
    card["phases"][0]["metrics"]["ttft_p50"]["value"] = true / 2
    name = card["phases"][0]["name"]
    assert name == "single-stream"
    finish(run, card=card)
    result = verify(run)
    assert codes(result) == {"The numbers follow from the evidence": "numbers-differ"}
    assert findings(result, "The numbers follow from the evidence") == (
        f"/phases/0/metrics/ttft_p50/value: signed {true / 2}, recomputed {true}",
    )
    assert result.exit_status == 5


def test_a_verdict_that_does_not_follow(run: Path) -> None:
    card = plain(score(evidence.read(run)))
    card["checks"] = [check for check in card["checks"] if check["rule"] != "R001"]
    finish(run, card=card)
    result = verify(run)
    assert codes(result) == {"The numbers follow from the evidence": "numbers-differ"}
    assert any(text.startswith("/checks/0/rule: signed ") for text in findings(result, NAMES[15]))


def test_many_differences_are_counted(run: Path) -> None:
    card = plain(score(evidence.read(run)))
    card["phases"] = []
    card["metrics"] = {}
    card["environment"] = {f"x{n}": {"value": "y"} for n in range(60)}
    card["headline"] = []
    finish(run, card=card)
    shown = findings(verify(run), NAMES[15])
    assert len(shown) == 41
    assert shown[-1].startswith("and ")


def test_a_statement_file_that_is_not_the_payload(run: Path) -> None:
    path = run / sign.STATEMENT_FILE
    path.write_bytes(path.read_bytes().replace(b'"cpu"', b'"gpu"'))
    assert codes(verify(run)) == {"The files beside the bundle agree": "statement-differs"}


def test_a_test_result_of_another_card(run: Path) -> None:
    card = plain(score(evidence.read(run)))
    card["verdict"]["outcome"] = "fail"
    manifest = jsonio.sha256_hex((run / "manifest.json").read_bytes())
    payload = make_statement(card, manifest, sign.image_of(convert(card, Scorecard)))
    forged = sign.sign(make_test_result(payload), VENDOR_A)
    (run / sign.TEST_RESULT_FILE).write_bytes(forged)
    assert codes(verify(run)) == {
        "The test result follows from the scorecard": "test-result-differs"
    }


def test_a_bundle_edited_by_one_byte(run: Path) -> None:
    path = run / sign.BUNDLE_FILE
    data = bytearray(path.read_bytes())
    at = data.index(b'"payload":"') + 400
    data[at] = ord("A") if data[at] != ord("A") else ord("B")
    path.write_bytes(data)
    result = verify(run)
    assert codes(result) == {"The signature holds": "signature-invalid"}
    assert result.exit_status == 5


def test_the_round_is_checked(signed: Path) -> None:
    result = verify(signed, expected=Expected(nonce="round-1"))
    assert codes(result) == {"It belongs to this round and evidence": "nonce-differs"}


def test_what_was_not_done_is_said(signed: Path) -> None:
    result = verify(signed, recompute=None, render=None)
    assert result.intact
    assert result.summary().endswith(
        "; not done: The numbers follow from the evidence (no way to recompute was given)"
        "; not done: The page shows what was signed (no renderer at hand)"
    )


def test_signing_needs_a_place_to_write(run: Path) -> None:
    (run / "manifest.json").unlink()
    with pytest.raises(EvidenceError) as caught:
        sign.sign_run(run, score(factory.evidence()), VENDOR_A)
    assert caught.value.code == "file-unreadable"


def test_nothing_is_signed_that_cannot_be_verified(run: Path) -> None:
    card = score(evidence.read(run))
    for change, code in (
        ({"notes": ("line\nbreak",)}, "payload-text"),
        ({"notes": (float("nan"),)}, "payload-not-json"),
        ({"metric_schema": 2**53}, "payload-not-json"),
        ({"metric_schema": 0}, "predicate-schema"),
    ):
        with pytest.raises(TrustError) as caught:
            sign.sign_run(run, replace(card, **change), VENDOR_A)
        assert caught.value.code == code
    payload = make_statement({**plain(card), "approved": True}, "5" * 64, sign.image_of(card))
    with pytest.raises(TrustError) as caught:
        sign.sign(payload, VENDOR_A)
    assert caught.value.code == "predicate-schema"


def test_a_plan_edited_after_the_run_and_signed_again_is_not_conformant(tmp_path: Path) -> None:
    """Its digest in the log follows, the manifest too, and the key is the submitter's own."""
    parts = shipped.kept()
    sound = factory.write(tmp_path / "sound", parts)
    finish(sound)
    assert verify(sound).intact
    before = plain(score(evidence.read(sound)))
    assert {check["outcome"] for check in before["checks"] if check["rule"] == "R073"} == {"pass"}
    parts["plan"]["nonce"] = "round-7"
    parts["header"]["plan_sha256"] = jsonio.digest(parts["plan"])
    forged = factory.write(tmp_path / "forged", parts)
    finish(forged)
    assert verify(forged).intact
    card = score(evidence.read(forged))
    assert not card.verdict.conformant
    (check,) = [check for check in card.checks if check.rule == "R073"]
    assert (check.outcome, "/nonce" in check.why) == ("fail", True)
    finish(forged, card=before | {"run": plain(card)["run"]})
    assert codes(verify(forged)) == {"The numbers follow from the evidence": "numbers-differ"}
