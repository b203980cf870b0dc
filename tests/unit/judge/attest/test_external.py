"""Independent tools on the same files: openssl with jq, and npm's @sigstore/verify."""

from __future__ import annotations

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from suite import evidence
from suite.base import jsonio
from suite.judge.attest import keyfiles, keys, sign
from suite.judge.attest.stated import Identity
from suite.judge.attest.statement import make_statement
from suite.judge.attest.verify import verify_bundle
from suite.judge.attest.verify_run import verify_run
from suite.judge.score import score
from tests.cases.bundle_verify.cases import PAYLOAD, VENDOR_A, VENDOR_A_ED
from tests.factories import evidence as factory
from tests.factories import nodepackages

ROOT = Path(__file__).resolve().parents[4]
CASES = ROOT / "tests" / "cases" / "bundle_verify"
FOLDERS = sorted(path for path in CASES.iterdir() if path.name.endswith(("_ok", "_fail")))
VERIFY = ROOT / "docs" / "verify-with-openssl.sh"
SIGN = ROOT / "docs" / "sign-with-openssl.sh"
PACKAGES = ["@sigstore/bundle@4.0.0", "@sigstore/verify@4.1.3"]

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None or shutil.which("jq") is None,
    reason="openssl or jq is not installed",
)


def expected(folder: Path) -> dict:
    return json.loads((folder / "expected.json").read_bytes())


def public_key(folder: Path) -> Path:
    return CASES / "keys" / f"{expected(folder)['signer']}.pub.pem"


