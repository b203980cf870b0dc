"""What follows from the findings of all rules: conformant or not, and which division: checked, not claimed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.status import Outcome, worst
from suite.judge.rules.rule import DIVISIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.documents.plan import Plan
    from suite.documents.workload import Division
    from suite.evidence import Evidence
    from suite.judge.rules.rule import Rule, RuleResult


def verdict(checks: Sequence[RuleResult]) -> Outcome:
    """Roll the findings up; nothing judged is an error."""
    return worst(check.outcome for check in checks)


def conformant(checks: Sequence[RuleResult]) -> bool:
    """True when something was judged and nothing failed. Warnings limit the division, not the verdict."""
    return verdict(checks) in (Outcome.PASS, Outcome.WARN)


@dataclass(frozen=True, slots=True)
class Grant:
    """Which division was asked for, which is granted, and the findings in the way of a stricter one."""

    requested: Division
    granted: Division
    obstacles: tuple[RuleResult, ...]


def grant(evidence: Evidence, checks: Sequence[RuleResult]) -> Grant:
    """Grant the strictest division that every finding still allows, but none stricter than requested.

    A rule that limits divisions ends as `WARN` when the run lacks what a stricter one asks for; the run then falls
    to the division that the rule still allows, and that is not a failure.
    """
    return _grant(evidence.plan.workload.division, checks)


def foresee(plan: Plan, rules: Iterable[Rule]) -> Grant:
    """The strictest division that is within reach of a plan, and what is in the way of a stricter one.

    What only a run can tell is taken to end well: the run may still fall to a freer division.
    """
    foreseen = (rule.foresee(plan) for rule in rules)
    return _grant(plan.workload.division, [result for result in foreseen if result is not None])


def _grant(requested: Division, checks: Sequence[RuleResult]) -> Grant:
    rank = DIVISIONS.index(requested)
    obstacles = []
    for check in checks:
        if check.limits is None or check.outcome is not Outcome.WARN:
            continue
        obstacles.append(check)
        rank = max(rank, DIVISIONS.index(check.limits))
    return Grant(requested, DIVISIONS[rank], tuple(obstacles))
