"""Every case of ``tests/cases/bundle_verify`` by name: what is accepted here, the attacks by kind beside it."""

from __future__ import annotations

import json

from suite.base import jsonio
from tests.cases.bundle_verify.authority_attacks import AUTHORITY
from tests.cases.bundle_verify.cases import (
    GOOD,
    MANIFEST,
    PAYLOAD,
    PREDICATE,
    VENDOR_A_ED,
    VENDOR_A_LOST,
    VENDOR_A_NEW,
    VENDOR_A_OLD,
    Case,
    other_form,
    predicate,
    signed,
    statement,
)
from tests.cases.bundle_verify.envelope_attacks import ENVELOPE
from tests.cases.bundle_verify.payload_attacks import PAYLOADS
from tests.cases.bundle_verify.time_cases import TIMES

ACCEPTED = {
    "signed": Case(
        "A scorecard signed by the vendor that it is about, with a key of the trust list.", GOOD
    ),
    "signed_ed25519": Case(
        "The same with an Ed25519 key, which the trust list declares as such.",
        signed(PAYLOAD, VENDOR_A_ED),
        signer=VENDOR_A_ED,
    ),
    "rotated_key": Case(
        "The vendor's second key: two keys of one owner may overlap.",
        signed(PAYLOAD, VENDOR_A_NEW),
        signer=VENDOR_A_NEW,
    ),
    "key_given": Case(
        "No trust list, but a key that the caller vouches for: the signature holds, the owner stays unknown.",
        GOOD,
        identity="given-key",
        given={"key": "vendor-a"},
    ),
    "key_beside": Case(
        "Neither list nor key, only a key that lay beside the bundle: integrity, no identity.",
        GOOD,
        identity="unproven",
        given={"neighbour": "vendor-a"},
    ),
    "other_signature_form": Case(
        "ECDSA signatures have a second valid form (r, n - s). It verifies, and what was signed keeps its identity, because that is the digest of the payload.",
        other_form(GOOD),
    ),
    "pretty_printed": Case(
        "White space between the members of the bundle changes nothing that is signed.",
        json.dumps(json.loads(GOOD), indent=2).encode() + b"\n",
    ),
    "ended_key_in_time": Case(
        "A key whose window has ended, and a verified time inside the window.",
        signed(PAYLOAD, VENDOR_A_OLD),
        given={"time": "2025-06-01T00:00:00Z"},
        signer=VENDOR_A_OLD,
    ),
    "revoked_later": Case(
        "A key that was revoked after the verified time.",
        signed(PAYLOAD, VENDOR_A_LOST),
        given={"time": "2026-01-14T23:59:59Z"},
        signer=VENDOR_A_LOST,
    ),
    "round_and_evidence": Case(
        "The round's nonce and the evidence at hand are those of the statement.",
        GOOD,
        given={"nonce": "round-2026-02", "manifest_sha256": MANIFEST},
    ),
    "no_image": Case(
        "A run without container: the evidence is the only subject, and the card names no image.",
        signed(
            jsonio.canonical(
                statement(
                    subject=statement()["subject"][:1],
                    predicate=predicate(
                        "engine",
                        PREDICATE["engine"]
                        | {"image_reference": "", "image_digest": "", "image_pinned": False},
                    ),
                )
            )
        ),
    ),
}

CASES: dict[str, Case] = ACCEPTED | ENVELOPE | PAYLOADS | AUTHORITY | TIMES
