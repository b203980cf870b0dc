"""Keys, times and receipts at the command line, with a real authority (`openssl ts`), a real token and real files."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from suite.base import jsonio
from tests.cases.bundle_verify.cases import REVIEWER, VENDOR_A, VENDOR_B, entry
from tests.factories import evidence as factory
from tests.factories import keyfile
from tests.factories.authority import Server

SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    return factory.write(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def run(measured, tmp_path):
    return Path(shutil.copytree(measured, tmp_path / "run"))


def listed(path: Path, *entries: dict, authorities: tuple[dict, ...] = ()) -> Path:
    document = {"trust_schema": 1, "keys": list(entries)}
    if authorities:
        document["authorities"] = list(authorities)
    path.write_bytes(jsonio.pretty(document))
    return path


# keys ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_named_key_that_is_not_there_is_never_made(suite, run, tmp_path, monkeypatch, by):
    before = sorted(path.name for path in run.iterdir())
    key = tmp_path / "keys" / "lab.pem"
    if by == "variable":
        monkeypatch.setenv("SUITE_KEY", str(key))
    words = ("--key", key) if by == "option" else ()
    status, _, err = suite("sign", run, *words)
    assert (status, "error[key-unreadable]" in err, "suite keygen" in err) == (2, True, True)
    assert not key.parent.exists()
    assert sorted(path.name for path in run.iterdir()) == before


def test_only_the_local_key_is_made_and_that_is_said(suite, run, tmp_path):
    status, out, _ = suite("sign", run)
    assert status == 0
    assert f"signed with a new key {tmp_path / 'config'}" in out
    assert "signed with the key " in suite("sign", run)[1]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_may_use_is_refused(suite, run, tmp_path, mode):
    key = keyfile.written(tmp_path / "lab.pem", mode=mode)
    status, _, err = suite("sign", run, "--key", key)
    assert (status, "error[key-permissions]" in err) == (2, True)
    assert f"chmod 600 {key}" in err
    assert not (run / "scorecard.sigstore.json").exists()


def encrypted(path: Path) -> Path:
    key = ec.derive_private_key(7, ec.SECP256R1())
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption("Schlüssel".encode()),
        )
    )
    path.chmod(0o600)
    return path


def test_an_encrypted_key_takes_its_passphrase_from_the_variable(suite, run, tmp_path, monkeypatch):
    key = encrypted(tmp_path / "lab.pem")
    status, _, err = suite("sign", run, "--key", key)
    assert (status, "error[key-encrypted]" in err, "SUITE_KEY_PASSPHRASE" in err) == (2, True, True)
    monkeypatch.setenv("SUITE_KEY_PASSPHRASE", "wrong")
    status, _, err = suite("sign", run, "--key", key)
    assert (status, "error[key-passphrase-wrong]" in err) == (2, True)
    monkeypatch.setenv("SUITE_KEY_PASSPHRASE", "Schlüssel")
    assert suite("sign", run, "--key", key)[0] == 0
    assert suite("verify", run)[0] == 0


def test_an_encrypted_key_is_asked_for_on_a_terminal(run, tmp_path):
    import pty

    key = encrypted(tmp_path / "lab.pem")
    child, terminal = pty.fork()
    if child == 0:
        os.execv(
            sys.executable, [sys.executable, "-m", "suite", "sign", str(run), "--key", str(key)]
        )
    said = b""
    while b"passphrase" not in said:
        said += os.read(terminal, 1000)
    os.write(terminal, "Schlüssel\n".encode())
    try:
        while piece := os.read(terminal, 1000):
            said += piece
    except OSError:
        pass  # the terminal is gone when the child has ended
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, said
    assert "Schlüssel".encode() not in said
    assert (run / "scorecard.sigstore.json").exists()


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc").exists(), reason="needs /proc")
def test_a_home_that_cannot_be_written_names_the_ways_out(suite, run, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/proc/nowhere")
    status, _, err = suite("sign", run)
    assert (status, "error[key-unwritable]" in err) == (3, True)
    assert "--key FILE" in err
    assert "$SUITE_KEY" in err


@pytest.fixture
def token(tmp_path, monkeypatch):
    """A SoftHSM token with a key pair, and its URI."""
    pkcs11 = pytest.importorskip("pkcs11")
    if not SOFTHSM.exists():
        pytest.skip("SoftHSM is not installed")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    words = ["--init-token", "--free", "--label", "lab", "--pin", "1234", "--so-pin", "5678"]
    subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)
    return pkcs11


def test_a_key_in_a_token_signs(token, run, tmp_path):
    # SoftHSM reads its configuration once in a process, so each command has one of its own.
    script = (
        "import pkcs11, pkcs11.util.ec as ec\n"
        f"t = pkcs11.lib({str(SOFTHSM)!r}).get_token(token_label='lab')\n"
        "with t.open(user_pin='1234', rw=True) as s:\n"
        "    p = s.create_domain_parameters(pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS:"
        " ec.encode_named_curve_parameters('secp256r1')}, local=True)\n"
        "    p.generate_keypair(store=True, label='signing')\n"
    )
    python = sys.executable
    subprocess.run([python, "-c", script], check=True, capture_output=True)
    uri = f"pkcs11:token=lab;object=signing?module-path={SOFTHSM}"

    def call(*words, **variables):
        done = subprocess.run(
            [python, "-m", "suite", *map(str, words)],
            env=os.environ | {"NO_COLOR": "1"} | variables,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    assert call("sign", run, "--key", uri)[0] == 2
    status, said = call("sign", run, "--key", uri, SUITE_KEY_PASSPHRASE="0000")
    assert (status, "error[token-failed]" in said) == (3, True), said
    status, said = call("sign", run, "--key", uri, SUITE_KEY_PASSPHRASE="1234")
    assert status == 0, said
    (tmp_path / "pin").write_text("1234\n")
    other = uri.replace("signing", "none") + f"&pin-source=file:{tmp_path / 'pin'}"
    status, said = call("sign", run, "--key", other)
    assert (status, "error[token-failed]" in said) == (3, True), said
    assert call("verify", run, "--key", run / "signer.pub.pem")[0] == 0


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:token=lab;object=k",
        "pkcs11:token=lab?module-path=/x.so",
        "pkcs11:object=k?module-path=/x.so&pin-value=1234",
        "pkcs11:object=k;object=l?module-path=/x.so",
        "pkcs11:object=k;type=public?module-path=/x.so",
    ],
)
def test_a_uri_that_names_no_key(suite, run, uri):
    status, _, err = suite("sign", run, "--key", uri)
    assert (status, "error[key-uri-wrong]" in err) == (2, True)


def test_what_is_no_run_is_not_signed_and_nothing_is_left_in_it(suite, tmp_path):
    folder = tmp_path / "holiday"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(b"\xff")
    status, _, err = suite("sign", folder)
    assert (status, "error[run-wrong]" in err) == (4, True)
    assert [path.name for path in folder.iterdir()] == ["photo.jpg"]
    assert not (tmp_path / "config").exists()


# times -----------------------------------------------------------------------------------------------------


def test_a_stamp_over_the_network_makes_a_limited_key_count(suite, run, tmp_path, authority):
    key = keyfile.written(tmp_path / "lab.pem")
    window = {"validFor": {"start": "2025-01-01T00:00:00Z"}}
    known = listed(
        tmp_path / "keys.json", entry(VENDOR_A, "cpu", **window), authorities=(authority.entry(),)
    )
    assert suite("sign", run, "--key", key)[0] == 0
    status, out, _ = suite("verify", run, "--trust", known)
    assert (status, "time-unproven" in out, "--tsa URL" in out) == (5, True, True)
    with Server(lambda query: (200, authority.reply(query))) as server:
        status, out, err = suite("sign", run, "--key", key, "--tsa", server.url)
        assert status == 0, err
        assert set(server.types) == {"application/timestamp-query"}
    status, out, _ = suite("verify", run, "--trust", known)
    assert status == 0, out
    assert "by the time stamp of lab-time" in out
    # Every reader of these bundles still reads them.
    script = Path(__file__).parents[3] / "docs" / "verify-with-openssl.sh"
    bundle, public = run / "scorecard.sigstore.json", run / "signer.pub.pem"
    subprocess.run([script, bundle, public], check=True, capture_output=True)
    # The clock moves on: the key ends, or is revoked, and the stamp still says that it counted.
    ended = {"validFor": {"start": "2025-01-01T00:00:00Z", "end": "2099-01-01T00:00:00Z"}}
    past = {"validFor": {"start": "2019-01-01T00:00:00Z", "end": "2020-01-01T00:00:00Z"}}
    later = {"revoked": {"at": "2099-01-01T00:00:00Z", "reason": "lost"}}
    earlier = {"revoked": {"at": "2020-01-01T00:00:00Z", "reason": "lost"}}
    for limit, code in ((ended, ""), (later, ""), (past, "key-expired"), (earlier, "key-revoked")):
        listed(known, entry(VENDOR_A, "cpu", **limit), authorities=(authority.entry(),))
        status, out, _ = suite("verify", run / "scorecard.sigstore.json", "--trust", known)
        assert (status, code in out) == (5 if code else 0, True), out


@pytest.mark.parametrize(
    ("answer", "code", "status"),
    [
        (lambda _: (500, b"busy"), "tsa-unreachable", 3),
        (lambda _: (200, b"<html>"), "timestamp-wrong", 5),
        (lambda _: (200, bytes.fromhex("30053003020102")), "timestamp-wrong", 5),
        (lambda _: (200, b"0" * 100_000), "timestamp-wrong", 5),
    ],
)
def test_an_authority_that_gives_no_stamp_signs_nothing(suite, run, tmp_path, answer, code, status):
    key = keyfile.written(tmp_path / "lab.pem")
    with Server(answer) as server:
        given, _, err = suite("sign", run, "--key", key, "--tsa", server.url)
    assert (given, f"error[{code}]" in err) == (status, True), err
    assert not (run / "scorecard.sigstore.json").exists()


def test_an_authority_that_is_not_there(suite, run, tmp_path, authority):
    key = keyfile.written(tmp_path / "lab.pem")
    status, _, err = suite("sign", run, "--key", key, "--tsa", "http://127.0.0.1:1/")
    assert (status, "error[tsa-unreachable]" in err) == (3, True)
    status, _, err = suite("sign", run, "--key", key, "--tsa", "ftp://authority")
    assert (status, "error[url-malformed]" in err) == (2, True)
    stale = authority.stamp(b"x")
    with Server(lambda _: (200, stale)) as server:
        status, _, err = suite("sign", run, "--key", key, "--tsa", server.url)
    assert (status, "error[timestamp-differs]" in err) == (5, True)


def test_a_stamp_made_by_hand_and_a_receipt(suite, run, tmp_path, authority):
    key, reviewer = (
        keyfile.written(tmp_path / "lab.pem"),
        keyfile.written(tmp_path / "rev.pem", REVIEWER),
    )
    assert suite("sign", run, "--key", key)[0] == 0
    bundle = run / "scorecard.sigstore.json"
    signature = json.loads(bundle.read_bytes())["dsseEnvelope"]["signatures"][0]["sig"]
    (tmp_path / "stamp.tsr").write_bytes(authority.stamp(base64.b64decode(signature)))
    (tmp_path / "other.tsr").write_bytes(authority.stamp(b"x"))
    window = {"validFor": {"start": "2025-01-01T00:00:00Z"}}
    known = listed(
        tmp_path / "keys.json",
        *(entry(VENDOR_A, "cpu", **window), entry(REVIEWER, "reviewer-a", "reviewer")),
        authorities=(authority.entry(),),
    )
    listed_by = ("--trust", known)
    assert suite("verify", run, *listed_by, "--timestamp", tmp_path / "stamp.tsr")[0] == 0
    status, out, _ = suite("verify", run, *listed_by, "--timestamp", tmp_path / "other.tsr")
    assert (status, "timestamp-differs" in out) == (5, True)
    # Another bundle's stamps are passed over where several are verified.
    both = ("--timestamp", tmp_path / "stamp.tsr", "--timestamp", tmp_path / "other.tsr")
    assert suite("verify", run, bundle, *listed_by, *both)[0] == 0
    status, out, _ = suite("receipt", run, "--key", reviewer)
    receipt = tmp_path / "run.receipt.sigstore.json"
    assert (status, receipt.exists()) == (0, True), out
    assert suite("receipt", run, "--key", reviewer)[0] == 2
    status, out, _ = suite("verify", run, *listed_by, "--receipt", receipt)
    assert (status, "by the receipt of reviewer-a" in out) == (0, True), out
    assert suite("render", run, *listed_by, "--receipt", receipt)[0] == 0
    status, _, err = suite("verify", run, "--receipt", receipt)
    assert (status, "need --trust" in err) == (2, True)
    status, out, _ = suite("verify", receipt, *listed_by)
    assert (status, "--receipt" in out) == (5, True)


# verify ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["scorecard.html", "scorecard.sigstore.json"])
def test_a_file_without_key_says_what_to_give(suite, run, tmp_path, name):
    suite("sign", run, "--key", keyfile.written(tmp_path / "lab.pem"))
    status, out, _ = suite("verify", run / name)
    assert (status, "key-missing" in out) == (5, True)
    assert "--key FILE" in out
    assert "--trust FILE" in out


def test_a_key_given_as_trust_list_and_the_other_way_round(suite, run, tmp_path):
    suite("sign", run, "--key", keyfile.written(tmp_path / "lab.pem"))
    public = run / "signer.pub.pem"
    status, _, err = suite("verify", run, "--trust", public)
    assert (status, "error[trust-wrong]" in err, f"--key {public}" in err) == (5, True, True)
    known = listed(tmp_path / "keys.json", entry(VENDOR_A, "cpu"))
    status, _, err = suite("verify", run, "--key", known)
    assert (status, "error[key-wrong]" in err, f"--trust {known}" in err) == (2, True, True)


def test_an_unknown_key_skips_nothing_that_can_be_done_without_it(suite, run, tmp_path):
    suite("sign", run, "--key", keyfile.written(tmp_path / "lab.pem"))
    known = listed(tmp_path / "keys.json", entry(VENDOR_B, "cpu"))
    status, out, _ = suite("verify", run, "--trust", known, "--json")
    steps = {step["what"]: step for step in json.loads(out)["steps"]}
    assert (status, steps["The key is known"]["code"]) == (5, "key-unknown")
    done = [
        *(
            "The signature holds",
            "It states what is expected",
            "The numbers follow from the evidence",
        ),
        *("The test result follows from the scorecard", "The page shows what was signed"),
    ]
    assert {name: steps[name]["outcome"] for name in done} == dict.fromkeys(done, "pass")
    (run / "signer.pub.pem").unlink()
    status, out, _ = suite("verify", run, "--trust", known)
    assert (status, "there is no key to check it with" in out) == (5, True)
    assert "scorecard rebuilt from the raw events" in out


def test_several_subjects_give_a_line_each_and_the_worst_status(suite, run, tmp_path):
    suite("sign", run, "--key", keyfile.written(tmp_path / "lab.pem"))
    page, nowhere = run / "scorecard.html", tmp_path / "nowhere"
    known = listed(tmp_path / "keys.json", entry(VENDOR_A, "cpu"))
    status, out, _ = suite("verify", run, page, "--trust", known)
    assert (status, len(out.splitlines())) == (0, 2), out
    assert out.startswith(f"0  {run}: VERIFIED: signed by cpu (vendor)")
    status, out, _ = suite("verify", run, nowhere, "--trust", known)
    assert (status, f"4  {nowhere}: REFUSED" in out, "run-missing" in out) == (4, True, True)
    status, out, _ = suite("verify", nowhere, run, page, "--json")
    assert (status, [item["exit_status"] for item in json.loads(out)]) == (5, [4, 0, 5])


# line ends -------------------------------------------------------------------------------------------------


def crlf(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def test_changed_line_ends_are_named_and_everything_else_is_looked_at(suite, run, tmp_path):
    (run / ".gitattributes").unlink()  # a run without: what git then does to it
    suite("sign", run, "--key", keyfile.written(tmp_path / "lab.pem"))
    for path in run.iterdir():
        crlf(path)
    status, out, _ = suite("verify", run)
    count = sum(b"\r\n" in path.read_bytes() for path in run.iterdir())
    assert count >= 8
    assert status == 4, out
    assert out.endswith(f"REFUSED: line ends were changed ({count} files); everything else fits\n")
    assert "scorecard rebuilt from the raw events" in out
    # Another change is not hidden by it.
    data = (run / "telemetry.jsonl").read_bytes()
    (run / "telemetry.jsonl").write_bytes(data.replace(b"1", b"2", 1) if data else b"{}\r\n")
    status, out, _ = suite("verify", run)
    assert (status in (4, 5), "everything else fits" in out, "files-differ" in out) == (
        True,
        False,
        True,
    )


def test_line_ends_that_were_taken_out(suite, run, tmp_path):
    from suite import evidence

    (run / "engine.log").write_bytes(b"loading\r\nready\r\n")
    evidence.write_manifest(run)
    suite("sign", run, "--key", keyfile.written(tmp_path / "lab.pem"))
    assert suite("verify", run)[0] == 0
    (run / "engine.log").write_bytes(b"loading\nready\n")
    status, out, _ = suite("verify", run)
    assert status == 4
    assert "line ends were changed (1 file); everything else fits" in out
    assert "- engine.log" in out


def test_a_run_keeps_git_from_changing_it(suite, run, tmp_path):
    suite("sign", run, "--key", keyfile.written(tmp_path / "lab.pem"))
    assert (run / ".gitattributes").read_bytes() == b"* -text\n"
    git = ["git", "-c", "core.autocrlf=true", "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q", "."], ["add", "run"], ["commit", "-qm", "a run"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True, capture_output=True)
    shutil.rmtree(run)
    subprocess.run([*git, "checkout", "-q", "--", "run"], cwd=tmp_path, check=True)
    assert suite("verify", run)[0] == 0
    (run / ".gitattributes").write_text("* filter=evil\n")
    status, out, _ = suite("verify", run)
    assert (status, ".gitattributes: not in the manifest" in out) == (4, True)
