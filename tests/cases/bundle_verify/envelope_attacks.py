"""Attacks on the bundle around the signed bytes. See `cases.Case`."""

from __future__ import annotations

import base64

from suite.judge.attest.envelope import bundle_bytes
from tests.cases.bundle_verify.cases import (
    GOOD,
    PAYLOAD,
    STRANGER,
    VENDOR_A,
    VENDOR_B,
    Case,
    both_ids,
    edited,
    signature,
    signed,
    spare_bits,
    twice,
    with_marks,
)

MARKS = with_marks()
_FORGED = PAYLOAD.replace(b'"conformant":true', b'"conformant":false')


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _envelope(name: str, value: object) -> bytes:
    return edited(lambda d: d["dsseEnvelope"].__setitem__(name, value))


def _signatures(*junk: object, before: bool) -> bytes:
    def change(document: dict) -> None:
        own = document["dsseEnvelope"]["signatures"]
        document["dsseEnvelope"]["signatures"] = [*junk, *own] if before else [*own, *junk]

    return edited(change)


_JUNK = {"sig": _text(b"junk"), "keyid": VENDOR_B.public.id}

ENVELOPE = {
    "payload_swap": Case(
        "The payload was replaced (the verdict flipped), the signature kept.",
        edited(lambda d: d["dsseEnvelope"].__setitem__("payload", _text(_FORGED))),
        "signature-invalid",
        openssl=False,
        sigstore=False,
    ),
    "no_signature": Case(
        "The list of signatures is empty.",
        _envelope("signatures", []),
        "signature-count",
        openssl=False,
        sigstore=False,
    ),
    "signatures_missing": Case(
        "There is no list of signatures at all.",
        edited(lambda d: d["dsseEnvelope"].pop("signatures")),
        "bundle-members",
        openssl=False,
        sigstore=False,
    ),
    "payload_type_changed": Case(
        "The payload's type was changed; it is part of the signed encoding.",
        _envelope("payloadType", "application/json"),
        "payload-type",
        openssl=False,
        sigstore=False,
    ),
    "junk_signature_before": Case(
        "A second, meaningless signature stands before the good one. Whoever reads only the first or accepts any is fooled.",
        _signatures(_JUNK, before=True),
        "signature-count",
        openssl=False,
        sigstore=False,
    ),
    "junk_signature_after": Case(
        "A second, meaningless signature stands after the good one.",
        _signatures(_JUNK, before=False),
        "signature-count",
        openssl=False,
        sigstore=False,
    ),
    "duplicate_member_evil_first": Case(
        "The envelope has two payloads, the forged one first. JSON readers differ in which they take.",
        twice(GOOD, "payload", _text(_FORGED), first=True),
        "bundle-not-json",
        openssl=False,
    ),
    "duplicate_member_evil_last": Case(
        "The envelope has two payloads, the forged one last.",
        twice(GOOD, "payload", _text(_FORGED), first=False),
        "bundle-not-json",
        openssl=False,
        sigstore=False,
    ),
    "case_variant_member": Case(
        "A second payload as PAYLOAD: readers that ignore case take it.",
        _envelope("PAYLOAD", _text(_FORGED)),
        "bundle-members",
        openssl=False,
    ),
    "unknown_member": Case(
        "A member that no version of the format knows.",
        edited(lambda d: d.__setitem__("note", "approved")),
        "bundle-members",
        openssl=False,
    ),
    "payload_base64_junk": Case(
        "Characters outside the alphabet inside the payload's base64, which lenient decoders skip.",
        edited(
            lambda d: d["dsseEnvelope"].__setitem__(
                "payload",
                d["dsseEnvelope"]["payload"][:8] + "!*" + d["dsseEnvelope"]["payload"][8:],
            )
        ),
        "base64-wrong",
        openssl=False,
    ),
    "payload_base64_line_breaks": Case(
        "Line breaks inside the payload's base64: a second spelling of the same bytes.",
        edited(
            lambda d: d["dsseEnvelope"].__setitem__(
                "payload",
                d["dsseEnvelope"]["payload"][:76] + "\n" + d["dsseEnvelope"]["payload"][76:],
            )
        ),
        "base64-wrong",
        openssl=False,
    ),
    "signature_url_safe": Case(
        "The signature in the URL-safe alphabet: a second spelling.",
        edited(
            lambda d: signature(d).__setitem__(
                "sig", signature(d)["sig"].replace("+", "-").replace("/", "_")
            ),
            MARKS,
        ),
        "base64-wrong",
        openssl=False,
    ),
    "signature_unpadded": Case(
        "The signature without padding: a second spelling.",
        edited(lambda d: signature(d).__setitem__("sig", signature(d)["sig"].rstrip("=")), MARKS),
        "base64-wrong",
        openssl=False,
    ),
    "key_id_spare_bits": Case(
        "The last base64 character of the key id carries bits that no byte uses: a second spelling of the same id.",
        edited(lambda d: both_ids(d, spare_bits(VENDOR_A.public.id))),
        "base64-wrong",
        openssl=False,
        sigstore=False,
    ),
    "signature_trailing_byte": Case(
        "A byte after the DER structure of the signature.",
        edited(
            lambda d: signature(d).__setitem__(
                "sig", _text(base64.b64decode(signature(d)["sig"]) + b"\0")
            )
        ),
        "signature-invalid",
        openssl=False,
        sigstore=False,
    ),
    "signed_without_type": Case(
        "The signature covers the bare payload instead of DSSE's encoding of type and payload.",
        bundle_bytes(PAYLOAD, VENDOR_A.sign(PAYLOAD), VENDOR_A.public.id),
        "signature-invalid",
        openssl=False,
        sigstore=False,
    ),
    "key_id_of_another": Case(
        "Hint and key id name vendor B's trusted key; the signature is vendor A's.",
        edited(lambda d: both_ids(d, VENDOR_B.public.id)),
        "signature-invalid",
        openssl=False,
        sigstore=False,
    ),
    "key_id_empty": Case(
        "Hint and key id are empty, to make the verifier try every key.",
        edited(lambda d: both_ids(d, "")),
        "key-id-wrong",
        openssl=False,
        sigstore=False,
    ),
    "hint_differs": Case(
        "Hint and key id name different keys; tools differ in which they follow.",
        edited(
            lambda d: d["verificationMaterial"]["publicKey"].__setitem__("hint", VENDOR_B.public.id)
        ),
        "key-id-differs",
        openssl=False,
        sigstore=False,
    ),
    "key_in_bundle": Case(
        "The bundle brings its own key along. A key is never taken from the document.",
        edited(
            lambda d: d["verificationMaterial"]["publicKey"].__setitem__(
                "rawBytes", _text(STRANGER.public.pem)
            ),
            signed(PAYLOAD, STRANGER),
        ),
        "bundle-members",
        openssl=False,
        signer=STRANGER,
    ),
    "stranger": Case(
        "A well-formed bundle of a key that the trust list does not know.",
        signed(PAYLOAD, STRANGER),
        "key-unknown",
        signer=STRANGER,
    ),
    "nothing_to_verify_with": Case(
        "Neither list nor key is at hand.", GOOD, "key-missing", given={"no_trust": True}
    ),
    "other_key_given": Case(
        "The key that the caller gave is not the one that signed.",
        GOOD,
        "key-unknown",
        given={"key": "vendor-b"},
    ),
    "certificate": Case(
        "A keyless bundle's certificate where a key's hint belongs.",
        edited(
            lambda d: d.__setitem__(
                "verificationMaterial", {"certificate": {"rawBytes": _text(b"x")}}
            )
        ),
        "bundle-keyless",
        openssl=False,
        sigstore=False,
    ),
    "media_type": Case(
        "An older version of the bundle format.",
        edited(
            lambda d: d.__setitem__(
                "mediaType", "application/vnd.dev.sigstore.bundle+json;version=0.2"
            )
        ),
        "bundle-media-type",
        openssl=False,
    ),
    "byte_order_mark": Case(
        "A byte order mark before the bundle.",
        b"\xef\xbb\xbf" + GOOD,
        "bundle-not-json",
        openssl=False,
        sigstore=False,
    ),
    "trailing_document": Case(
        "A second JSON document after the bundle.",
        GOOD + GOOD,
        "bundle-not-json",
        openssl=False,
        sigstore=False,
    ),
    "cut": Case(
        "The file was cut in the middle.",
        GOOD[: len(GOOD) // 2],
        "bundle-not-json",
        openssl=False,
        sigstore=False,
    ),
    "nesting": Case(
        "Nested 5,000 deep, to exhaust a recursive reader's stack.",
        b'{"mediaType":' + b"[" * 5000 + b"]" * 5000 + b"}",
        "bundle-not-json",
        sigstore=False,
        openssl=False,
    ),
    "huge": Case(
        "17 MiB of white space after a good bundle. The file here is the good bundle; the test pads it.",
        GOOD,
        "bundle-too-large",
        given={"pad_to": 17 * 1024 * 1024},
    ),
}
