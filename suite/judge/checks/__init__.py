"""Numbered rules over the evidence. A missed bound is a result, never an exception.

R001-R009 the log, R010-R019 the load, R020-R029 the answers, R030-R039 the division,
R040-R049 the scenarios.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.status import Outcome, worst
from suite.judge.checks import conduct, division, integrity, origin, quality, scenarios, underload
from suite.judge.checks.division import Grant, grant
from suite.judge.checks.result import CheckResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

__all__ = ["RULES", "CheckResult", "Grant", "conformant", "grant", "run_checks", "verdict"]

RULES = (
    *integrity.RULES,
    *conduct.RULES,
    *quality.RULES,
    *underload.RULES,
    *division.RULES,
    *origin.RULES,
    *scenarios.RULES,
)
"""All rules in the order of their numbers."""


def run_checks(evidence: Evidence, results: Results) -> tuple[CheckResult, ...]:
    """Apply every rule."""
    return tuple(rule.apply(evidence, results) for rule in RULES)


def verdict(checks: Sequence[CheckResult]) -> Outcome:
    """Roll the findings up; nothing judged is an error."""
    return worst(check.outcome for check in checks)


def conformant(checks: Sequence[CheckResult]) -> bool:
    """True when something was judged and nothing failed. Warnings limit the division, not the verdict."""
    return verdict(checks) in (Outcome.PASS, Outcome.WARN)
