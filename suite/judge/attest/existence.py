"""When a signature is known to have existed: time stamps of listed authorities, dated receipts of reviewers.

A receipt is a statement of its own, signed by a reviewer: at this time I had these signed bytes and this signature. Its
subjects are the payload and the signature, not the bundle's file, so that time stamps can be added to a bundle
afterwards; without the signature, a stolen key could sign what was received from somebody else.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import Place, TrustError
from suite.documents.codec import convert, plain
from suite.documents.receipt import Receipt, Verifier
from suite.judge.attest.statement import (
    REVIEW_TYPE,
    SCORECARD_SUBJECT,
    SIGNATURE_SUBJECT,
    payload_of,
    subject,
)
from suite.judge.attest.times import VerifiedTime, format_time, parse_time
from suite.judge.attest.timestamps import verify_stamp

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from suite.judge.attest.envelope import Bundle
    from suite.judge.attest.keys import PublicKey
    from suite.judge.attest.statement import Statement
    from suite.judge.attest.timestamps import Authority

KEY_URN = "urn:llm-inference-conformance:key:"


@dataclass(frozen=True, slots=True)
class Witness:
    """A file that vouches for a time: its bytes, and what to call it in a refusal."""

    name: str
    data: bytes


def make_receipt(received: Bundle, reviewer: PublicKey, at: dt.datetime) -> bytes:
    """The payload of a receipt for a bundle that was received.

    Args:
        received: the bundle; its form is sound, and nothing else of it needs to be.
        reviewer: the key that will sign the receipt.
        at: when it was received, aware; whole seconds are stated.

    Raises:
        TrustError: as `suite.judge.attest.statement.make_statement`.
    """
    predicate = Receipt(
        verifier=Verifier(id=KEY_URN + base64.b64decode(reviewer.id).hex()),
        timeCreated=format_time(at),
        properties=("SCORECARD_RECEIVED",),
    )
    subjects = [subject(name, sha256) for name, sha256 in _subjects(received).items()]
    return payload_of(subjects, REVIEW_TYPE, plain(predicate))


def _subjects(bundle: Bundle) -> dict[str, str]:
    return {
        SCORECARD_SUBJECT: jsonio.sha256_hex(bundle.payload),
        SIGNATURE_SUBJECT: jsonio.sha256_hex(bundle.signature),
    }


def received_time(receipt: Statement, reviewer: str, bundle: Bundle, name: str) -> VerifiedTime:
    """The time that a verified receipt states for this bundle.

    Args:
        receipt: its statement, whose signature held.
        reviewer: who signed it, by the trust list.
        bundle: the one in question.
        name: what to call the receipt in a refusal.

    Raises:
        TrustError: ``receipt-differs``, ``time-wrong``.
    """
    for label, sha256 in _subjects(bundle).items():
        if receipt.subject(label) != sha256:
            message = Sentence(
                f"it is for another {label.removesuffix('.json')}",
                f"它针对的是另一份 {label.removesuffix('.json')}",
            )
            raise TrustError("receipt-differs", message, Place(name))
    stated = convert(receipt.predicate, Receipt, file="predicate", error=TrustError)
    return VerifiedTime(parse_time(stated.timeCreated), f"the receipt of {reviewer}")


def stamped_times(
    bundle: Bundle, authorities: Sequence[Authority], more: Sequence[Witness], *, shared: bool
) -> tuple[list[VerifiedTime], list[str]]:
    """The times of the stamps in a bundle and of those given with it, and why others were not used.

    A stamp in the bundle by an authority that is not listed is no reason to refuse: other readers may list it.

    Args:
        bundle: whose signature the stamps cover.
        authorities: of the trust list.
        more: stamps that were given.
        shared: those are for several bundles: one for another is passed over.

    Raises:
        TrustError: ``timestamp-wrong``, ``timestamp-differs``, ``timestamp-untrusted``.
    """
    own = [
        Witness(f"time stamp {number} of the bundle", data)
        for number, data in enumerate(bundle.timestamps, 1)
    ]
    times: list[VerifiedTime] = []
    unused: list[str] = []
    for items, passed in (
        (own, {"timestamp-untrusted"}),
        (more, {"timestamp-differs"} if shared else set()),
    ):
        for item in items:
            try:
                times.append(verify_stamp(item.data, bundle.signature, authorities, name=item.name))
            except TrustError as cause:
                if cause.code not in passed:
                    raise
                unused.append(f"{item.name} is not used: {cause.message}")
    return times, unused
