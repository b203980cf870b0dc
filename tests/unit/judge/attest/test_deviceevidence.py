"""What devices signed for a run: read, held against the run, and against the makers of a trust list."""

from __future__ import annotations

import base64
import datetime as dt
import importlib.util
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from msgspec import UNSET

from suite.base import jsonio
from suite.base.errors import TrustError
from suite.judge.attest.deviceevidence import answers, attestation, check_devices
from suite.judge.attest.eat import read_bundle, require_signed
from suite.judge.attest.spdm import read_report
from suite.judge.attest.steps import Steps
from suite.judge.attest.trust import parse
from suite.judge.score import score
from tests.factories import deviceauthority
from tests.factories import evidence as factory

SAMPLES = Path(__file__).resolve().parents[3] / "cases" / "nvattest"
NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
MAKER = deviceauthority.MAKER("A", 1)


def run(fault: str = ""):
    parts = factory.document()
    signed = deviceauthority.signed(parts, factory.log(parts), fault=fault)
    return factory.evidence(parts | {"device_evidence": signed})


def trust(*makers: dict):
    return parse(jsonio.pretty({"trust_schema": 1, "keys": [], "makers": list(makers)}))


def step(evidence, listed):
    steps = Steps()
    maker = check_devices(steps, evidence, listed)
    return maker, steps.done[-1] if steps.done else None


def test_a_listed_maker_attests_the_devices():
    maker, done = step(run("tokens"), trust(MAKER.entry("cpu")))
    assert (maker, done.outcome.value) == ("cpu", "pass")
    assert "chip TH100 firmware, driver 580.95.05, firmware 96.00.9F.00.01" in done.detail
    assert "firmware and driver are the maker's published ones success" in done.detail


@pytest.mark.parametrize(
    ("fault", "entry", "code"),
    [
        ("", [], "attestation-untrusted"),
        ("", [MAKER.entry("another")], "attestation-untrusted"),
        ("", [deviceauthority.MAKER("B", 1).entry("cpu")], "attestation-untrusted"),
        (
            "",
            [MAKER.entry("cpu", validFor={"start": "2027-01-01T00:00:00Z"})],
            "attestation-untrusted",
        ),
        (
            "tokens",
            [
                MAKER.entry("cpu")
                | {"verifier": deviceauthority.MAKER("B", 1).entry("b")["verifier"]}
            ],
            "attestation-signature",
        ),
        ("token-late", [MAKER.entry("cpu")], "attestation-expired"),
        ("other-plan", [MAKER.entry("cpu")], "attestation-nonce"),
        ("broken-signature", [MAKER.entry("cpu")], "attestation-signature"),
        ("expired", [MAKER.entry("cpu")], "attestation-expired"),
        ("token-refused", [MAKER.entry("cpu")], "attestation-refused"),
    ],
)
def test_what_no_list_vouches_for_is_refused(fault, entry, code):
    maker, done = step(run(fault), trust(*entry))
    assert (maker, done.outcome.value, done.code) == ("", "fail", code)


@pytest.mark.parametrize(
    ("fault", "code"), [("", "signer-not-listed"), ("one-side", "attestation-incomplete")]
)
def test_what_is_not_known_is_said(fault, code):
    listed = None if fault == "" else trust(MAKER.entry("cpu"))
    maker, done = step(run(fault), listed)
    assert (maker, done.outcome.value, done.code) == ("", "warn", code)


@pytest.mark.parametrize("fault", ["no-tool", "no-device"])
def test_without_a_tool_or_a_device_nothing_is_attested_and_nothing_fails(fault):
    evidence = run(fault)
    card = score(evidence)
    checks = {check.rule: check.outcome for check in card.checks}
    assert (checks["R115"], checks["R116"]) == ("not-applicable", "not-applicable")
    assert card.attestation is UNSET


