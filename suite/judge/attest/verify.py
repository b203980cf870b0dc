"""Verification of one bundle, in numbered steps. The only way to obtain a `Verified`.

::

    1  The bundle is well-formed      envelope.parse: size, strict JSON, exact members, one signature
    2  The key is known               in the trust list by its id, or the key that was given; of a certificate by
                                      the identity that it names, once sigstore has accepted it (keyless)
    3  The signature holds            over DSSE's encoding of type and payload, algorithm from the list
    4  The payload is a statement     statement.parse_statement: strict JSON, clean text, exact members
    5  It states what is expected     predicate type, schema of the predicate, subjects
    6  The signer may state it        role, vendor = owner (trust list only)
    7  The key counted at that time   window and revocation against a verified time (trust list only):
                                      time stamps in the bundle or given, receipts of reviewers
    8  It is for this round           nonce, evidence digest, where the caller expects them

A bundle that is not well-formed, a signature that does not hold and a payload that is no statement end it: no step looks
at anything that those did not accept. Whose key it is, what it may sign and when are other questions: a refusal there is
recorded, and the rest is still done, so that a reviewer sees all of it. Refusals have stable codes; they are listed where they are raised and each has a folder
under ``tests/cases/bundle_verify/``.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import Place, TrustError, UsageError
from suite.judge.attest import envelope
from suite.judge.attest.existence import received_time, stamped_times
from suite.judge.attest.keyless import latest_time
from suite.judge.attest.predicate import check_predicate, kind
from suite.judge.attest.signer import (
    check_role,
    check_signature,
    known_signer,
    why_unlisted,
)
from suite.judge.attest.stated import Expected, Identity, Stated, check_expected
from suite.judge.attest.statement import (
    REVIEW_TYPE,
    parse_statement,
)
from suite.judge.attest.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.judge.attest.keys import PublicKey
    from suite.judge.attest.signer import Signer
    from suite.judge.attest.steps import Step
    from suite.judge.attest.times import VerifiedTime
    from suite.judge.attest.trust import TrustList
    from suite.judge.attest.trusted import Role


_SEAL = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified(Stated):
    """A statement whose signature held. Made by `examine` alone.

    Attributes:
        key_id: which key signed.
        identity: what is known about its owner; only `Identity.TRUSTED` names somebody.
        owner: from the trust list, None otherwise.
        role: from the trust list, None otherwise.
        time: when the signature is known to have existed; None when nobody listed vouches for a time.
        steps: what was done.
    """

    key_id: str
    identity: Identity
    owner: str | None
    role: Role | None
    time: VerifiedTime | None = None
    steps: tuple[Step, ...]
    seal: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse to exist without a verification."""
        if self.seal is not _SEAL:
            msg = "Verified is made by verify_bundle alone"
            raise TypeError(msg)

    def signer(self) -> str:
        """Who signed, in words that claim no more than is known."""
        match self.identity:
            case Identity.TRUSTED:
                return Sentence(
                    f"signed by {self.owner} ({self.role}), key {self.key_id}",
                    f"由 {self.owner}（{self.role}）签名，密钥 {self.key_id}",
                )
            case Identity.GIVEN_KEY:
                return Sentence(
                    f"signed by the key given, {self.key_id}; its owner is not known here",
                    f"由给定的密钥 {self.key_id} 签名；其所有者此处未知",
                )
            case Identity.UNPROVEN:
                return Sentence(
                    f"signed by the key that lies beside it, {self.key_id}; identity not established",
                    f"由随附的密钥 {self.key_id} 签名；签名者身份未确立",
                )


@dataclass(frozen=True, slots=True)
class Examination:
    """What came of a bundle.

    Attributes:
        stated: what it states, where its form and its signature, as far as there was a key, gave no reason to stop.
        verified: the same where nothing was refused.
        error: the first refusal.
    """

    stated: Stated | None
    verified: Verified | None
    error: TrustError | None


def verify_bundle(
    bundle: bytes,
    trust: TrustList | None = None,
    *,
    key: PublicKey | None = None,
    neighbour: PublicKey | None = None,
    expected: Expected | None = None,
    name: str = "bundle",
) -> Verified:
    """Verify a bundle; see `examine`.

    Raises:
        TrustError: the first of everything that is wrong with the document or its signature.
        UsageError: ``trust-ambiguous`` when both a list and a key are given.
    """
    result = examine(bundle, trust, key=key, neighbour=neighbour, expected=expected, name=name)
    if result.verified is None:
        assert result.error is not None
        raise result.error
    return result.verified