def openssl(bundle: Path, key: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([VERIFY, bundle, key], capture_output=True, timeout=60, check=False)


def disagreement(folder: Path) -> str:
    """What is wrong with the script's answer on one case; "" when it is the recorded one."""
    done = openssl(folder / "bundle.sigstore.json", public_key(folder))
    wanted = expected(folder)["openssl"]
    if wanted is None:  # versions of jq differ on this file
        return ""
    if (done.returncode == 0) != wanted:
        return f"{folder.name}: {done.stderr!r}"
    if wanted:
        ours = verify_signature_only(folder)
        return "" if ours in (None, done.stdout) else f"{folder.name}: another payload"
    clean = done.stdout == b"" and done.stderr.startswith(b"refused: ")
    return "" if clean else f"{folder.name}: {done.stderr!r}"


FEW = (
    "signed_ok",
    "signed_ed25519_ok",
    "other_signature_form_ok",
    "payload_swap_fail",
    "hint_differs_fail",
)


@needs_openssl
@pytest.mark.parametrize("name", FEW)
def test_openssl_and_jq_alone(name: str) -> None:
    assert disagreement(CASES / name) == ""


@needs_openssl
@pytest.mark.slow
def test_openssl_and_jq_alone_on_every_case() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert [text for text in pool.map(disagreement, FOLDERS) if text] == []


def verify_signature_only(folder: Path) -> bytes | None:
    """The payload by our own reading; None when our reading refuses the envelope."""
    from suite.base.errors import TrustError
    from suite.judge.attest.envelope import parse

    try:
        return parse((folder / "bundle.sigstore.json").read_bytes()).payload
    except TrustError:
        return None


@needs_openssl
def test_openssl_refuses_another_key(tmp_path: Path) -> None:
    done = openssl(
        CASES / "signed_ok" / "bundle.sigstore.json", CASES / "keys" / "vendor-b.pub.pem"
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"another key" in done.stderr


@needs_openssl
def test_a_lab_signs_with_openssl_and_jq_alone(tmp_path: Path) -> None:
    key, public = tmp_path / "key.pem", tmp_path / "key.pub.pem"
    new = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run([*new, "-out", key], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True)
    statement = tmp_path / "scorecard.json"
    statement.write_bytes(PAYLOAD)
    bundle = subprocess.run([SIGN, statement, key], check=True, capture_output=True).stdout
    verified = verify_bundle(bundle, key=keyfiles.load_public(public))
    assert verified.identity is Identity.GIVEN_KEY
    assert verified.statement.payload == PAYLOAD
    # The suite reads that key, and its own signature with it is in the same form.
    assert keyfiles.load_private(key).public.id == verified.key_id
    (tmp_path / "bundle.json").write_bytes(bundle)
    done = openssl(tmp_path / "bundle.json", public)
    assert (done.returncode, done.stdout) == (0, PAYLOAD)


def block(heading: str) -> str:
    """The commands under a heading of docs/signing.md."""
    page = (ROOT / "docs" / "signing.md").read_text("utf-8")
    return page.split(f"\n## {heading}\n")[1].split("```\n")[1]


def shell(commands: str, directory: Path) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-euo", "pipefail", "-c", commands.replace("docs/", f"{ROOT}/docs/")]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


@needs_openssl
def test_the_commands_of_the_page_work_on_a_run(tmp_path: Path) -> None:
    run = factory.write(tmp_path / "run")
    card = score(evidence.read(run))
    manifest = jsonio.sha256_hex((run / "manifest.json").read_bytes())
    (run / "scorecard.json").write_bytes(make_statement(card, manifest, sign.image_of(card)))
    made = shell(block("Sign without network"), run)
    assert made.returncode == 0, made.stderr
    (run / "key.pub.pem").rename(run / "vendor.pub.pem")
    checked = shell(block("Check it with openssl and jq"), run)
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count(manifest) == 2
    assert checked.stdout.count(": OK\n") == len(evidence.EVIDENCE_FILES) + 1, "container.json"
    key = keyfiles.load_public(run / "vendor.pub.pem")
    for name in ("key.pem", "vendor.pub.pem", "payload.json"):
        (run / name).unlink()
    assert verify_run(run, key=key, recompute=score, render=None).intact
    # The page's commands see what was changed, too.
    (run / "vendor.pub.pem").write_bytes(key.pem)
    (run / "engine.log").write_text("another log\n")
    assert shell(block("Check it with openssl and jq"), run).returncode != 0


@needs_openssl
@pytest.mark.parametrize("key", [VENDOR_A, VENDOR_A_ED], ids=["ecdsa", "ed25519"])
def test_openssl_reads_our_keys(key: keys.PrivateKey, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(key.to_pem())
    done = subprocess.run(
        ["openssl", "pkey", "-in", path, "-pubout"], capture_output=True, check=True
    )
    assert done.stdout == key.public.pem


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """@sigstore/verify in a folder of its own; without a registry there is nothing to compare with."""
    folder = tmp_path_factory.mktemp("sigstore")
    nodepackages.install(folder, PACKAGES)
    shutil.copy(Path(__file__).with_name("sigstore_verify.js"), folder)
    return folder


@pytest.mark.node
def test_sigstore_verify(node_modules: Path, tmp_path: Path) -> None:
    rows = [
        {
            "name": folder.name,
            "bundle": str(folder / "bundle.sigstore.json"),
            "key": str(public_key(folder)),
            "id": keyfiles.load_public(public_key(folder)).id,
        }
        for folder in FOLDERS
    ]
    (tmp_path / "cases.json").write_text(json.dumps(rows))
    chain = [CASES / "stamps" / name for name in ("authority.pem", "root.pem")]
    script = ["node", node_modules / "sigstore_verify.js", tmp_path / "cases.json", *chain]
    done = subprocess.run(script, capture_output=True, text=True, timeout=120, check=True)
    answers = json.loads(done.stdout)
    assert sorted(answers) == [folder.name for folder in FOLDERS]
    wrong = {
        folder.name: answers[folder.name]
        for folder in FOLDERS
        if (answers[folder.name] == "accepts") != expected(folder)["sigstore"]
    }
    assert wrong == {}


def test_what_we_accept_the_others_accept() -> None:
    for folder in FOLDERS:
        # @sigstore/verify refuses a bundle with any stamp of an authority that it is not given.
        if folder.name.endswith("_ok") and folder.name != "stamped_by_two_ok":
            assert (expected(folder)["openssl"], expected(folder)["sigstore"]) == (True, True)


@needs_openssl
@pytest.mark.parametrize("script", [VERIFY, SIGN])
def test_the_scripts_name_a_file_that_is_missing_or_no_key(script: Path, tmp_path: Path) -> None:
    first = tmp_path / "first.json"
    first.write_bytes(
        (CASES / "signed_ok" / "bundle.sigstore.json").read_bytes() if script == VERIFY else PAYLOAD
    )
    (tmp_path / "text.pem").write_text("no key")
    for words, named in (
        ([first, tmp_path / "none.pem"], "none.pem"),
        ([tmp_path / "none.json", tmp_path / "text.pem"], "none.json"),
        ([first, tmp_path / "text.pem"], "text.pem"),
    ):
        done = subprocess.run([script, *words], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        refused = [line for line in done.stderr.splitlines() if line.startswith("refused: ")]
        assert len(refused) == 1
        assert named in refused[0]
