"""Reviews, audits, witness reports, reproductions, withdrawals and supersessions: statements of their own about a signed scorecard.

Their subject is the scorecard's signed bytes alone, not the signature over them: a card that is signed again, or whose
signature is rewritten in its second valid form, is the same card.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import UNSET

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese, placed
from suite.base.errors import Place, TrustError
from suite.documents.audit import Audit
from suite.documents.codec import plain
from suite.documents.document import given
from suite.documents.receipt import Receipt, Verifier
from suite.documents.reproduction import VerificationSummary
from suite.documents.review import CardStatus, Review
from suite.documents.witness import WitnessReport
from suite.judge.attest import envelope
from suite.judge.attest.existence import KEY_URN
from suite.judge.attest.predicate import check_predicate, kind
from suite.judge.attest.stated import Expected
from suite.judge.attest.statement import (
    AUDIT_TYPE,
    REVIEW_TYPE,
    SCORECARD_SUBJECT,
    STATUS_TYPE,
    SUMMARY_TYPE,
    WITNESS_TYPE,
    parse_statement,
    payload_of,
    subject,
)
from suite.judge.attest.times import format_time
from suite.judge.attest.trusted import UNTIMELY
from suite.judge.attest.verify import Verified, verify_bundle

if TYPE_CHECKING:
    import datetime as dt

    from suite.documents.review import Decision
    from suite.judge.attest.keys import PublicKey
    from suite.judge.attest.trust import TrustList

Property = Literal["SCORECARD_ACCEPTED", "SCORECARD_REJECTED", "SCORECARD_COMMENTED"]
_PROPERTIES: Final[dict[Decision, Property]] = {
    "accept": "SCORECARD_ACCEPTED",
    "reject": "SCORECARD_REJECTED",
    "comment": "SCORECARD_COMMENTED",
}
_ABOUT_CARDS: Final = (REVIEW_TYPE, STATUS_TYPE, AUDIT_TYPE, WITNESS_TYPE, SUMMARY_TYPE)
_DECISIONS: Final[dict[Property, Decision]] = {name: word for word, name in _PROPERTIES.items()}


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review whose signature held.

    Attributes:
        reviewer: the key's owner, by the trust list.
        time: as the reviewer states it.
    """

    reviewer: str
    decision: Decision
    time: str
    comment: str


@dataclass(frozen=True, slots=True)
class EndedCard:
    """A withdrawal or supersession whose signature held.

    Attributes:
        owner: who signed, by the trust list.
        status: what became of the card.
        successor: SHA-256 of the card in its place; "" without one.
    """

    owner: str
    status: Literal["withdrawn", "superseded"]
    time: str
    reason: str
    successor: str


@dataclass(frozen=True, slots=True)
class Audited:
    """An audit whose signature held.

    Attributes:
        reviewer: the key's owner, by the trust list.
    """

    reviewer: str
    audit: Audit


@dataclass(frozen=True, slots=True)
class Attested:
    """What a witness saw, or what came of a reproduction, whose signature held.

    Attributes:
        owner: of the key, by the trust list.
    """

    owner: str
    report: WitnessReport | VerificationSummary

    @property
    def time(self) -> str:
        """When, as its signer states it."""
        if isinstance(self.report, WitnessReport):
            return self.report.timeCreated
        return self.report.timeVerified

    @property
    def word(self) -> str:
        """What it came to, in a word."""
        if isinstance(self.report, WitnessReport):
            return f"witnessed: {self.report.verdict}"
        passed = self.report.verificationResult == "PASSED"
        return "reproduced" if passed else "not reproduced"


FAVOURABLE: Final = ("reproduced", "witnessed: agrees")
"""The words of statements that speak for a card."""

Made: TypeAlias = "Reviewed | EndedCard | Audited | Attested"
"""What somebody stated about a card, verified."""


def verifier(key: PublicKey) -> Verifier:
    """Who states it: the key that will sign."""
    return Verifier(id=KEY_URN + base64.b64decode(key.id).hex())


