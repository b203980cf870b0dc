"""All rules in the order of their numbers: every module of this package is asked for its own."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Final

from suite.declare.known import release_of
from suite.judge import rules
from suite.judge.rules.rule import registered

if TYPE_CHECKING:
    from suite.documents.plan import SuiteVersion
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results
    from suite.judge.rules.rule import Rule, RuleResult


def _discover() -> tuple[Rule, ...]:
    for module in pkgutil.iter_modules(rules.__path__):
        importlib.import_module(f"{rules.__name__}.{module.name}")
    return registered()


RULES = _discover()
"""All rules."""


ATTEMPTS_RULE: Final = "R108"


def rules_for(suite: SuiteVersion) -> tuple[Rule, ...]:
    """What runs of a suite are asked: every rule; those of its time where it is a listed earlier release.

    Raises:
        TrustError: the list of releases is not there, or breaks its schema.
    """
    release = release_of(suite)
    if release is None:
        return RULES
    return tuple(rule for rule in RULES if rule.number in release.rules)


def apply_rules(evidence: Evidence, results: Results) -> tuple[RuleResult, ...]:
    """Apply every rule that the run is asked; of several attempts every suite's runs are asked."""
    asked = rules_for(evidence.plan.suite)
    if evidence.attempts:  # no listed release can resume a run
        asked = tuple(rule for rule in RULES if rule in asked or rule.number == ATTEMPTS_RULE)
    return tuple(rule.apply(evidence, results) for rule in asked)