def test_each_fact_says_how_far_it_is_shown():
    facts = {fact.name: (fact.value, fact.standing) for fact in score(run()).attestation.facts}
    assert facts["driver"] == ("580.95.05", "attested")
    assert facts["measurements"] == ("", "not-covered")
    assert facts["work"] == ("", "not-covered")
    told = {fact.name: fact for fact in score(run("tokens")).attestation.facts}
    assert (told["measurements"].value, told["measurements"].standing) == ("success", "asserted")
    assert (told["driver"].standing, told["secure-boot"].value) == ("attested", "true")


def test_the_same_root_is_named_on_the_card():
    root = MAKER.root.fingerprint(hashes.SHA256()).hex()
    evidence = run()
    assert attestation(evidence, answers(evidence)[0]).root == root


def test_the_samples_of_a_local_authority_are_read():
    """See tests/cases/nvattest/README.md."""
    entry = json.loads((SAMPLES / "maker.json").read_bytes())
    (maker,) = trust(entry).makers
    (row,) = json.loads((SAMPLES / "collect-evidence.json").read_bytes())["evidences"]
    report = read_report(
        base64.b64decode(row["evidence"]), base64.b64decode(row["certificate"]), NOW
    )
    assert (report.nonce, report.driver) == (row["nonce"], row["driver_version"])
    assert report.firmware == row["vbios_version"]
    assert report.root in maker.roots
    document = json.loads((SAMPLES / "attest.json").read_bytes())
    tokens = read_bundle(document["detached_eat"])
    require_signed(tokens, maker.keys, NOW)
    assert [token.nonce for token in tokens] == [row["nonce"]] * 2
    with pytest.raises(TrustError) as refused:
        require_signed(tokens, maker.keys, NOW + dt.timedelta(hours=2))
    assert refused.value.code == "attestation-expired"


def test_nvidias_own_sample_is_read():
    """The report of a real H100 in NVIDIA's package: ``pip install --no-deps nv-local-gpu-verifier``."""
    found = importlib.util.find_spec("verifier")
    place = Path(found.origin).parent / "samples" if found and found.origin else SAMPLES
    report = place / "hopperAttestationReport.txt"
    if not report.is_file():
        pytest.skip("nv-local-gpu-verifier is not installed")
    chain = (place / "hopperCertChain.txt").read_bytes()
    read = read_report(bytes.fromhex(report.read_text().strip()), chain, NOW)
    assert (read.chip, read.driver) == ("GH100 A01 GSP FMC LF", "550.90.07")
    assert read.nonce == "931d8dd0add203ac3d8b4fbde75e115278eefcdceac5b87671a748f32364dfcb"


@pytest.mark.parametrize("length", [0, 40, 200, 1000])
def test_a_cut_report_is_malformed(length):
    row = MAKER.collected("a" * 64)["evidences"][0]
    data, chain = (base64.b64decode(row[name]) for name in ("evidence", "certificate"))
    with pytest.raises(TrustError) as refused:
        read_report(data[: min(length, len(data) - 1)], chain, NOW)
    assert refused.value.code == "attestation-malformed"


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        [["JWT", "a.b.c"]],
        [["JWT", "a.b.c"], {}],
        [["JWT", 1], {"GPU-0": "a.b.c"}],
        [["JWT", "a.b"], {"GPU-0": "a.b.c"}],
        [["JWT", "e30.e30."], {"GPU-0": "e30.e30."}],
    ],
)
def test_what_is_no_bundle_of_tokens_is_malformed(document):
    with pytest.raises(TrustError) as refused:
        read_bundle(document)
    assert refused.value.code == "attestation-malformed"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"roots": "-----BEGIN CERTIFICATE-----\nAAAA\n"}, "trust-certificate-wrong"),
        ({"verifier": ["-----BEGIN PUBLIC KEY-----\nAAAA\n"]}, "trust-certificate-wrong"),
        ({"owner": "NVIDIA"}, "schema-violation"),
    ],
)
def test_makers_of_a_list_are_checked(change, code):
    with pytest.raises(TrustError) as refused:
        trust(MAKER.entry("cpu") | change)
    assert refused.value.code == code
    with pytest.raises(TrustError, match="stands there twice"):
        trust(MAKER.entry("cpu"), MAKER.entry("cpu"))
