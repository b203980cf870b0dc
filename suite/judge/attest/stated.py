"""What a caller expects of a bundle and what the bundle states, before anything is said about who signed it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.documents.card import Scorecard
from suite.judge.attest.predicate import Predicate, kind
from suite.judge.attest.statement import SCORECARD_TYPE, Statement

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
