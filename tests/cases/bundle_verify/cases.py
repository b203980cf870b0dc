"""The signed files and attacks that the verifier is held to: what each is, why, and what must come of it.

`make_cases.py` writes each case as a folder ``<name>_ok`` or ``<name>_fail``. Everything is deterministic: keys
come from fixed seeds, ECDSA signatures are RFC 6979.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from suite.base import jsonio
from suite.judge.attest import keys
from suite.judge.attest.envelope import bundle_bytes, pae
from suite.judge.attest.statement import SCORECARD_TYPE, STATEMENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
PREDICATE = json.loads((HERE / "predicate.json").read_bytes())
MANIFEST = hashlib.sha256(b"manifest").hexdigest()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def _key(name: str) -> keys.PrivateKey:
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") % (ORDER - 1) + 1
    return keys.private_key(ec.derive_private_key(seed, ec.SECP256R1()))


VENDOR_A, VENDOR_A_NEW, VENDOR_B = _key("vendor-a"), _key("vendor-a-new"), _key("vendor-b")
VENDOR_A_OLD, VENDOR_A_LOST = _key("vendor-a-old"), _key("vendor-a-lost")
REVIEWER, STRANGER = _key("reviewer"), _key("stranger")
VENDOR_A_ED = keys.private_key(
    ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"vendor-a-ed").digest())
)


def entry(
    key: keys.PrivateKey, owner: str, role: str = "vendor", **more: object
) -> dict[str, object]:
    return {
        "owner": owner,
        "role": role,
        "algorithm": key.public.algorithm.value,
        "key": key.public.pem.decode("ascii"),
        **more,
    }


WINDOW = {"start": "2025-01-01T00:00:00Z", "end": "2025-12-31T23:59:59Z"}
REVOKED = {"at": "2026-01-15T00:00:00Z", "reason": "the machine that held it was sold"}
TRUST = {
    "trust_schema": 1,
    "keys": [
        entry(VENDOR_A, "vendor-a"),
        entry(VENDOR_A_NEW, "vendor-a", note="overlaps with the other: rotation"),
        entry(VENDOR_A_ED, "vendor-a"),
        entry(VENDOR_A_OLD, "vendor-a", validFor=WINDOW),
        entry(VENDOR_A_LOST, "vendor-a", revoked=REVOKED),
        entry(VENDOR_B, "vendor-b"),
        entry(REVIEWER, "reviewer-a", "reviewer"),
    ],
}


@dataclass(frozen=True)
class Case:
    """One folder.

    Attributes:
        why: what the file is and why it must pass or fail.
        bundle: the bytes of ``bundle.sigstore.json``.
        code: the refusal, "" when it must pass.
        identity: what must be known about the signer when it passes.
        given: what the verifier is told: nonce, manifest_sha256, time, key (a name), pad_to (bytes), timestamps and
            receipts (files in base64).
        trust: a trust list of its own.
        openssl: whether ``docs/verify-with-openssl.sh`` accepts it with the signer's key; None when versions of
            jq differ.
        sigstore: whether @sigstore/verify accepts it with the signer's key.
        signer: whose key those two are given. They know neither trust list nor scorecard.
    """

    why: str
    bundle: bytes
    code: str = ""
    identity: str = "trusted"
    given: dict[str, object] = field(default_factory=dict)
    trust: dict[str, object] | None = None
    openssl: bool | None = True
    sigstore: bool = True
    signer: keys.PrivateKey = VENDOR_A


def statement(**changes: object) -> dict[str, object]:
    """A good statement with members replaced."""
    image = PREDICATE["engine"]["image_digest"].removeprefix("sha256:")
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": "manifest.json", "digest": {"sha256": MANIFEST}},
            {"name": PREDICATE["engine"]["image_reference"], "digest": {"sha256": image}},
        ],
        "predicateType": SCORECARD_TYPE,
        "predicate": PREDICATE,
    } | changes


def predicate(path: str, value: object) -> dict[str, object]:
    """The good predicate with one member replaced (``a.b.c``)."""
    made = copy.deepcopy(PREDICATE)
    inner = made
    *parents, last = path.split(".")
    for name in parents:
        inner = inner[name]
    inner[last] = value
    return made


def signed(payload: bytes, key: keys.PrivateKey = VENDOR_A) -> bytes:
    """Sign bytes without looking at them, as an attacker would."""
    return bundle_bytes(payload, key.sign(pae(payload)), key.public.id)


PAYLOAD = jsonio.canonical(statement())
GOOD = signed(PAYLOAD)


def edited(change: Callable[[dict], object], source: bytes = GOOD) -> bytes:
    """The good bundle after a change to its JSON."""
    document = json.loads(source)
    change(document)
    return jsonio.canonical(document) + b"\n"


def signature(document: dict) -> dict:
    """The only signature of a bundle."""
    return document["dsseEnvelope"]["signatures"][0]


def stated(path: str, value: object, key: keys.PrivateKey = VENDOR_A) -> bytes:
    """A signed statement whose predicate has one member replaced."""
    return signed(jsonio.canonical(statement(predicate=predicate(path, value))), key)


def raw(old: bytes, new: bytes) -> bytes:
    """A signed payload with a piece of its text replaced, whatever that makes of it."""
    assert PAYLOAD.count(old) == 1, old
    return signed(PAYLOAD.replace(old, new))


def other_form(bundle: bytes) -> bytes:
    """The same signature's second valid form (r, n - s)."""
    document = json.loads(bundle)
    r, s = decode_dss_signature(base64.b64decode(signature(document)["sig"]))
    signature(document)["sig"] = base64.b64encode(encode_dss_signature(r, ORDER - s)).decode(
        "ascii"
    )
    return jsonio.canonical(document) + b"\n"


def both_ids(document: dict, value: str) -> None:
    """Set hint and key id."""
    document["verificationMaterial"]["publicKey"]["hint"] = value
    signature(document)["keyid"] = value


def with_marks() -> bytes:
    """A good bundle whose signature holds `+` or `/` and needs padding, so that its spelling can be attacked."""
    for number in range(100):
        payload = jsonio.canonical(statement(predicate=predicate("run.id", f"run-{number}")))
        made = signed(payload)
        text = signature(json.loads(made))["sig"]
        if ("+" in text or "/" in text) and text.endswith("="):
            return made
    raise AssertionError


def twice(bundle: bytes, name: str, evil: str, *, first: bool) -> bytes:
    """Give the envelope a member twice."""
    text = bundle.decode("ascii")
    start = text.index(f'"{name}":"')
    end = text.index('"', start + len(name) + 4) + 1
    good = text[start:end]
    bad = f'"{name}":"{evil}"'
    pair = f"{bad},{good}" if first else f"{good},{bad}"
    return (text[:start] + pair + text[end:]).encode("ascii")


def spare_bits(text: str) -> str:
    """Another spelling of base64 whose last character before ``=`` has unused bits."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    at = len(text.rstrip("=")) - 1
    return text[:at] + alphabet[alphabet.index(text[at]) + 1] + text[at + 1 :]


def compressed_pem(key: keys.PrivateKey) -> str:
    """The same public key with its point compressed: another DER, another id."""
    public = serialization.load_pem_public_key(key.public.pem)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    point = public.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    head = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    text = base64.b64encode(head + point).decode("ascii")
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n"


def trust(*keys_: dict[str, object]) -> dict[str, object]:
    """A trust list."""
    return {"trust_schema": 1, "keys": list(keys_)}
