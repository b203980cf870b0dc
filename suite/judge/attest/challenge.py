"""Challenges of a round and the commitments that they answer: made, read, and held against a trust list."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import Place, TrustError
from suite.documents.challenge import Challenge
from suite.documents.codec import plain
from suite.documents.commitment import Commitment
from suite.documents.document import given
from suite.judge.attest import envelope
from suite.judge.attest.predicate import check_predicate, kind
from suite.judge.attest.stated import Expected
from suite.judge.attest.statement import (
    CHALLENGE_SUBJECT,
    CHALLENGE_TYPE,
    COMMITMENT_TYPE,
    SKELETON_SUBJECT,
    Statement,
    parse_statement,
    payload_of,
    subject,
)
from suite.judge.attest.times import format_time, parse_time
from suite.judge.attest.verify import Verified, verify_bundle

if TYPE_CHECKING:
    from suite.documents.challenge import BasisChallenge
    from suite.judge.attest.steps import Steps
    from suite.judge.attest.trust import TrustList


def make_challenge(stated: Challenge) -> bytes:
    """The payload of a challenge.

    Raises:
        TrustError: as `suite.judge.attest.statement.make_statement`.
    """
    predicate = plain(stated)
    return payload_of(
        [subject(CHALLENGE_SUBJECT, jsonio.digest(predicate))], CHALLENGE_TYPE, predicate
    )


def read_challenge(data: bytes, name: str) -> tuple[Challenge, Statement]:
    """What a signed challenge states; whose signature it bears is not asked.

    Raises:
        TrustError: it is no sound bundle (`suite.judge.attest.envelope.parse`), or states something else
            (``predicate-type-differs``, ``predicate-schema``, ``statement-subject``).
    """
    statement = _statement(data, name, CHALLENGE_TYPE, Sentence("challenge", "质询"))
    document = check_predicate(statement)
    assert isinstance(document, Challenge)
    return document, statement


def _statement(data: bytes, name: str, predicate_type: str, expected: Sentence) -> Statement:
    """The statement in a bundle, which must be of that kind."""
    statement = parse_statement(envelope.parse(data, name=name).payload)
    if statement.predicate_type != predicate_type:
        message = Sentence(
            f"a {kind(statement.predicate_type)} where a {expected} is expected",
            f"应为{expected.zh}，而这是{chinese(kind(statement.predicate_type))}",
        )
        raise TrustError("predicate-type-differs", message, Place(name))
    return statement


def make_commitment(stated: Commitment) -> bytes:
    """The payload of a commitment.

    Raises:
        TrustError: as `suite.judge.attest.statement.make_statement`.
    """
    about = [subject(SKELETON_SUBJECT, stated.skeleton_sha256)]
    return payload_of(about, COMMITMENT_TYPE, plain(stated))


def read_commitment(data: bytes, name: str) -> tuple[Commitment, Statement]:
    """What a signed commitment states; whose signature it bears is not asked.

    Raises:
        TrustError: as `read_challenge`.
    """
    statement = _statement(data, name, COMMITMENT_TYPE, Sentence("commitment", "承诺"))
    document = check_predicate(statement)
    assert isinstance(document, Commitment)
    return document, statement


def verify_commitment(data: bytes, trust: TrustList, name: str) -> Verified:
    """Verify that a vendor of the list, or a lab for it, signed a commitment.

    Raises:
        TrustError: as `verify_challenge`; ``vendor-differs``.
    """
    return verify_bundle(data, trust, expected=Expected(predicate_type=COMMITMENT_TYPE), name=name)


def verify_challenge(data: bytes, trust: TrustList, name: str) -> Verified:
    """Verify that a reviewer of the list issued a challenge.

    Raises:
        TrustError: what its signature is refused for: ``key-unknown``, ``role-forbids``, ``signature-invalid`` and others.
    """
    return verify_bundle(data, trust, expected=Expected(predicate_type=CHALLENGE_TYPE), name=name)


def check_challenge(steps: Steps, under: BasisChallenge, trust: TrustList | None) -> None:
    """Record whether a reviewer issued the challenge of a run, and whether its vendor signed what the challenge answers."""
    name = under.stated.round
    with steps.attempt("A reviewer issued the challenge") as note:
        if trust is None:
            why = f"round {name}; no trust list says who may issue challenges"
            note.warn("signer-not-listed", why)
            return
        issued = verify_challenge(under.bundle.encode(), trust, f"challenge {name}")
        note.detail = f"round {name}, issued by {issued.owner}"
    bundle = given(under.commitment)
    if bundle is None:
        return
    with steps.attempt("The vendor signed the commitment") as note:
        if trust is None:
            note.warn("signer-not-listed", "no trust list says whose key signed it")
            return
        made = verify_commitment(bundle.encode(), trust, f"commitment of {name}")
        note.detail = f"signed by {made.owner}, before the challenge names it"


def outside(challenge: Challenge, begun: dt.datetime, ended: dt.datetime) -> str:
    """Why a stretch of time does not lie within a challenge's validity; "" when it does.

    Args:
        challenge: says from when until when.
        begun: aware.
        ended: aware.
    """
    # The challenge states whole seconds: a run of the same second began after it.
    if begun < parse_time(challenge.issued):
        return Sentence(
            f"begun at {format_time(begun)}, before the challenge was issued at {challenge.issued}",
            f"开始于 {format_time(begun)}，早于质询的发布时间 {challenge.issued}",
        )
    if ended > parse_time(challenge.expires) + dt.timedelta(seconds=1):
        return Sentence(
            f"ended at {format_time(ended)}, after the challenge expired at {challenge.expires}",
            f"结束于 {format_time(ended)}，晚于质询的失效时间 {challenge.expires}",
        )
    return ""


def require_valid(challenge: Challenge, at: dt.datetime, name: str) -> None:
    """Refuse a challenge that counts no more, or not yet.

    Raises:
        TrustError: ``challenge-expired``.
    """
    if outside(challenge, at, at):
        when = Sentence(
            f"it counts from {challenge.issued} to {challenge.expires}, now is {format_time(at)}",
            f"有效期为 {challenge.issued} 至 {challenge.expires}，现在是 {format_time(at)}",
        )
        hint = Sentence(
            "ask the reviewers for a challenge of a round that is open, and look at this machine's clock",
            "请向评审方索取开放中的轮次的质询，并检查本机时钟",
        )
        raise TrustError(
            "challenge-expired",
            Sentence(
                f"the challenge {challenge.round}: {when}",
                f"质询 {challenge.round}：{when.zh}",
            ),
            Place(name),
            hint,
        )
