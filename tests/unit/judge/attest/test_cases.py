"""Every folder of ``tests/cases/bundle_verify`` against the verifier."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from suite.base import jsonio, schema
from suite.base.errors import TrustError
from suite.judge.attest import keyfiles, keys, times, trust
from suite.judge.attest.existence import Witness
from suite.judge.attest.stated import Expected
from suite.judge.attest.verify import Verified, verify_bundle
from suite.judge.attest.verify_run import verify_file

CASES = Path(__file__).resolve().parents[3] / "cases" / "bundle_verify"
FOLDERS = sorted(path for path in CASES.iterdir() if path.name.endswith(("_ok", "_fail")))


def _json(path: Path) -> dict:
    return jsonio.load(path) if path.exists() else {}


def _key(given: dict, role: str) -> keys.PublicKey | None:
    return (
        keyfiles.load_public(CASES / "keys" / f"{given[role]}.pub.pem") if role in given else None
    )


def witnesses(files: list[str]) -> tuple[Witness, ...]:
    return tuple(Witness("given", base64.b64decode(data)) for data in files)


def verify(folder: Path) -> Verified:
    given = _json(folder / "given.json")
    own = folder / "trust.json"
    known = None
    if not given.keys() & {"key", "neighbour", "no_trust"}:
        known = trust.load(own if own.exists() else CASES / "trust.json")
    time = None
    if "time" in given:
        time = times.VerifiedTime(times.parse_time(given["time"]), "a time-stamping authority")
    bundle = (folder / "bundle.sigstore.json").read_bytes().ljust(given.get("pad_to", 0))
    return verify_bundle(
        bundle,
        known,
        key=_key(given, "key"),
        neighbour=_key(given, "neighbour"),
        expected=Expected(
            nonce=given.get("nonce"),
            manifest_sha256=given.get("manifest_sha256"),
            time=time,
            timestamps=witnesses(given.get("timestamps", [])),
            receipts=witnesses(given.get("receipts", [])),
        ),
    )


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_case(folder: Path) -> None:
    expected = _json(folder / "expected.json")
    assert (folder.name.endswith("_fail")) == bool(expected["code"])
    assert (folder / "README.md").read_text().count("\n") >= 4
    if expected["code"]:
        with pytest.raises(TrustError) as caught:
            verify(folder)
        assert caught.value.code == expected["code"]
        assert caught.value.exit_status == 5
    else:
        verified = verify(folder)
        assert verified.identity.value == expected["identity"]
        assert [step.number for step in verified.steps] == list(range(1, 9))


def test_the_folders_are_what_the_script_writes() -> None:
    from tests.cases.bundle_verify import make_cases

    made = make_cases.build()
    on_disk = {
        path.relative_to(CASES).as_posix(): path.read_bytes()
        for path in CASES.rglob("*")
        if path.is_file() and len(path.relative_to(CASES).parts) > 1 and path.suffix != ".pyc"
    }
    made.pop("trust.json")
    on_disk = {name: data for name, data in on_disk.items() if not name.startswith("stamps/")}
    assert sorted(made) == sorted(on_disk)
    assert {name: data for name, data in made.items() if on_disk[name] != data} == {}


def test_every_refusal_has_a_folder() -> None:
    import re

    source = Path(verify_bundle.__code__.co_filename).parent
    files = ["envelope", "existence", "predicate", "statement", "timestamps", "trust", "verify"]
    raised = set()
    for name in files:
        text = (source / f"{name}.py").read_text()
        raised |= set(re.findall(r'(?:TrustError|refuse)\(\s*"([a-z0-9-]+)"', text))
    covered = {_json(folder / "expected.json")["code"] for folder in FOLDERS}
    # These come from a caller's own input, not from a document; test_trust.py holds them.
    assert raised - covered == {
        *("trust-window-empty", "trust-wrong"),
        *(
            "trust-certificate-wrong",
            "trust-authority-twice",
            "trust-maker-twice",
            "trust-root-missing",
        ),
    }
    assert len(covered) > 25


@pytest.mark.parametrize(
    "folder", [path for path in FOLDERS if path.name.endswith("_ok")], ids=lambda path: path.name
)
def test_what_is_accepted_is_valid_by_schema(folder: Path) -> None:
    bundle = jsonio.load(folder / "bundle.sigstore.json")
    assert schema.problems(bundle, "bundle") == []
    statement = jsonio.loads(verify(folder).statement.payload)
    assert schema.problems(statement, "statement") == []


@pytest.mark.parametrize(
    "folder",
    [
        p
        for p in FOLDERS
        if _json(p / "expected.json")["code"].startswith(
            ("bundle-m", "payload-type", "signature-count", "key-id-w")
        )
    ],
    ids=lambda path: path.name,
)
def test_what_is_malformed_is_invalid_by_schema(folder: Path) -> None:
    assert schema.problems(jsonio.load(folder / "bundle.sigstore.json"), "bundle") != []


def test_the_other_form_of_a_signature_states_the_same() -> None:
    one = verify(CASES / "signed_ok")
    two = verify(CASES / "other_signature_form_ok")
    bundles = [
        (CASES / name / "bundle.sigstore.json").read_bytes()
        for name in ("signed_ok", "other_signature_form_ok")
    ]
    assert bundles[0] != bundles[1]
    assert one.statement.sha256 == two.statement.sha256


def test_a_refused_file_says_at_which_step() -> None:
    bundle = (CASES / "payload_swap_fail" / "bundle.sigstore.json").read_bytes()
    result = verify_file(bundle, trust.load(CASES / "trust.json"), name="card")
    assert [step.outcome.value for step in result.steps] == ["pass", "pass", "fail"]
    assert result.steps[-1].code == "signature-invalid"
    assert (result.intact, result.trusted, result.identity, result.exit_status) == (
        False,
        False,
        None,
        5,
    )
    assert result.summary() == "REFUSED: 1 of 3 steps failed (signature-invalid)"
    assert result.text().count("\n") == 5


def test_a_verified_cannot_be_made_by_hand() -> None:
    good = verify(CASES / "signed_ok")
    with pytest.raises(TypeError, match="verify_bundle alone"):
        Verified(
            statement=good.statement,
            document=good.document,
            key_id=good.key_id,
            identity=good.identity,
            owner="vendor-b",
            role=good.role,
            steps=good.steps,
            seal=object(),
        )