def examine(
    bundle: bytes,
    trust: TrustList | None = None,
    *,
    key: PublicKey | None = None,
    neighbour: PublicKey | None = None,
    expected: Expected | None = None,
    steps: Steps | None = None,
    name: str = "bundle",
) -> Examination:
    """Verify a bundle against a trust list, or one key, and say everything that is wrong with it.

    Args:
        bundle: its bytes.
        trust: the list; the result's identity is then `Identity.TRUSTED`.
        key: a key that the caller vouches for, instead of a list: `Identity.GIVEN_KEY`.
        neighbour: a key that lay beside the bundle. When there is neither: `Identity.UNPROVEN`. It shows that
            nothing was changed since signing, and nothing about the signer.
        expected: what the document must agree with; by default, that it is a scorecard.
        steps: where to record; a new record otherwise.
        name: what to call the bundle in a refusal.

    Raises:
        UsageError: ``trust-ambiguous`` when both a list and a key are given.
    """
    if trust is not None and key is not None:
        hint = Sentence(
            "a trust list names owners, a key does not", "信任列表写明所有者，密钥本身则没有"
        )
        raise UsageError(
            "trust-ambiguous",
            Sentence("give a trust list or a key, not both", "请只给出信任列表或密钥之一"),
            hint=hint,
        )
    want, record = expected or Expected(), steps or Steps()
    first, refused = len(record.done), len(record.errors)
    stated: Stated | None = None
    verified: Verified | None = None
    with contextlib.suppress(TrustError):  # recorded by its step
        with record.step(Sentence("The bundle is well-formed", "签名包格式正确")) as note:
            parsed = envelope.parse(bundle, name=name)
            note.detail = Sentence(
                f"Sigstore bundle v0.3, one signature, {len(parsed.payload):,} signed bytes",
                f"Sigstore bundle v0.3，单一签名，签名内容 {len(parsed.payload):,} 字节",
            )
        signer = known_signer(record, bundle, parsed, trust=trust, key=key, neighbour=neighbour)
        check_signature(record, parsed, signer, neighbour, name)
        stated = _stated(record, parsed, want)
        check_role(record, stated, signer, trust)
        time = _time_step(record, parsed, signer, trust, want)
        with record.attempt(
            Sentence("It belongs to this round and evidence", "属于本轮次与本证据")
        ) as note:
            note.detail = check_expected(stated, want)
        if signer is not None and len(record.errors) == refused:
            verified = _verified(stated, signer, time, record.done[first:])
    errors = [error for error in record.errors[refused:] if isinstance(error, TrustError)]
    return Examination(stated, verified, errors[0] if errors else None)


def _verified(
    stated: Stated, signer: Signer, time: VerifiedTime | None, steps: Sequence[Step]
) -> Verified:
    return Verified(
        statement=stated.statement,
        document=stated.document,
        key_id=signer.key.id,
        identity=signer.identity,
        owner=signer.entry.owner if signer.entry else None,
        role=signer.entry.role if signer.entry else None,
        time=time,
        steps=tuple(steps),
        seal=_SEAL,
    )


def _stated(record: Steps, parsed: envelope.Bundle, want: Expected) -> Stated:
    """Steps 4 and 5."""
    with record.step(
        Sentence("The payload is an in-toto statement", "内容是 in-toto 声明")
    ) as note:
        statement = parse_statement(parsed.payload)
        note.detail = f"SHA-256 {statement.sha256}"
    with record.step(Sentence("It states what is expected", "陈述的内容符合预期")) as note:
        if statement.predicate_type != want.predicate_type:
            place = Place("payload", None, "/predicateType")
            there, wanted = kind(statement.predicate_type), kind(want.predicate_type)
            hint = (
                Sentence(
                    "a reviewer's receipt is given with --receipt", "评审方的收据以 --receipt 给出"
                )
                if there == "review"
                else ""
            )
            message = Sentence(
                f"a {there} where a {wanted} is expected",
                f"应为{chinese(wanted)}，而这是{chinese(there)}",
            )
            raise TrustError("predicate-type-differs", message, place, hint)
        document = check_predicate(statement)
        schema = document.SCHEMA
        note.detail = Sentence(
            f"predicate {want.predicate_type}, valid against schemas/{schema}.schema.json",
            f"谓词 {want.predicate_type}，符合 schemas/{schema}.schema.json",
        )
    return Stated(statement=statement, document=document)


def _time_step(
    record: Steps,
    parsed: envelope.Bundle,
    signer: Signer | None,
    trust: TrustList | None,
    want: Expected,
) -> VerifiedTime | None:
    """Step 7; the time at which the signature is known to have existed."""
    what = Sentence("The key counted at that time", "密钥在当时有效")
    entry = signer.entry if signer else None
    if entry is None or trust is None:
        record.skipped(
            what,
            Sentence(
                f"{why_unlisted(trust)}, so no window is known",
                f"{chinese(why_unlisted(trust))}，因此有效期无从得知",
            ),
        )
        return None
    time: VerifiedTime | None = None
    with record.attempt(what) as note:
        time, note.findings = _known_time(parsed, trust, want)
        note.detail = entry.check_time(time, note.findings)
    return time


def _known_time(
    parsed: envelope.Bundle, trust: TrustList, want: Expected
) -> tuple[VerifiedTime | None, tuple[str, ...]]:
    """The earliest time that somebody vouches for, and what was not used, with the reason.

    Raises:
        TrustError: for a stamp or receipt that is broken, or that was given and does not count.
    """
    times, unused = stamped_times(parsed, trust.authorities, want.timestamps, shared=want.shared)
    if want.time is not None:
        times.append(want.time)
    if parsed.certificate:
        times.append(latest_time(parsed))
    for item in want.receipts:
        try:
            receipt = verify_bundle(
                item.data, trust, expected=Expected(predicate_type=REVIEW_TYPE), name=item.name
            )
            times.append(received_time(receipt.statement, receipt.owner or "", parsed, item.name))
        except TrustError as cause:
            if cause.code == "receipt-differs" and want.shared:
                unused.append(f"{item.name}: {cause.message}")
                continue
            message = Sentence(
                f"the receipt {item.name}: {cause.message}",
                f"收据 {item.name}：{chinese(cause.message)}",
            )
            raise TrustError(cause.code, message, cause.place, cause.hint) from cause
    return min(times, key=lambda time: time.at, default=None), tuple(unused)
