"""What a submission's statements say: its card, whoever signed it, and what reviewers and its owner made of it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, SuiteError
from suite.documents.card import Scorecard
from suite.documents.check import AuditMade, StatusMade
from suite.judge.attest import envelope
from suite.judge.attest.predicate import check_predicate
from suite.judge.attest.stated import Stated
from suite.judge.attest.statement import parse_statement

if TYPE_CHECKING:
    from suite.judge.attest.review import Audited, EndedCard


def refuse_emulated(card: Scorecard) -> None:
    """Refuse a card of an emulated machine or of the scripted server, whatever else it says.

    Raises:
        EvidenceError: ``emulated-submission``.
    """
    if card.vendor.emulated:
        message = Sentence(
            "the card is of an emulated machine, which says nothing about a vendor's devices",
            "此卡来自模拟设备，不能说明厂商的设备",
        )
        hint = Sentence("measure on the real one", "请在真实设备上测量")
        raise EvidenceError("emulated-submission", message, hint=hint)
    if card.runtime == "sim":
        message = Sentence(
            "the answers come from the scripted server, and nothing in the card is about hardware",
            "回答来自脚本服务器，此卡与硬件无关",
        )
        hint = Sentence("measure an engine", "请测量推理引擎")
        raise EvidenceError("emulated-submission", message, hint=hint)


def card_of(bundle: bytes) -> Stated | None:
    """What a bundle states, whoever signed it."""
    with contextlib.suppress(SuiteError):
        statement = parse_statement(envelope.parse(bundle).payload)
        document = check_predicate(statement)
        if isinstance(document, Scorecard):
            return Stated(statement=statement, document=document)
    return None


def ended(made: EndedCard) -> StatusMade:
    """A card's end as the check lists it."""
    return StatusMade(
        owner=made.owner,
        status=made.status,
        time=made.time,
        reason=made.reason,
        successor=made.successor,
    )


def audited(made: Audited) -> AuditMade:
    """An audit as the check lists it."""
    audit = made.audit
    return AuditMade(
        reviewer=made.reviewer, verdict=audit.verdict, time=audit.timeCreated, why=audit.why
    )
