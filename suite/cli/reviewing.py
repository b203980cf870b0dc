"""Statements about a scorecard: made, signed and written where a submission keeps them; read and verified."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import TrustError, UsageError
from suite.cli import judging, signingkey
from suite.cli.output import labelled, write_new
from suite.judge.attest import envelope
from suite.judge.attest import trust as trust_list
from suite.judge.attest.files import read_limited
from suite.judge.attest.predicate import check_predicate
from suite.judge.attest.review import (
    DECISIONS,
    Attested,
    Audited,
    Made,
    Reviewed,
    is_receipt,
    make_review,
    make_status,
    payload_digest,
    read_if_timely,
)
from suite.judge.attest.sign import sign
from suite.judge.attest.stated import Stated
from suite.judge.attest.statement import parse_statement
from suite.judge.submissions import folders

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.signingoptions import Signing
    from suite.documents.review import Decision
    from suite.judge.attest.keys import PublicKey


STATUSES: Final = {"withdrawn": "撤回", "superseded": "声明由另一张卡取代"}
AUDITS: Final = {"same": "同一模型", "different": "另一模型", "undecided": "无法判断"}
"""What was stated, in Chinese."""
_ROW: Final = ("by", "what", "time", "why")


@dataclass(frozen=True, slots=True)
class Statement:
    """What is to be stated.

    Attributes:
        subject: the card.
        decision: of a review; None for a withdrawal or supersession.
        text: comment or reason.
        successor: the card in its place; None without one.
    """

    subject: Path
    decision: Decision | None = None
    text: str = ""
    successor: Path | None = None


def write(made: Statement, signing: Signing) -> Sentence:
    """Sign a statement and write it; returns what to say of it.

    Raises:
        SuiteError: the subject, the key or the text is refused; ``review-exists``.
    """
    path, bundle = judging.bundle_of(made.subject)
    signer, stamp = signingkey.opened(signing)
    payload = _payload(made, path, bundle, signer.key.public)
    data = sign(payload, signer.key, stamp)
    name = f"{made.decision or ('superseded' if made.successor else 'withdrawn')}-{jsonio.sha256_hex(payload)[:16]}"
    target = signing.out or path.parent / folders.STATEMENTS / f"{name}.sigstore.json"
    write_new(target, data)
    return labelled(
        [
            (Sentence("card", "评分卡"), payload_digest(bundle, str(path))),
            (signingkey.SIGNED_BY, signer.named()),
            (Sentence("statement", "声明"), str(target)),
        ]
    )


def _payload(made: Statement, path: Path, bundle: bytes, key: PublicKey) -> bytes:
    now, digest = dt.datetime.now(dt.UTC), payload_digest(bundle, str(path))
    stated = _stated(path, bundle)
    if made.decision:
        return make_review(digest, key, made.decision, made.text, now)
    successor = ""
    if made.successor is not None:
        other, data = judging.bundle_of(made.successor)
        _stated(other, data)
        successor = payload_digest(data, str(other))
        if successor == digest:
            raise UsageError(
                "usage-wrong", Sentence("a card cannot take its own place", "评分卡不能取代自己")
            )
    return make_status(digest, stated.card.vendor.id, made.text, now, successor)


def _stated(path: Path, bundle: bytes) -> Stated:
    """The card that a statement is about; whoever signed it.

    Raises:
        TrustError: it is no sound bundle, or states something else than a card.
    """
    statement = parse_statement(envelope.parse(bundle, name=str(path)).payload)
    stated = Stated(statement=statement, document=check_predicate(statement))
    try:
        _ = stated.card
    except TypeError as cause:
        raise TrustError(
            "predicate-type-differs", Sentence(f"{path} holds no scorecard", f"{path} 不含评分卡")
        ) from cause
    return stated


def beside(
    directory: Path,
    trust: trust_list.TrustList,
    stated: Stated,
    untimely: list[TrustError] | None = None,
) -> list[Made]:
    """What was stated about a card beside its bundle, each verified, in the order of the files; receipts left out.

    Args:
        directory: where the bundle lies.
        trust: the reviewers' list.
        stated: the card.
        untimely: takes why a statement counts no more, of those that do; they are left out as well.

    Raises:
        TrustError: a statement is refused.
    """
    statements = []
    place = directory / folders.STATEMENTS
    for file in sorted(place.glob("*.sigstore.json")) if place.is_dir() else []:
        data = read_limited(file, envelope.MAX_BUNDLE_BYTES)
        if is_receipt(data, str(file)):
            continue
        vendor = stated.card.vendor.id
        made = read_if_timely(data, trust, stated.statement.sha256, vendor, str(file))
        if not isinstance(made, TrustError):
            statements.append(made)
        elif untimely is not None:
            untimely.append(made)
    return statements


def statements(subject: Path, trust: Path) -> list[dict[str, str]]:
    """What was stated about a submission, in the order of the files.

    Raises:
        TrustError: the list, the card or a statement is refused.
    """
    known = trust_list.load(trust)
    path, bundle = judging.bundle_of(subject)
    rows = []
    untimely: list[TrustError] = []
    for made in beside(path.parent, known, _stated(path, bundle), untimely):
        if isinstance(made, Audited):
            audit = made.audit
            verdict = Sentence(audit.verdict, AUDITS[audit.verdict])
            row: tuple[str, ...] = (made.reviewer, verdict, audit.timeCreated, audit.why)
        elif isinstance(made, Attested):
            row = (made.owner, made.word, made.time, made.report.why)
        elif isinstance(made, Reviewed):
            decision = DECISIONS[made.decision]
            row = (made.reviewer, decision, made.time, made.comment)
        else:
            reason = Sentence(made.reason, made.reason)
            if made.successor:
                reason += Sentence(f" (by {made.successor})", f"（由 {made.successor} 取代）")
            row = (made.owner, Sentence(made.status, STATUSES[made.status]), made.time, reason)
        rows.append(dict(zip(_ROW, row, strict=True)))
    no_more = Sentence("counts no more", "不再算数")
    return [
        *rows,
        *(dict(zip(_ROW, ("", no_more, "", refused.message), strict=True)) for refused in untimely),
    ]
