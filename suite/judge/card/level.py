"""How far a run as a whole can be trusted, derived from its evidence.

Self-reported is every run. Challenged is one under a challenge whose rules all passed: it follows from the challenge, and new
tasks were answered as fast and as well as known ones. Whether a reviewer signed the challenge is no fact of the run: a
trust list says, when the card is verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.status import Outcome
from suite.documents.card import DivisionReason, LevelResult
from suite.documents.document import given
from suite.judge.attest import envelope
from suite.judge.card.leaves import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.evidence import Evidence
    from suite.judge.rules.rule import RuleResult

CHALLENGED: Final = frozenset({"R097", "R098", "R099"})
"""The rules that all pass where a run is challenged."""
UNFAILED: Final = frozenset({"R100", "R103", "R104"})
"""The rules that must not fail there: not every challenge answers a commitment or names a time-stamping authority."""


def level(evidence: Evidence, checks: Sequence[RuleResult]) -> LevelResult:
    """The level of a run.

    Args:
        evidence: what the run left.
        checks: the findings of all rules.
    """
    reasons = tuple(
        DivisionReason(rule=check.rule, why=cut(check.why))
        for check in checks
        if (check.rule in CHALLENGED and check.outcome is not Outcome.PASS)
        or (check.rule in UNFAILED and check.outcome is Outcome.FAIL)
    )
    if reasons or not {check.rule for check in checks} >= CHALLENGED:
        return LevelResult(level="self-reported", reasons=reasons)
    unstamped = tuple(
        DivisionReason(rule=check.rule, why=cut(check.why))
        for check in checks
        if check.rule in UNFAILED and check.outcome is Outcome.WARN
    )
    # R097 read both.
    assert evidence.basis is not None
    under = given(evidence.basis.challenge)
    assert under is not None
    key_id = envelope.parse(under.bundle.encode(), name="challenge").key_id
    return LevelResult(
        level="challenged", round=under.stated.round, issuer=key_id or UNSET, reasons=unstamped
    )
