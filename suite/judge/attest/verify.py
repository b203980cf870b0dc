"""Verification of one bundle, in numbered steps. The only way to obtain a `Verified`.

::

    1  The bundle is well-formed      envelope.parse: size, strict JSON, exact members, one signature
    2  The key is known               in the trust list by its id, or the key that was given
    3  The signature holds            over DSSE's encoding of type and payload, algorithm from the list
    4  The payload is a statement     statement.parse_statement: strict JSON, clean text, exact members
    5  It states what is expected     predicate type, schema of the predicate, subjects
    6  The signer may state it        role, vendor = owner (trust list only)
    7  The key counted at that time   window and revocation against a verified time (trust list only)
    8  It is for this round           nonce, evidence digest, where the caller expects them

No step looks at anything that an earlier step did not accept, and the payload is parsed only after its
signature held. Refusals have stable codes; they are listed where they are raised and each has a folder
under ``tests/cases/bundle_verify/``.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from suite.base.errors import Place, Problem, TrustError, UsageError
from suite.documents.card import Scorecard
from suite.documents.codec import convert
from suite.documents.document import given
from suite.documents.test_result import TestResult
from suite.judge.attest import envelope
from suite.judge.attest.statement import (
    MANIFEST_SUBJECT,
    REVIEW_TYPE,
    SCORECARD_TYPE,
    TEST_RESULT_TYPE,
    Statement,
    parse_statement,
)
from suite.judge.attest.steps import Steps
from suite.judge.attest.trust import Role

if TYPE_CHECKING:
    from suite.judge.attest.keys import PublicKey
    from suite.judge.attest.steps import Step
    from suite.judge.attest.trust import TrustedKey, TrustList, VerifiedTime

Predicate: TypeAlias = Scorecard | TestResult

PREDICATES: dict[str, type[Predicate]] = {
    SCORECARD_TYPE: Scorecard,
    TEST_RESULT_TYPE: TestResult,
}
"""The document of each predicate that this version can read."""


class Identity(enum.StrEnum):
    """What is known about who signed."""

    TRUSTED = "trusted"  # the trust list names the owner
    GIVEN_KEY = "given-key"  # the caller gave the key; whose it is, the caller knows
    UNPROVEN = "unproven"  # the key came with the document: integrity, no identity


@dataclass(frozen=True, slots=True)
class Expected:
    """What the caller knows beforehand and the document must agree with.

    Attributes:
        predicate_type: what it must be.
        nonce: round identifier that the reviewers issued; None when there is no round.
        manifest_sha256: digest of the evidence at hand; None when there is none.
        time: when the document is known to have existed, see `suite.judge.attest.trust.VerifiedTime`.
    """

    predicate_type: str = SCORECARD_TYPE
    nonce: str | None = None
    manifest_sha256: str | None = None
    time: VerifiedTime | None = None


_SEAL = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A statement whose signature held. Made by `verify_bundle` alone.

    Attributes:
        statement: what was signed; `statement.payload` are the exact bytes.
        document: its predicate, read.
        key_id: which key signed.
        identity: what is known about its owner; only `Identity.TRUSTED` names somebody.
        owner: from the trust list, None otherwise.
        role: from the trust list, None otherwise.
        steps: what was done.
    """

    statement: Statement
    document: Predicate
    key_id: str
    identity: Identity
    owner: str | None
    role: Role | None
    steps: tuple[Step, ...]
    seal: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse to exist without a verification."""
        if self.seal is not _SEAL:
            msg = "Verified is made by verify_bundle alone"
            raise TypeError(msg)

    @property
    def card(self) -> Scorecard:
        """The signed scorecard.

        Raises:
            TypeError: when another kind of predicate was expected and verified.
        """
        if not isinstance(self.document, Scorecard):
            msg = f"a {_kind(self.statement.predicate_type)} holds no scorecard"
            raise TypeError(msg)
        return self.document

    def signer(self) -> str:
        """Who signed, in words that claim no more than is known."""
        match self.identity:
            case Identity.TRUSTED:
                return f"signed by {self.owner} ({self.role}), key {self.key_id}"
            case Identity.GIVEN_KEY:
                return f"signed by the key given, {self.key_id}; its owner is not known here"
            case Identity.UNPROVEN:
                return f"signed by the key that lies beside it, {self.key_id}; identity not established"


def verify_bundle(
    bundle: bytes,
    trust: TrustList | None = None,
    *,
    key: PublicKey | None = None,
    neighbour: PublicKey | None = None,
    expected: Expected | None = None,
    steps: Steps | None = None,
    name: str = "bundle",
) -> Verified:
    """Verify a bundle against a trust list, or one key.

    Args:
        bundle: its bytes.
        trust: the list; the result's identity is then `Identity.TRUSTED`.
        key: a key that the caller vouches for, instead of a list: `Identity.GIVEN_KEY`.
        neighbour: a key that lay beside the bundle, only when there is neither: `Identity.UNPROVEN`. It shows
            that nothing was changed since signing, and nothing about the signer.
        expected: what the document must agree with; by default, that it is a scorecard.
        steps: where to record; a new record otherwise.
        name: what to call the bundle in a refusal.

    Raises:
        TrustError: for everything that is wrong with the document or its signature.
        UsageError: ``trust-ambiguous`` when both a list and a key are given.
    """
    if trust is not None and key is not None:
        hint = "a trust list names owners, a key does not"
        raise UsageError("trust-ambiguous", "give a trust list or a key, not both", hint=hint)
    want = expected or Expected()
    record = steps or Steps()
    first = len(record.done)
    with record.step("The bundle is well-formed") as note:
        parsed = envelope.parse(bundle, name=name)
        note.detail = f"Sigstore bundle v0.3, one signature, {len(parsed.payload):,} signed bytes"
    with record.step("The key is known") as note:
        signer, entry, identity = _signer(parsed.key_id, trust, key, neighbour)
        note.detail = _who(signer, entry, identity)
        if entry is None:
            note.warn("signer-not-listed", note.detail)
    with record.step("The signature holds") as note:
        note.detail = _check_signature(signer, parsed, name)
    with record.step("The payload is an in-toto statement") as note:
        statement = parse_statement(parsed.payload)
        note.detail = f"SHA-256 {statement.sha256}"
    with record.step("It states what is expected") as note:
        document = _check_content(statement, want)
        name = document.SCHEMA
        note.detail = f"predicate {want.predicate_type}, valid against schemas/{name}.schema.json"
    _check_authority(record, statement, document, entry, want)
    with record.step("It belongs to this round and evidence") as note:
        note.detail = _check_expected(statement, document, want)
    return Verified(
        statement=statement,
        document=document,
        key_id=signer.id,
        identity=identity,
        owner=entry.owner if entry else None,
        role=entry.role if entry else None,
        steps=tuple(record.done[first:]),
        seal=_SEAL,
    )


def _signer(
    key_id: str, trust: TrustList | None, key: PublicKey | None, neighbour: PublicKey | None
) -> tuple[PublicKey, TrustedKey | None, Identity]:
    if trust is not None:
        entry = trust.find(key_id)
        return entry.key, entry, Identity.TRUSTED
    chosen, identity = (
        (key, Identity.GIVEN_KEY) if key is not None else (neighbour, Identity.UNPROVEN)
    )
    if chosen is None:
        hint = "give a trust list or a public key; a key is never taken from the document itself"
        raise TrustError("key-missing", "nothing to verify the signature against", hint=hint)
    if chosen.id != key_id:
        message = f"the bundle names the key {key_id}, the key at hand is {chosen.id}"
        raise TrustError("key-unknown", message)
    return chosen, None, identity


def _who(key: PublicKey, entry: TrustedKey | None, identity: Identity) -> str:
    if entry is not None:
        return f"{entry.owner} ({entry.role}), {key.algorithm}, {key.id}"
    if identity is Identity.GIVEN_KEY:
        return f"the key given, {key.id}; owner unknown"
    return f"the key that lies beside the run, {key.id}; identity not established"


def _check_signature(signer: PublicKey, parsed: envelope.Bundle, name: str) -> str:
    if not signer.holds(parsed.signature, envelope.pae(parsed.payload)):
        message = "the signature is not over this payload by this key"
        raise TrustError("signature-invalid", message, Place(name))
    return f"{signer.algorithm} over the DSSE encoding of the payload"


def check_predicate(statement: Statement) -> Predicate:
    """Read the predicate by the schema of its type, and hold a scorecard's subjects against the card.

    Raises:
        TrustError: ``predicate-type-unknown``, ``predicate-schema``, ``statement-subject``.
    """
    kind = PREDICATES.get(statement.predicate_type)
    if kind is None:
        place = Place("payload", None, "/predicateType")
        message = f"this version does not read a {_kind(statement.predicate_type)}"
        raise TrustError("predicate-type-unknown", message, place)
    try:
        document = convert(statement.predicate, kind, file="predicate", error=TrustError)
    except TrustError as cause:
        problems = cause.problems or (Problem(cause.message, cause.place, cause.hint),)
        first = problems[0]
        message = f"the predicate breaks the {kind.SCHEMA} schema: {first.message}"
        raise TrustError("predicate-schema", message, first.place, first.hint, problems) from cause
    if statement.subject(MANIFEST_SUBJECT) is None:
        message = f"no subject {MANIFEST_SUBJECT}: the statement is about no evidence"
        raise TrustError("statement-subject", message, Place("payload", None, "/subject"))
    if isinstance(document, Scorecard):
        _check_image(statement, document)
    return document


def _check_image(statement: Statement, card: Scorecard) -> None:
    """The image in the subjects and the image on the card must be one and the same, or both absent."""
    others = [item for item in statement.subjects if item.name != MANIFEST_SUBJECT]
    stated = [(item.name, f"sha256:{item.digest.sha256}") for item in others]
    digest = card.engine.image_digest
    if stated != ([(card.engine.image_reference, digest)] if digest else []):
        message = "the subjects and the scorecard name different images"
        raise TrustError("statement-subject", message, Place("payload", None, "/subject"))


def _check_content(statement: Statement, want: Expected) -> Predicate:
    if statement.predicate_type != want.predicate_type:
        place = Place("payload", None, "/predicateType")
        message = (
            f"a {_kind(statement.predicate_type)} where a {_kind(want.predicate_type)} is expected"
        )
        raise TrustError("predicate-type-differs", message, place)
    return check_predicate(statement)


def _kind(predicate_type: str) -> str:
    names = {SCORECARD_TYPE: "scorecard", TEST_RESULT_TYPE: "test result", REVIEW_TYPE: "review"}
    return names.get(predicate_type, predicate_type)


def vendor_of(document: Predicate) -> str:
    """The vendor that a predicate says it is about."""
    if isinstance(document, Scorecard):
        return document.vendor.id
    *_, vendor = document.configuration
    return vendor.annotations.id


def _check_authority(
    record: Steps,
    statement: Statement,
    document: Predicate,
    entry: TrustedKey | None,
    want: Expected,
) -> None:
    if entry is None:
        record.skipped("The signer may state it", "no trust list, so nobody's role is known")
        record.skipped("The key counted at that time", "no trust list, so no window is known")
        return
    with record.step("The signer may state it") as note:
        if not entry.role.may_sign(statement.predicate_type):
            kind = _kind(statement.predicate_type)
            message = f"{entry.owner} is a {entry.role}; its keys do not sign a {kind}"
            raise TrustError("role-forbids", message)
        vendor = vendor_of(document)
        if entry.role is Role.VENDOR and vendor != entry.owner:
            message = f"the key belongs to {entry.owner}, the statement is about {vendor!r}"
            raise TrustError("vendor-differs", message, Place("payload", None, "/predicate/vendor"))
        note.detail = f"a {entry.role}'s key, and the vendor is its owner"
    with record.step("The key counted at that time") as note:
        note.detail = entry.check_time(want.time)


def _check_expected(statement: Statement, document: Predicate, want: Expected) -> str:
    wanted = []
    if want.manifest_sha256 is not None:
        signed = statement.subject(MANIFEST_SUBJECT)
        if signed != want.manifest_sha256:
            message = f"signed for the evidence {signed}, at hand is {want.manifest_sha256}"
            raise TrustError("subject-differs", message, Place("payload", None, "/subject"))
        wanted.append("signed for the evidence at hand")
    if want.nonce is not None:
        nonce = given(document.run.nonce) if isinstance(document, Scorecard) else None
        if nonce != want.nonce:
            message = f"the round is {want.nonce!r}, the statement says {nonce!r}"
            hint = "a result of an earlier round cannot be handed in again"
            raise TrustError(
                "nonce-differs", message, Place("payload", None, "/predicate/run"), hint
            )
        wanted.append(f"round {want.nonce}")
    return "; ".join(wanted) or "no round and no evidence to compare with"