def make_audit(payload_sha256: str, audit: Audit) -> bytes:
    """The payload of an audit of the scorecard with those signed bytes.

    Raises:
        TrustError: as `make_review`.
    """
    return payload_of([subject(SCORECARD_SUBJECT, payload_sha256)], AUDIT_TYPE, plain(audit))


def make_witness(payload_sha256: str, report: WitnessReport) -> bytes:
    """The payload of a witness's report about the scorecard with those signed bytes.

    Raises:
        TrustError: as `make_review`.
    """
    return payload_of([subject(SCORECARD_SUBJECT, payload_sha256)], WITNESS_TYPE, plain(report))


def make_summary(payload_sha256: str, summary: VerificationSummary) -> bytes:
    """The payload of a verification summary of a reproduction of the scorecard with those signed bytes.

    Raises:
        TrustError: as `make_review`.
    """
    return payload_of([subject(SCORECARD_SUBJECT, payload_sha256)], SUMMARY_TYPE, plain(summary))


def make_review(
    payload_sha256: str, reviewer: PublicKey, decision: Decision, comment: str, at: dt.datetime
) -> bytes:
    """The payload of a review.

    Args:
        payload_sha256: of the scorecard's signed bytes.
        reviewer: the key that will sign.
        decision: accept, reject or comment.
        comment: for people; "" for none.
        at: when, aware.

    Raises:
        TrustError: ``payload-text`` for a comment with characters that could mislead a reader.
    """
    predicate = Review(
        verifier=verifier(reviewer),
        timeCreated=format_time(at),
        properties=(_PROPERTIES[decision],),
        comment=comment or UNSET,
    )
    return payload_of([subject(SCORECARD_SUBJECT, payload_sha256)], REVIEW_TYPE, plain(predicate))


def make_status(
    payload_sha256: str, vendor: str, reason: str, at: dt.datetime, successor: str = ""
) -> bytes:
    """The payload of a withdrawal, or of a supersession where there is a successor's SHA-256.

    Raises:
        TrustError: as `make_review`.
    """
    predicate = CardStatus(
        status="superseded" if successor else "withdrawn",
        vendor=vendor,
        timeCreated=format_time(at),
        reason=reason,
        supersededBy=successor or UNSET,
    )
    return payload_of([subject(SCORECARD_SUBJECT, payload_sha256)], STATUS_TYPE, plain(predicate))


def is_receipt(data: bytes, name: str) -> bool:
    """Whether a bundle is a receipt, which `suite.judge.attest.existence` reads; nothing of it is verified.

    Raises:
        TrustError: it is no sound bundle, or holds no statement.
    """
    stated = parse_statement(envelope.parse(data, name=name).payload)
    return [item.name for item in stated.subjects] != [SCORECARD_SUBJECT]


def read_statement(
    data: bytes, trust: TrustList, payload_sha256: str, vendor: str, name: str
) -> Made:
    """Verify a review, audit, witness report, reproduction, withdrawal or supersession of a scorecard.

    Args:
        data: its bundle.
        trust: the reviewers' list.
        payload_sha256: of the scorecard's signed bytes.
        vendor: whose scorecard it is.
        name: what to call the file in a refusal.

    Raises:
        TrustError: what its signature is refused for; ``review-differs`` for one of another scorecard or vendor;
            ``predicate-type-differs`` for another kind of statement.
    """
    stated = parse_statement(envelope.parse(data, name=name).payload)
    if stated.predicate_type not in _ABOUT_CARDS:
        message = Sentence(
            f"a {kind(stated.predicate_type)} where a review is expected",
            f"应为评审，而这是{chinese(kind(stated.predicate_type))}",
        )
        raise TrustError("predicate-type-differs", message, Place(name))
    if stated.subject(SCORECARD_SUBJECT) != payload_sha256:
        raise TrustError(
            "review-differs",
            Sentence("it is about another scorecard", "它针对的是另一张评分卡"),
            Place(name),
        )
    expected = Expected(predicate_type=stated.predicate_type)
    verified = verify_bundle(data, trust, expected=expected, name=name)
    made = _result(verified, vendor, name)
    if isinstance(made, EndedCard) and made.successor == payload_sha256:
        message = Sentence("a card cannot take its own place", "评分卡不能取代自己")
        raise TrustError("review-differs", message, Place(name))
    return made


