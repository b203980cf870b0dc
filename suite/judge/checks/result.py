"""What a rule found. Rules record; reports only read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from suite.base.status import Outcome


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The finding of one numbered rule.

    Attributes:
        rule: its number, for example ``R007``; a number never changes its meaning.
        title: what the rule asks, by language (``en``, ``zh``).
        outcome: how it ended.
        why: one sentence with the numbers that decided.
        evidence: where to look, for example ``events.jsonl: offline/0 request 17``.
    """

    rule: str
    title: dict[str, str]
    outcome: Outcome
    why: str
    evidence: tuple[str, ...] = ()
