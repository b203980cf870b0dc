"""Whose key signed a bundle: found, its signature checked, and what its owner may state; steps 2, 3 and 6 of a verification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import Place, TrustError
from suite.documents.audit import Audit
from suite.documents.challenge import Challenge
from suite.documents.receipt import Receipt
from suite.documents.reference import Reference
from suite.documents.reproduction import VerificationSummary
from suite.documents.review import Review
from suite.documents.witness import WitnessReport
from suite.judge.attest import envelope, keyless
from suite.judge.attest.predicate import kind, vendors_of
from suite.judge.attest.stated import Identity
from suite.judge.attest.trusted import Role

if TYPE_CHECKING:
    from suite.judge.attest.keys import PublicKey
    from suite.judge.attest.stated import Stated
    from suite.judge.attest.steps import Steps
    from suite.judge.attest.trust import TrustList
    from suite.judge.attest.trusted import TrustedKey


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose key it is.

    Attributes:
        key: what the signature is checked with.
        entry: of the trust list; None where no list names the key.
        identity: how the key came to be known.
    """

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


def known_signer(
    record: Steps,
    bundle: bytes,
    parsed: envelope.Bundle,
    *,
    trust: TrustList | None,
    key: PublicKey | None,
    neighbour: PublicKey | None,
) -> Signer | None:
    """Step 2; None when the key is not known."""
    signer: Signer | None = None
    with record.attempt(Sentence("The key is known", "密钥已知")) as note:
        if parsed.certificate and trust is not None:
            entry = keyless.certified(bundle, parsed, trust)
            signer = Signer(entry.key, entry, Identity.TRUSTED)
        else:
            signer = _signer(parsed.key_id, trust, key, neighbour)
        note.detail = str(signer)
        if signer.entry is None:
            note.warn("signer-not-listed", note.detail)
    return signer


def _signer(
    key_id: str, trust: TrustList | None, key: PublicKey | None, neighbour: PublicKey | None
) -> Signer:
    if trust is not None:
        entry = trust.find(key_id)
        return Signer(entry.key, entry, Identity.TRUSTED)
    chosen, identity = (
        (key, Identity.GIVEN_KEY) if key is not None else (neighbour, Identity.UNPROVEN)
    )
    if chosen is None:
        hint = Sentence(
            "give the signer's public key (--key FILE) or the reviewers' trust list (--trust FILE); "
            "a key is never taken from the document itself",
            "请提供签名者公钥（--key FILE）或审核者的信任列表（--trust FILE）；密钥绝不取自文件本身",
        )
        raise TrustError(
            "key-missing",
            Sentence("nothing to verify the signature against", "没有可据以核验签名的密钥"),
            hint=hint,
        )
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
    return Signer(chosen, None, identity)


def check_signature(
    record: Steps,
    parsed: envelope.Bundle,
    signer: Signer | None,
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


def check_role(
    record: Steps, stated: Stated, signer: Signer | None, trust: TrustList | None
) -> None:
    """Step 6."""
    what = Sentence("The signer may state it", "签名者有权作此陈述")
    if signer is None or signer.entry is None:
        why = why_unlisted(trust)
        record.skipped(
            what,
            Sentence(f"{why}, so nobody's role is known", f"{chinese(why)}，因此其身份无从得知"),
        )
        return
    with record.attempt(what) as note:
        note.detail = _allowed(signer.entry, stated)


def why_unlisted(trust: TrustList | None) -> str:
    """Why nothing is known of a signer but the key."""
    return (
        Sentence("no trust list", "没有信任列表")
        if trust is None
        else Sentence("the key is not on the list", "密钥不在列表中")
    )


def _allowed(entry: TrustedKey, stated: Stated) -> str:
    predicate_type = stated.statement.predicate_type
    if not entry.role.may_sign(predicate_type):
        message = Sentence(
            f"{entry.owner} is a {entry.role}; its keys do not sign a {kind(predicate_type)}",
            f"{entry.owner} 的身份是 {entry.role}；其密钥不签署{chinese(kind(predicate_type))}",
        )
        raise TrustError("role-forbids", message)
    if isinstance(
        stated.document,
        Receipt | Review | Audit | WitnessReport | VerificationSummary | Challenge | Reference,
    ):
        return f"a {entry.role}'s key"
    vendors = vendors_of(stated.document)
    for vendor in vendors:
        if vendor not in entry.signs_for:
            whose = (
                Sentence("belongs to", "属于")
                if entry.role is Role.VENDOR
                else Sentence(f"of {entry.owner} signs for", f"（{entry.owner}）代表")
            )
            listed = ", ".join(entry.signs_for)
            message = Sentence(
                f"the key {whose} {listed}, the statement is about {vendor!r}",
                f"该密钥{whose.zh} {listed}，而声明文本针对 {vendor!r}",
            )
            raise TrustError("vendor-differs", message, Place("payload", None, "/predicate/vendor"))
    if entry.role is Role.LAB:
        return f"a lab's key, listed as signing for {', '.join(vendors)}"
    return f"a {entry.role}'s key, and the vendor is its owner"