def _result(verified: Verified, vendor: str, name: str) -> Made:
    document, owner = verified.document, verified.owner or ""
    own = Sentence(
        f"{owner} judges its own scorecard; a reviewer of another name may",
        f"{owner} 评判的是自己的评分卡；应由其他名称的评审方评判",
    )
    if owner == vendor and isinstance(document, Review | Audit):
        raise TrustError("review-differs", own, Place(name))
    if isinstance(document, Review):
        decision = _DECISIONS[document.properties[0]]
        return Reviewed(owner, decision, document.timeCreated, given(document.comment, ""))
    if isinstance(document, Audit):
        return Audited(owner, document)
    if isinstance(document, WitnessReport | VerificationSummary):
        if owner == vendor:
            message = Sentence(
                f"{owner} witnesses and reproduces its own scorecard",
                f"{owner} 见证与复现的是自己的评分卡",
            )
            raise TrustError("review-differs", message, Place(name))
        return Attested(owner, document)
    if isinstance(document, Receipt) or not isinstance(document, CardStatus):
        raise TrustError(
            "predicate-type-differs", Sentence("it is no review", "它不是评审"), Place(name)
        )
    if document.vendor != vendor:
        message = Sentence(
            f"it is signed for {document.vendor}, the scorecard is of {vendor}",
            f"其签名代表 {document.vendor}，评分卡属于 {vendor}",
        )
        raise TrustError("review-differs", message, Place(name))
    successor = given(document.supersededBy, "")
    return EndedCard(owner, document.status, document.timeCreated, document.reason, successor)


def read_if_timely(
    data: bytes, trust: TrustList, payload_sha256: str, vendor: str, name: str
) -> Made | TrustError:
    """A statement as `read_statement` reads it, or why it counts no more.

    That is one that is refused for nothing but the time of its key, and says nothing against the card: a reviewer whose key is
    lost or ended takes no card along that was sound without that word; what was said against one keeps refusing it until
    somebody whose key counts says otherwise.

    Raises:
        TrustError: as `read_statement`, of all others.
    """
    try:
        return read_statement(data, trust, payload_sha256, vendor, name)
    except TrustError as refused:
        if refused.code not in UNTIMELY:
            raise
        document = check_predicate(parse_statement(envelope.parse(data, name=name).payload))
        if isinstance(document, Review) and _DECISIONS[document.properties[0]] != "reject":
            return refused
        if isinstance(document, Audit) and document.verdict == "same":
            return refused
        raise


DECISIONS: Final[dict[Decision, Sentence]] = {
    "accept": Sentence("accept", "接受"),
    "reject": Sentence("reject", "拒绝"),
    "comment": Sentence("comment", "评论"),
}
"""What a reviewer can decide, for people."""


def require_sameness(made: Audited) -> str:
    """Who audited, and what came of it.

    Raises:
        TrustError: ``audit-different`` for an audit that found another model.
    """
    by = Sentence(f"audited by {made.reviewer}", f"由 {made.reviewer} 审计")
    detail = placed(by, made.audit.why)
    if made.audit.verdict == "different":
        raise TrustError("audit-different", detail)
    return detail


def payload_digest(bundle: bytes, name: str) -> str:
    """The identity of what a bundle states: SHA-256 of its signed bytes.

    Raises:
        TrustError: as `suite.judge.attest.envelope.parse`.
    """
    return jsonio.sha256_hex(envelope.parse(bundle, name=name).payload)
