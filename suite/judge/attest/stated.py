"""What a caller expects of a bundle and what the bundle states, before anything is said about who signed it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence, joined
from suite.base.errors import Place, TrustError
from suite.documents.card import Scorecard
from suite.documents.document import given
from suite.judge.attest.predicate import Predicate, kind
from suite.judge.attest.statement import MANIFEST_SUBJECT, SCORECARD_TYPE, Statement

if TYPE_CHECKING:
    from suite.judge.attest.existence import Witness
    from suite.judge.attest.times import VerifiedTime


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
        time: when the document is known to have existed, see `suite.judge.attest.times.VerifiedTime`.
        timestamps: RFC 3161 responses that the caller has, beside those in the bundle.
        receipts: bundles of reviewers' receipts.
        shared: these are for several bundles: those for others are passed over instead of refused.
    """

    predicate_type: str = SCORECARD_TYPE
    nonce: str | None = None
    manifest_sha256: str | None = None
    time: VerifiedTime | None = None
    timestamps: tuple[Witness, ...] = ()
    receipts: tuple[Witness, ...] = ()
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a bundle states; who signed it, and whether that counts, is another question.

    Attributes:
        statement: what was signed; `statement.payload` are the exact bytes.
        document: its predicate, read.
    """

    statement: Statement
    document: Predicate

    @property
    def card(self) -> Scorecard:
        """The stated scorecard.

        Raises:
            TypeError: when another kind of predicate was expected.
        """
        if not isinstance(self.document, Scorecard):
            msg = f"a {kind(self.statement.predicate_type)} holds no scorecard"
            raise TypeError(msg)
        return self.document


def check_expected(stated: Stated, want: Expected) -> str:
    """What a bundle states, held against round and evidence; in words, what was compared.

    Raises:
        TrustError: ``subject-differs``, ``nonce-differs``.
    """
    wanted = []
    if want.manifest_sha256 is not None:
        signed = stated.statement.subject(MANIFEST_SUBJECT)
        if signed != want.manifest_sha256:
            message = Sentence(
                f"signed for the evidence {signed}, at hand is {want.manifest_sha256}",
                f"签名针对的证据为 {signed}，现有的为 {want.manifest_sha256}",
            )
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
