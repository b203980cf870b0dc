"""Signing and verifying without a key of one's own, against a Sigstore of one's own on this machine.

The public instance is not asked: what is proved is that this suite and the package sigstore agree about bundles, with a log of
the second generation.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

pytest.importorskip("sigstore", reason="the extra sigstore is not installed")

from suite.base.errors import TrustError, UsageError
from suite.cli.main import main
from suite.judge.attest import sign, trust
from suite.judge.attest.keyless import KeylessSigner, trust_config
from suite.judge.attest.stated import Identity
from suite.judge.attest.statement import make_statement
from suite.judge.attest.verify import examine, verify_bundle
from tests.factories import scorecard, submissions
from tests.factories import sigstore as factory


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory):
    with factory.Sigstore(tmp_path_factory.mktemp("sigstore")) as made:
        yield made


def signer(instance: factory.Sigstore, **claims: str) -> KeylessSigner:
    return KeylessSigner(trust_config(json.dumps(instance.config())), factory.token(**claims))


def payload() -> bytes:
    return make_statement(scorecard.card(), scorecard.sha("manifest"), None)


@pytest.fixture(scope="module")
def bundle(instance: factory.Sigstore) -> bytes:
    """The second entry of its log, so that its proof has a neighbour in it."""
    made = signer(instance)
    made.bundle(payload())
    return sign.sign(payload(), made)


def listed(instance: factory.Sigstore, **changes: object) -> trust.TrustList:
    entry = {
        "owner": "cpu",
        "role": "vendor",
        "identity": factory.WHO,
        "issuer": factory.ISSUER,
        **changes,
    }
    return parsed(instance, entry)


def parsed(instance: factory.Sigstore, *entries: dict, **members: object) -> trust.TrustList:
    document = {
        "trust_schema": 1,
        "keys": [],
        "identities": list(entries),
        "sigstoreRoot": instance.trusted_root(),
        **members,
    }
    kept = {name: value for name, value in document.items() if value is not None}
    return trust.parse(json.dumps(kept).encode())


def refusal(bundle: bytes, known: trust.TrustList | None) -> str:
    with pytest.raises(TrustError) as refused:
        verify_bundle(bundle, known)
    return refused.value.code


def test_a_listed_identity_is_trusted(instance: factory.Sigstore, bundle: bytes) -> None:
    made = verify_bundle(bundle, listed(instance))
    assert (made.identity, made.owner, made.role) == (Identity.TRUSTED, "cpu", trust.Role.VENDOR)
    assert made.statement.sha256 == scorecard.sha(payload().decode())
    assert made.time is not None


def test_who_it_is_and_who_says_so_both_count(instance: factory.Sigstore, bundle: bytes) -> None:
    other = "https://elsewhere.example"
    assert refusal(bundle, listed(instance, issuer=other)) == "identity-unknown"
    assert refusal(bundle, listed(instance, identity=factory.WHO + "x")) == "identity-unknown"
    assert refusal(bundle, listed(instance, identity=factory.WHO[:-1])) == "identity-unknown"
    mail = sign.sign(payload(), signer(instance, identity="someone@acme.example"))
    assert verify_bundle(mail, listed(instance, identity="someone@acme.example")).owner == "cpu"


def test_what_the_identity_may_state(instance: factory.Sigstore, bundle: bytes) -> None:
    assert refusal(bundle, listed(instance, owner="other-vendor")) == "vendor-differs"
    assert refusal(bundle, listed(instance, role="reviewer")) == "role-forbids"
    lab = listed(instance, owner="lab", role="lab", signsFor=["cpu"])
    assert verify_bundle(bundle, lab).owner == "lab"
    ended = {"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"}
    assert refusal(bundle, listed(instance, validFor=ended)) == "key-expired"
    revoked = {"at": "2021-01-01T00:00:00Z", "reason": "left"}
    assert refusal(bundle, listed(instance, revoked=revoked)) == "key-revoked"


def changed(bundle: bytes, change) -> bytes:
    document = json.loads(bundle)
    change(document)
    return json.dumps(document).encode()


def swapped(document: dict) -> None:
    data = json.loads(base64.b64decode(document["dsseEnvelope"]["payload"]))
    data["predicate"]["verdict"]["conformant"] ^= True
    document["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(data).encode()).decode()


def forgotten(document: dict) -> None:
    document["verificationMaterial"]["tlogEntries"] = []


def unstamped(document: dict) -> None:
    del document["verificationMaterial"]["timestampVerificationData"]


def elsewhere(document: dict) -> None:
    (entry,) = document["verificationMaterial"]["tlogEntries"]
    entry["inclusionProof"]["hashes"] = entry["inclusionProof"]["hashes"][1:]


def another_entry(document: dict) -> None:
    (entry,) = document["verificationMaterial"]["tlogEntries"]
    body = json.loads(base64.b64decode(entry["canonicalizedBody"]))
    body["spec"]["hashedRekordV002"]["data"]["digest"] = base64.b64encode(b"0" * 32).decode()
    entry["canonicalizedBody"] = base64.b64encode(json.dumps(body).encode()).decode()


@pytest.mark.parametrize("change", [swapped, forgotten, unstamped, elsewhere, another_entry])
def test_a_bundle_that_was_changed_is_refused(
    instance: factory.Sigstore, bundle: bytes, change
) -> None:
    assert refusal(changed(bundle, change), listed(instance)) == "keyless-refused"


def test_another_sigstore_vouches_for_nobody_here(
    instance: factory.Sigstore, bundle: bytes, tmp_path: Path
) -> None:
    strangers = factory.Sigstore(tmp_path)
    strangers.server_close()
    assert refusal(bundle, listed(strangers)) == "keyless-refused"
    assert refusal(bundle, None) == "key-missing"
    assert refusal(bundle, parsed(instance)) == "bundle-keyless"
    assert examine(bundle, listed(instance)).error is None


def test_a_list_that_makes_no_sense(instance: factory.Sigstore) -> None:
    entry = {"owner": "cpu", "role": "vendor", "identity": "a", "issuer": "b"}
    for entries, members, code in (
        ([entry], {"sigstoreRoot": None}, "trust-root-missing"),
        ([entry, entry], {}, "trust-key-twice"),
        ([entry | {"role": "lab"}], {}, "trust-signs-for"),
    ):
        with pytest.raises(TrustError) as refused:
            parsed(instance, *entries, **members)
        assert refused.value.code == code


def test_tokens_and_instances_that_do_not_do(instance: factory.Sigstore) -> None:
    with pytest.raises(UsageError) as refused:
        signer(instance, audience="somebody else")
    assert refused.value.code == "identity-token-wrong"
    with pytest.raises(UsageError) as refused:
        trust_config("{}")
    assert refused.value.code == "trust-config-wrong"
    instance.out_of_order = True
    try:
        with pytest.raises(TrustError) as unavailable:
            signer(instance).bundle(payload())
    finally:
        instance.out_of_order = False
    assert unavailable.value.code == "keyless-unavailable"


def test_the_command_signs_a_run_that_the_reviewers_list_verifies(
    instance: factory.Sigstore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    run = tmp_path / "run"
    submissions.run(run, name="run")
    config = tmp_path / "sigstore.json"
    config.write_text(json.dumps(instance.config()))
    keys = tmp_path / "keys.json"
    entry = {"owner": "cpu", "role": "vendor", "identity": factory.WHO, "issuer": factory.ISSUER}
    root = instance.trusted_root()
    keys.write_text(
        json.dumps({"trust_schema": 1, "keys": [], "identities": [entry], "sigstoreRoot": root})
    )
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", factory.token())
    assert main(["sign", str(run), "--keyless", "--sigstore", str(config)]) == 0
    assert factory.WHO in capsys.readouterr().out
    assert not (run / "signer.pub.pem").exists()
    assert main(["verify", str(run), "--trust", str(keys)]) == 0
    assert "VERIFIED: signed by cpu (vendor)" in capsys.readouterr().out
    assert main(["sign", str(run), "--keyless", "--key", "x.pem"]) == 2
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", "no token")
    assert main(["sign", str(run), "--keyless", "--sigstore", str(config)]) == 2
    assert "identity-token-wrong" in capsys.readouterr().err
