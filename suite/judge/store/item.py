"""A run on its way into a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from suite.documents.card import Scorecard
    from suite.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Item:
    """One run on its way into a store.

    Attributes:
        payload_sha256: of the signed statement, or of the one that would be signed.
        manifest_sha256: of the evidence's manifest: which run it is.
        signer: who signed, in words that claim no more than is known; empty for an unsigned run.
        evidence: None where only the card is at hand.
    """

    card: Scorecard
    payload_sha256: str
    manifest_sha256: str
    signer: str
    evidence: Evidence | None

    @property
    def worth(self) -> tuple[bool, bool]:
        """Whether it is signed, and whether its evidence is there."""
        return bool(self.signer), self.evidence is not None
