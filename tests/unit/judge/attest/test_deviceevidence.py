"""What devices signed for a run: read, held against the run, and against the makers of a trust list."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hmac
import importlib.util
import json
import warnings
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings, strategies
from markupsafe import escape
from msgspec import UNSET

from suite.base import jsonio
from suite.base.errors import TrustError
from suite.documents.deviceevidence import DEVICE_FACTS
from suite.judge.attest.deviceevidence import answers, attestation, check_devices
from suite.judge.attest.eat import read_bundle, require_signed
from suite.judge.attest.spdm import read_report
from suite.judge.attest.steps import Steps
from suite.judge.attest.trust import parse
from suite.judge.report import html
from suite.judge.report.html import WORDS
from suite.judge.score import score
from tests.factories import deviceauthority, pages
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


def read(maker: deviceauthority.Maker, chain: bytes | None = None):
    (row,) = maker.collected("a" * 64)["evidences"]
    data, own = (base64.b64decode(row[name]) for name in ("evidence", "certificate"))
    return read_report(data, own if chain is None else chain, NOW)


@pytest.mark.parametrize(
    ("limits", "holds"),
    [
        ({"longest": 1, "may_sign": True}, True),
        ({"longest": 0}, False),
        ({"may_sign": False}, False),
    ],
)
def test_a_certificate_issues_what_it_may_issue(limits, holds):
    maker = deviceauthority.Maker("limited", above_chip=limits)
    if holds:
        assert read(maker).chip == "TH100 firmware"
        return
    with pytest.raises(TrustError) as refused:
        read(maker)
    assert refused.value.code == "attestation-signature"


@settings(max_examples=150, deadline=None)
@given(data=strategies.data())
def test_a_certificate_with_another_byte_is_read_or_refused(data):
    """Also what is only read when it is asked for: curves, versions, names."""
    chain = [item.public_bytes(Encoding.DER) for item in MAKER.cards[0].chain]
    number = data.draw(strategies.integers(0, len(chain) - 1))
    der = bytearray(chain[number])
    at = data.draw(strategies.integers(0, len(der) - 1))
    der[at] = data.draw(strategies.integers(0, 255))
    chain[number] = bytes(der)
    pem = b"".join(
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(item) + b"-----END CERTIFICATE-----\n"
        for item in chain
    )
    with contextlib.suppress(TrustError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a serial number below 1
        read(MAKER, pem)


@pytest.mark.parametrize(
    ("at", "byte"),
    [("curve", 0x23), ("version", 3)],
)
def test_a_certificate_that_the_library_does_not_know_is_malformed(at, byte):
    chain = [item.public_bytes(Encoding.DER) for item in MAKER.cards[0].chain]
    mark = {"curve": bytes.fromhex("06052b81040022"), "version": bytes.fromhex("a003020102")}[at]
    chain[1] = chain[1].replace(mark, mark[:-1] + bytes([byte]))
    pem = b"".join(
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(item) + b"-----END CERTIFICATE-----\n"
        for item in chain
    )
    with pytest.raises(TrustError) as refused:
        read(MAKER, pem)
    assert refused.value.code in ("attestation-malformed", "attestation-signature")


def test_a_driver_version_that_is_no_text_is_malformed():
    with pytest.raises(TrustError) as refused:
        answers(driven("580\n\u0007"))
    assert refused.value.code == "attestation-malformed"


def driven(driver: str):
    parts = factory.document()
    plan = parts["header"]["plan_sha256"]
    row = deviceauthority.line("before", plan, MAKER.collected(plan, driver=driver), 1)
    return factory.evidence(parts | {"device_evidence": [row]})


def test_the_page_shows_every_fact():
    card = score(run("tokens"))
    page = html.render(pages.bundle(card), card).decode()
    for fact in DEVICE_FACTS:
        assert all(escape(words) in page for words in WORDS[f"device-{fact}"])


def test_a_device_shown_eight_times_is_one_device():
    assert score(run("copied")).attestation.devices == 1


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"alg": "none"}, "signed with none"),
        ({"alg": "HS256"}, "signed with HS256"),
        ({"alg": "ES384", "crit": ["exp"]}, "critical header"),
    ],
)
def test_a_token_says_no_other_algorithm(header, why):
    def part(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    public = MAKER.entry("cpu")["verifier"][0].encode()
    signed = f"{part(header)}.{part({'eat_nonce': 'a' * 64})}"
    mac = hmac.digest(public, signed.encode(), "sha256")
    token = f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
    with pytest.raises(TrustError, match=why):
        read_bundle([["JWT", token], {"GPU-0": token}])


@pytest.mark.parametrize("payload", ["[" * 100_000, '{"a":' * 70 + "1" + "}" * 70, '{"a":1e999}'])
def test_a_token_that_is_nested_or_endless_is_malformed(payload):
    text = base64.urlsafe_b64encode(payload.encode()).decode().rstrip("=")
    with pytest.raises(TrustError) as refused:
        read_bundle([["JWT", f"e30.{text}.AA"], {"GPU-0": "e30.e30."}])
    assert refused.value.code == "attestation-malformed"


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


def test_the_answers_are_read_once_for_rules_card_and_verification(monkeypatch):
    from suite.judge.attest import deviceevidence

    read = []
    real = deviceevidence.read_report
    monkeypatch.setattr(
        deviceevidence, "read_report", lambda *words: read.append(1) or real(*words)
    )
    evidence = run()
    score(evidence)
    step(evidence, trust(MAKER.entry("cpu")))
    assert len(read) == 2  # before and after


def test_what_was_refused_once_is_refused_again():
    evidence = run("broken-signature")
    for _ in range(2):
        with pytest.raises(TrustError, match=r".") as refused:
            answers(evidence)
        assert refused.value.code == "attestation-signature"
