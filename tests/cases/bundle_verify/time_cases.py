"""When a bundle is known to have existed, and who may sign for whom. See `cases.Case`.

The stamps are stored (`stamps/make_stamps.py`); windows are put around the time that they state.
"""

from __future__ import annotations

import base64
import datetime as dt

import rfc3161_client

from suite.judge.attest import envelope
from suite.judge.attest.existence import make_receipt
from suite.judge.attest.times import format_time
from tests.cases.bundle_verify.cases import (
    GOOD,
    HERE,
    PAYLOAD,
    REVIEWER,
    STRANGER,
    VENDOR_A,
    VENDOR_A_NEW,
    VENDOR_B,
    Case,
    edited,
    entry,
    signed,
    trust,
)

STAMP, STAMP_OF_OTHER, STAMP_BY_OTHER = (
    (HERE / "stamps" / f"{name}.tsr").read_bytes()
    for name in ("stamp", "stamp_of_other_bundle", "stamp_by_other_authority")
)
ROOT = (HERE / "stamps" / "root.pem").read_text()
AT = rfc3161_client.decode_timestamp_response(STAMP).tst_info.gen_time
RECEIVED = dt.datetime(2026, 2, 1, 12, tzinfo=dt.UTC)


def text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def stamped(*stamps: bytes) -> bytes:
    parsed = envelope.parse(GOOD)
    return envelope.bundle_bytes(parsed.payload, parsed.signature, parsed.key_id, stamps)


def receipt(bundle: bytes = GOOD, key=REVIEWER) -> str:
    """A receipt for a bundle, signed without looking, as base64."""
    return text(signed(make_receipt(envelope.parse(bundle), key.public, RECEIVED), key))


def days(count: int, at: dt.datetime = AT) -> str:
    return format_time(at + dt.timedelta(days=count))


def listed(*, authority: dict | None = None, **entry_members: object) -> dict[str, object]:
    """A list whose only vendor is limited in time, with an authority and a reviewer."""
    known = {"owner": "lab-time", "certificates": ROOT} | (authority or {})
    return trust(
        entry(VENDOR_A, "vendor-a", **entry_members), entry(REVIEWER, "reviewer-a", "reviewer")
    ) | {"authorities": [known]}


CURRENT = {"validFor": {"start": days(-1)}}
ENDED = {"validFor": {"start": days(-9), "end": days(-2)}}


def empty_stamps(document: dict) -> None:
    document["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": []}


