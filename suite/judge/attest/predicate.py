"""What a statement says: its predicate, read by the schema of its type, and held against its subjects."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from msgspec import UNSET

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import Place, Problem, TrustError
from suite.documents.audit import Audit
from suite.documents.card import Scorecard
from suite.documents.challenge import Challenge
from suite.documents.codec import convert, plain
from suite.documents.commitment import Commitment
from suite.documents.fleet import FLEET_TYPE, FleetStatement
from suite.documents.receipt import Receipt
from suite.documents.reference import REFERENCE_TYPE, Reference
from suite.documents.reproduction import VerificationSummary
from suite.documents.review import CardStatus, Review
from suite.documents.test_result import TestResult
from suite.documents.witness import WitnessReport
from suite.judge.attest.statement import (
    AUDIT_TYPE,
    CHALLENGE_SUBJECT,
    CHALLENGE_TYPE,
    COMMITMENT_TYPE,
    FLEET_SUBJECTS,
    MANIFEST_SUBJECT,
    REVIEW_TYPE,
    SCORECARD_SUBJECT,
    SCORECARD_TYPE,
    SIGNATURE_SUBJECT,
    SKELETON_SUBJECT,
    STATUS_TYPE,
    SUMMARY_TYPE,
    TEST_RESULT_TYPE,
    WITNESS_TYPE,
)

if TYPE_CHECKING:
    from suite.documents.fleet import FleetAttempt, FleetMachine
    from suite.judge.attest.statement import Statement

Predicate: TypeAlias = (
    Scorecard
    | TestResult
    | Receipt
    | Review
    | CardStatus
    | Audit
    | WitnessReport
    | VerificationSummary
    | Challenge
    | Commitment
    | Reference
    | FleetStatement
)

PREDICATES: dict[str, type[Predicate]] = {
    SCORECARD_TYPE: Scorecard,
    TEST_RESULT_TYPE: TestResult,
    REVIEW_TYPE: Review,
    STATUS_TYPE: CardStatus,
    AUDIT_TYPE: Audit,
    CHALLENGE_TYPE: Challenge,
    COMMITMENT_TYPE: Commitment,
    WITNESS_TYPE: WitnessReport,
    SUMMARY_TYPE: VerificationSummary,
    REFERENCE_TYPE: Reference,
    FLEET_TYPE: FleetStatement,
}
"""The document of each of `suite.judge.attest.statement.PREDICATE_TYPES`; of reviews, receipts have one of their own."""
_RECEIVED = ["SCORECARD_RECEIVED"]

_NAMES = {
    SCORECARD_TYPE: Sentence("scorecard", "评分卡"),
    TEST_RESULT_TYPE: Sentence("test result", "测试结果"),
    REVIEW_TYPE: Sentence("review", "评审"),
    STATUS_TYPE: Sentence("card status", "评分卡状态"),
    AUDIT_TYPE: Sentence("audit", "审计"),
    CHALLENGE_TYPE: Sentence("challenge", "质询"),
    COMMITMENT_TYPE: Sentence("commitment", "承诺"),
    WITNESS_TYPE: Sentence("witness report", "见证"),
    SUMMARY_TYPE: Sentence("verification summary", "核验摘要"),
    REFERENCE_TYPE: Sentence("reference run", "参考运行"),
    FLEET_TYPE: Sentence("fleet statement", "机群声明"),
}


def kind(predicate_type: str) -> str:
    """A type of predicate, for people."""
    return _NAMES.get(predicate_type, predicate_type)


def check_predicate(statement: Statement) -> Predicate:
    """Read the predicate by the schema of its type, and hold a scorecard's subjects against the card.

    Raises:
        TrustError: ``predicate-schema``, ``statement-subject``.
    """
    known = PREDICATES[statement.predicate_type]
    if known is Review and statement.predicate.get("properties") == _RECEIVED:
        known = Receipt
    try:
        document = convert(statement.predicate, known, file="predicate", error=TrustError)
    except TrustError as cause:
        problems = cause.problems or (Problem(cause.message, cause.place, cause.hint),)
        first = problems[0]
        message = Sentence(
            f"the predicate breaks the {known.SCHEMA} schema: {first.message}",
            f"所签内容不合模式 {known.SCHEMA}：{chinese(first.message)}",
        )
        raise TrustError("predicate-schema", message, first.place, first.hint, problems) from cause
    _check_subjects(statement, document)
    return document


def _check_subjects(statement: Statement, document: Predicate) -> None:
    place = Place("payload", None, "/subject")
    names = [item.name for item in statement.subjects]
    if isinstance(document, Receipt):
        if names != [SCORECARD_SUBJECT, SIGNATURE_SUBJECT]:
            message = Sentence(
                "a receipt is about a scorecard and its signature", "收据针对的是评分卡及其签名"
            )
            raise TrustError("statement-subject", message, place)
        return
    if isinstance(
        document, Review | CardStatus | Audit | WitnessReport | VerificationSummary | Reference
    ):
        only = MANIFEST_SUBJECT if isinstance(document, Reference) else SCORECARD_SUBJECT
        if names != [only]:
            message = Sentence(
                f"the {kind(statement.predicate_type)} is about {only} and nothing else",
                f"{chinese(kind(statement.predicate_type))}只针对 {only}",
            )
            raise TrustError("statement-subject", message, place)
        return
    if isinstance(document, Challenge | Commitment):
        _check_own_digest(statement, document, place)
        return
    if isinstance(document, FleetStatement):
        _check_fleet(statement, document, place)
        return
    if MANIFEST_SUBJECT not in names:
        message = Sentence(
            f"no subject {MANIFEST_SUBJECT}: the statement is about no evidence",
            f"没有对象 {MANIFEST_SUBJECT}：该声明文本不针对任何证据",
        )
        raise TrustError("statement-subject", message, place)
    if isinstance(document, Scorecard):
        # The image in the subjects and the image on the card must be one and the same, or both absent.
        others = [item for item in statement.subjects if item.name != MANIFEST_SUBJECT]
        stated = [(item.name, f"sha256:{item.digest.sha256}") for item in others]
        digest = document.engine.image_digest
        if stated != ([(document.engine.image_reference, digest)] if digest else []):
            message = Sentence(
                "the subjects and the scorecard name different images",
                "声明文本的对象与评分卡所载的镜像不同",
            )
            raise TrustError("statement-subject", message, place)


def _check_own_digest(statement: Statement, document: Challenge | Commitment, place: Place) -> None:
    """The only subject is the digest that the predicate itself states."""
    wanted = (
        (CHALLENGE_SUBJECT, jsonio.digest(plain(document)))
        if isinstance(document, Challenge)
        else (SKELETON_SUBJECT, document.skeleton_sha256)
    )
    if [(item.name, item.digest.sha256) for item in statement.subjects] != [wanted]:
        message = Sentence(
            f"a {document.SCHEMA} is about {wanted[0]} and nothing else",
            f"{document.SCHEMA} 只针对 {wanted[0]}",
        )
        raise TrustError("statement-subject", message, place)


def _check_fleet(statement: Statement, document: FleetStatement, place: Place) -> None:
    """The subjects are plan and journal of the fleet and the cards that the predicate names."""
    cards = [
        (card_subject(machine, attempt), attempt.card_sha256)
        for machine in document.machines
        for attempt in machine.attempts
        if attempt.card_sha256 is not UNSET
    ]
    stated = [(item.name, item.digest.sha256) for item in statement.subjects]
    if tuple(name for name, _ in stated[:2]) != FLEET_SUBJECTS or stated[2:] != cards:
        message = Sentence(
            "a fleet statement is about fleet.json, journal.jsonl and the cards that it names",
            "机群声明只针对 fleet.json、journal.jsonl 以及它所列的评分卡",
        )
        raise TrustError("statement-subject", message, place)


def card_subject(machine: FleetMachine, attempt: FleetAttempt) -> str:
    """What a fleet statement calls a card: the folder of its attempt."""
    return f"{machine.name}/{attempt.cell}.r{attempt.repeat}.a{attempt.attempt}"


def vendors_of(
    document: Scorecard | TestResult | CardStatus | Commitment | FleetStatement,
) -> tuple[str, ...]:
    """The vendors that a predicate says it is about: one, but for a fleet's."""
    if isinstance(document, FleetStatement):
        return document.vendors
    if isinstance(document, CardStatus | Commitment):
        return (document.vendor,)
    if isinstance(document, Scorecard):
        return (document.vendor.id,)
    *_, vendor = document.configuration
    return (vendor.annotations.id,)
