"""Verification of one bundle, in numbered steps. The only way to obtain a `Verified`.

::

    1  The bundle is well-formed      envelope.parse: size, strict JSON, exact members, one signature
    2  The key is known               in the trust list by its id, or the key that was given
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

from suite.base.bilingual import Sentence, chinese, joined
from suite.base.errors import Place, TrustError, UsageError
from suite.documents.audit import Audit
from suite.documents.card import Scorecard
from suite.documents.challenge import Challenge
from suite.documents.document import given
from suite.documents.receipt import Receipt
from suite.documents.reproduction import VerificationSummary
from suite.documents.review import Review
from suite.documents.witness import WitnessReport
from suite.judge.attest import envelope
from suite.judge.attest.existence import received_time, stamped_times
from suite.judge.attest.predicate import check_predicate, kind, vendor_of
from suite.judge.attest.stated import Expected, Identity, Stated
from suite.judge.attest.statement import (
    MANIFEST_SUBJECT,
    REVIEW_TYPE,
    parse_statement,
)
from suite.judge.attest.steps import Steps
from suite.judge.attest.trust import Role

if TYPE_CHECKING:
    from suite.judge.attest.keys import PublicKey
    from suite.judge.attest.steps import Step
    from suite.judge.attest.times import VerifiedTime
    from suite.judge.attest.trust import TrustedKey, TrustList


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


@dataclass(frozen=True, slots=True)
class _Signer:
    key: PublicKey
    entry: TrustedKey | None
    identity: Identity

    def __str__(self) -> str:
        if self.entry is not None:
            return f"{self.entry.owner} ({self.entry.role}), {self.key.algorithm}, {self.key.id}"
        if self.identity is Identity.GIVEN_KEY:
            return Sentence(
                f"the key given, {self.key.id}; owner unknown",
                f"给定的密钥 {self.key.id}；所有者未知",
            )
        return Sentence(
            f"the key that lies beside the run, {self.key.id}; identity not established",
            f"随运行附带的密钥 {self.key.id}；身份未确立",
        )


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
        raise UsageError("trust-ambiguous", "give a trust list or a key, not both", hint=hint)
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
        signer = _known_signer(record, parsed.key_id, trust, key, neighbour)
        _signature_step(record, parsed, signer, neighbour, name)
        stated = _stated(record, parsed, want)
        entry = signer.entry if signer else None
        _role_step(record, stated, entry, _why_unlisted(trust))
        time = _time_step(record, parsed, signer, trust, want)
        with record.attempt(
            Sentence("It belongs to this round and evidence", "属于本轮次与本证据")
        ) as note:
            note.detail = _check_expected(stated, want)
        if signer is not None and len(record.errors) == refused:
            verified = Verified(
                statement=stated.statement,
                document=stated.document,
                key_id=signer.key.id,
                identity=signer.identity,
                owner=signer.entry.owner if signer.entry else None,
                role=signer.entry.role if signer.entry else None,
                time=time,
                steps=tuple(record.done[first:]),
                seal=_SEAL,
            )
    errors = [error for error in record.errors[refused:] if isinstance(error, TrustError)]
    return Examination(stated, verified, errors[0] if errors else None)


def _known_signer(
    record: Steps,
    key_id: str,
    trust: TrustList | None,
    key: PublicKey | None,
    neighbour: PublicKey | None,
) -> _Signer | None:
    """Step 2; None when the key is not known."""
    signer: _Signer | None = None
    with record.attempt(Sentence("The key is known", "密钥已知")) as note:
        signer = _signer(key_id, trust, key, neighbour)
        note.detail = str(signer)
        if signer.entry is None:
            note.warn("signer-not-listed", note.detail)
    return signer


def _signer(
    key_id: str, trust: TrustList | None, key: PublicKey | None, neighbour: PublicKey | None
) -> _Signer:
    if trust is not None:
        entry = trust.find(key_id)
        return _Signer(entry.key, entry, Identity.TRUSTED)
    chosen, identity = (
        (key, Identity.GIVEN_KEY) if key is not None else (neighbour, Identity.UNPROVEN)
    )
    if chosen is None:
        hint = Sentence(
            "give the signer's public key (--key FILE) or the reviewers' trust list (--trust FILE); "
            "a key is never taken from the document itself",
            "请提供签名者公钥（--key FILE）或审核者的信任列表（--trust FILE）；密钥绝不取自文件本身",
        )
        raise TrustError("key-missing", "nothing to verify the signature against", hint=hint)
    if chosen.id != key_id:
        message = Sentence(
            f"the bundle names the key {key_id}, the key at hand is {chosen.id}",
            f"签名包指明的密钥为 {key_id}，手头的密钥为 {chosen.id}",
        )
        hint = Sentence(
            "get the signer's key from the signer, on another way than with the bundle",
            "请经由签名包之外的途径向签名者索取密钥",
        )
        raise TrustError("key-unknown", message, hint=hint)
    return _Signer(chosen, None, identity)


def _signature_step(
    record: Steps,
    parsed: envelope.Bundle,
    signer: _Signer | None,
    neighbour: PublicKey | None,
    name: str,
) -> None:
    """Step 3. Where the signer is not known, a key that lies beside it shows at least that nothing was changed."""
    what = Sentence("The signature holds", "签名有效")
    beside = neighbour if neighbour is not None and neighbour.id == parsed.key_id else None
    key = signer.key if signer else beside
    if key is None:
        record.skipped(what, Sentence("there is no key to check it with", "没有可用于检查的密钥"))
        return
    with record.step(what) as note:
        if not key.holds(parsed.signature, envelope.pae(parsed.payload)):
            message = Sentence(
                "the signature is not over this payload by this key", "该签名不是此密钥对此内容所作"
            )
            raise TrustError("signature-invalid", message, Place(name))
        by = (
            ""
            if signer
            else Sentence(
                ", by the key that lies beside it: unchanged since it was signed",
                "，由随附的密钥所作：签名后未被修改",
            )
        )
        note.detail = Sentence(
            f"{key.algorithm} over the DSSE encoding of the payload{by}",
            f"对内容的 DSSE 编码所作的 {key.algorithm} 签名{chinese(by)}",
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
            hint = "a reviewer's receipt is given with --receipt" if there == "review" else ""
            message = f"a {there} where a {wanted} is expected"
            raise TrustError("predicate-type-differs", message, place, hint)
        document = check_predicate(statement)
        schema = document.SCHEMA
        note.detail = Sentence(
            f"predicate {want.predicate_type}, valid against schemas/{schema}.schema.json",
            f"谓词 {want.predicate_type}，符合 schemas/{schema}.schema.json",
        )
    return Stated(statement=statement, document=document)


def _role_step(record: Steps, stated: Stated, entry: TrustedKey | None, why: str) -> None:
    """Step 6."""
    what = Sentence("The signer may state it", "签名者有权作此陈述")
    if entry is None:
        record.skipped(
            what,
            Sentence(f"{why}, so nobody's role is known", f"{chinese(why)}，因此其身份无从得知"),
        )
        return
    with record.attempt(what) as note:
        note.detail = _check_role(entry, stated)


def _time_step(
    record: Steps,
    parsed: envelope.Bundle,
    signer: _Signer | None,
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
                f"{_why_unlisted(trust)}, so no window is known",
                f"{chinese(_why_unlisted(trust))}，因此有效期无从得知",
            ),
        )
        return None
    time: VerifiedTime | None = None
    with record.attempt(what) as note:
        time, note.findings = _known_time(parsed, trust, want)
        note.detail = entry.check_time(time, note.findings)
    return time


def _why_unlisted(trust: TrustList | None) -> str:
    return (
        Sentence("no trust list", "没有信任列表")
        if trust is None
        else Sentence("the key is not on the list", "密钥不在列表中")
    )


def _check_role(entry: TrustedKey, stated: Stated) -> str:
    predicate_type = stated.statement.predicate_type
    if not entry.role.may_sign(predicate_type):
        message = f"{entry.owner} is a {entry.role}; its keys do not sign a {kind(predicate_type)}"
        raise TrustError("role-forbids", message)
    if isinstance(
        stated.document, Receipt | Review | Audit | WitnessReport | VerificationSummary | Challenge
    ):
        return f"a {entry.role}'s key"
    vendor = vendor_of(stated.document)
    if vendor not in entry.signs_for:
        whose = "belongs to" if entry.role is Role.VENDOR else f"of {entry.owner} signs for"
        message = f"the key {whose} {', '.join(entry.signs_for)}, the statement is about {vendor!r}"
        raise TrustError("vendor-differs", message, Place("payload", None, "/predicate/vendor"))
    if entry.role is Role.LAB:
        return f"a lab's key, listed as signing for {vendor}"
    return f"a {entry.role}'s key, and the vendor is its owner"


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
            message = f"the receipt {item.name}: {cause.message}"
            raise TrustError(cause.code, message, cause.place, cause.hint) from cause
    return min(times, key=lambda time: time.at, default=None), tuple(unused)


def _check_expected(stated: Stated, want: Expected) -> str:
    wanted = []
    if want.manifest_sha256 is not None:
        signed = stated.statement.subject(MANIFEST_SUBJECT)
        if signed != want.manifest_sha256:
            message = f"signed for the evidence {signed}, at hand is {want.manifest_sha256}"
            raise TrustError("subject-differs", message, Place("payload", None, "/subject"))
        wanted.append(Sentence("signed for the evidence at hand", "签名对应手头的证据"))
    if want.nonce is not None:
        document = stated.document
        nonce = given(document.run.nonce) if isinstance(document, Scorecard) else None
        if nonce != want.nonce:
            message = Sentence(
                f"the round is {want.nonce!r}, the statement says {nonce!r}",
                f"轮次为 {want.nonce!r}，声明中为 {nonce!r}",
            )
            hint = Sentence(
                "a result of an earlier round cannot be handed in again",
                "先前轮次的结果不能再次提交",
            )
            raise TrustError(
                "nonce-differs", message, Place("payload", None, "/predicate/run"), hint
            )
        wanted.append(Sentence(f"round {want.nonce}", f"轮次 {want.nonce}"))
    return joined(wanted, "; ", "；") or Sentence(
        "no round and no evidence to compare with", "没有可比较的轮次与证据"
    )