TIMES = {
    "stamped": Case(
        "The key counts for a limited time, and a listed authority's time stamp in the bundle lies in it.",
        stamped(STAMP),
        trust=listed(**CURRENT),
    ),
    "stamp_given": Case(
        "The same with the time stamp in a file of its own.",
        GOOD,
        given={"timestamps": [text(STAMP)]},
        trust=listed(**CURRENT),
    ),
    "stamped_by_two": Case(
        "Two time stamps, one by an authority that this list does not name: others may.",
        stamped(STAMP_BY_OTHER, STAMP),
        trust=listed(**CURRENT),
        sigstore=False,
    ),
    "stamped_before_revocation": Case(
        "The key was revoked after the time stamp.",
        stamped(STAMP),
        trust=listed(revoked={"at": days(1), "reason": "the machine that held it was sold"}),
    ),
    "stamped_without_need": Case(
        "Nothing limits the key in time; the stamp is checked all the same.",
        stamped(STAMP),
        trust=listed(),
    ),
    "stamped_after_end": Case(
        "The time stamp is later than the end of the key's window.",
        stamped(STAMP),
        "key-expired",
        trust=listed(**ENDED),
    ),
    "stamped_after_revocation": Case(
        "The time stamp is later than the revocation.",
        stamped(STAMP),
        "key-revoked",
        trust=listed(revoked={"at": days(-1), "reason": "stolen"}),
    ),
    "stamped_by_unlisted": Case(
        "The only time stamp is by an authority that the list does not name: no verified time.",
        stamped(STAMP_BY_OTHER),
        "time-unproven",
        trust=listed(**CURRENT),
        sigstore=False,
    ),
    "stamped_outside_authority": Case(
        "The authority's own stamps count no more at that time.",
        stamped(STAMP),
        "time-unproven",
        trust=listed(**CURRENT, authority={"validFor": {"start": days(-9), "end": days(-1)}}),
    ),
    "stamp_of_other_bundle": Case(
        "The bundle carries the time stamp of another bundle.",
        stamped(STAMP_OF_OTHER),
        "timestamp-differs",
        trust=listed(**CURRENT),
        sigstore=False,
    ),
    "stamp_malformed": Case(
        "What lies where the time stamp belongs is none.",
        stamped(b"\x30\x03\x02\x01\x00"),
        "timestamp-wrong",
        trust=listed(**CURRENT),
        sigstore=False,
    ),
    "stamp_given_unlisted": Case(
        "The time stamp that was given is by an authority that the list does not name.",
        GOOD,
        "timestamp-untrusted",
        given={"timestamps": [text(STAMP_BY_OTHER)]},
        trust=listed(**CURRENT),
    ),
    "stamps_empty": Case(
        "The member for time stamps is there and holds none.",
        edited(empty_stamps),
        "bundle-members",
        openssl=True,
        sigstore=True,
    ),
    "received": Case(
        "A reviewer's dated receipt lies within the key's window.",
        GOOD,
        given={"receipts": [receipt()]},
        trust=listed(validFor={"start": days(-1, RECEIVED), "end": days(1, RECEIVED)}),
    ),
    "received_after_end": Case(
        "The reviewer received it when the key's window had ended.",
        GOOD,
        "key-expired",
        given={"receipts": [receipt()]},
        trust=listed(validFor={"start": days(-9, RECEIVED), "end": days(-1, RECEIVED)}),
    ),
    "receipt_of_other_signature": Case(
        "The receipt is for the same scorecard signed by another key: what a stolen key signs later was not received.",
        GOOD,
        "receipt-differs",
        given={"receipts": [receipt(signed(PAYLOAD, VENDOR_A_NEW))]},
        trust=listed(**CURRENT),
    ),
    "receipt_by_vendor": Case(
        "The vendor gave itself a receipt; only a reviewer's counts.",
        GOOD,
        "role-forbids",
        given={"receipts": [receipt(key=VENDOR_A)]},
        trust=listed(),
    ),
    "receipt_by_stranger": Case(
        "The receipt is signed by a key that the list does not name.",
        GOOD,
        "key-unknown",
        given={"receipts": [receipt(key=STRANGER)]},
        trust=listed(**CURRENT),
    ),
    "receipt_as_scorecard": Case(
        "A receipt where a scorecard is expected.",
        base64.b64decode(receipt()),
        "predicate-type-differs",
        signer=REVIEWER,
    ),
    "lab_signs_for_vendor": Case(
        "A lab that is not the vendor signs, and the list says that it signs for this vendor.",
        signed(PAYLOAD, VENDOR_B),
        trust=trust(entry(VENDOR_B, "lab-b", "lab", signsFor=["vendor-a", "vendor-c"])),
        signer=VENDOR_B,
    ),
    "lab_signs_for_others": Case(
        "A lab signs a scorecard of a vendor that it is not listed for.",
        signed(PAYLOAD, VENDOR_B),
        "vendor-differs",
        trust=trust(entry(VENDOR_B, "lab-b", "lab", signsFor=["vendor-c"])),
        signer=VENDOR_B,
    ),
    "lab_without_vendors": Case(
        "A lab in the list that names no vendors.",
        signed(PAYLOAD, VENDOR_B),
        "trust-signs-for",
        trust=trust(entry(VENDOR_B, "lab-b", "lab")),
        signer=VENDOR_B,
    ),
}
