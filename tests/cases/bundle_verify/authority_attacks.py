"""Attacks with good signatures of the wrong key, at the wrong time, for the wrong thing. See `cases.Case`."""

from __future__ import annotations

from suite.base import jsonio
from suite.judge.attest.statement import REVIEW_TYPE
from tests.cases.bundle_verify.cases import (
    GOOD,
    PAYLOAD,
    PREDICATE,
    REVIEWER,
    VENDOR_A,
    VENDOR_A_LOST,
    VENDOR_A_OLD,
    VENDOR_B,
    Case,
    compressed_pem,
    entry,
    signed,
    stated,
    statement,
    trust,
)

AUTHORITY = {
    "reviewer_signs_scorecard": Case(
        "A reviewer's key signed a scorecard; its role does not allow that.",
        signed(PAYLOAD, REVIEWER),
        "role-forbids",
        signer=REVIEWER,
    ),
    "vendor_b_signs_for_a": Case(
        "Vendor B's trusted key signed a scorecard about vendor A.",
        signed(PAYLOAD, VENDOR_B),
        "vendor-differs",
        signer=VENDOR_B,
    ),
    "look_alike_vendor": Case(
        "The vendor's id ends in a Cyrillic letter that looks like the Latin one.",
        stated("vendor.id", "vendor-\u0430"),
        "vendor-differs",
    ),
    "review_as_scorecard": Case(
        "A review, correctly signed by a reviewer, shown where a scorecard is expected.",
        signed(
            jsonio.canonical(
                statement(
                    predicateType=REVIEW_TYPE,
                    predicate={
                        "verifier": {"id": "reviewer-a"},
                        "timeCreated": "2026-02-01T00:00:00Z",
                        "properties": ["SCORECARD_REJECTED"],
                    },
                )
            ),
            REVIEWER,
        ),
        "predicate-type-differs",
        signer=REVIEWER,
    ),
    "key_of_other_algorithm": Case(
        "The trust list declares an ECDSA key as Ed25519.",
        GOOD,
        "trust-algorithm-differs",
        trust=trust(entry(VENDOR_A, "vendor-a") | {"algorithm": "ed25519"}),
    ),
    "key_twice": Case(
        "The trust list gives one key to two owners.",
        GOOD,
        "trust-key-twice",
        trust=trust(entry(VENDOR_A, "vendor-a"), entry(VENDOR_A, "vendor-b")),
    ),
    "key_twice_other_encoding": Case(
        "The same key once more with its point compressed: the bytes differ, and so would a digest taken over them.",
        GOOD,
        "key-encoding",
        trust=trust(
            entry(VENDOR_A, "vendor-a"),
            entry(VENDOR_A, "vendor-b") | {"key": compressed_pem(VENDOR_A)},
        ),
    ),
    "key_id_written": Case(
        "The trust list brings its own key ids. They are computed, never read.",
        GOOD,
        "schema-violation",
        trust=trust(entry(VENDOR_A, "vendor-a", keyid=VENDOR_B.public.id)),
    ),
    "time_missing": Case(
        "The key counts for a limited time and no verified time is known. General libraries accept this.",
        signed(PAYLOAD, VENDOR_A_OLD),
        "time-unproven",
        signer=VENDOR_A_OLD,
    ),
    "time_too_late": Case(
        "The verified time is after the end of the key's window.",
        signed(PAYLOAD, VENDOR_A_OLD),
        "key-expired",
        given={"time": "2026-01-01T00:00:00Z"},
        signer=VENDOR_A_OLD,
    ),
    "time_too_early": Case(
        "The verified time is before the start of the key's window.",
        signed(PAYLOAD, VENDOR_A_OLD),
        "key-not-yet-valid",
        given={"time": "2024-12-31T23:59:59Z"},
        signer=VENDOR_A_OLD,
    ),
    "revoked": Case(
        "The key was revoked before the verified time.",
        signed(PAYLOAD, VENDOR_A_LOST),
        "key-revoked",
        given={"time": "2026-01-15T00:00:00Z"},
        signer=VENDOR_A_LOST,
    ),
    "revoked_time_missing": Case(
        "The key was revoked and nothing proves that the signature is older.",
        signed(PAYLOAD, VENDOR_A_LOST),
        "time-unproven",
        signer=VENDOR_A_LOST,
    ),
    "replay": Case(
        "A good scorecard of an earlier round.",
        GOOD,
        "nonce-differs",
        given={"nonce": "round-2026-03"},
    ),
    "no_round": Case(
        "A scorecard without a round identifier where the round is known.",
        signed(
            jsonio.canonical(
                statement(
                    predicate=PREDICATE
                    | {"run": {k: v for k, v in PREDICATE["run"].items() if k != "nonce"}}
                )
            )
        ),
        "nonce-differs",
        given={"nonce": "round-2026-02"},
    ),
    "other_evidence": Case(
        "A good scorecard laid beside other evidence.",
        GOOD,
        "subject-differs",
        given={"manifest_sha256": "0" * 64},
    ),
}
