"""All rules in the order of their numbers: every module of this package is asked for its own."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from suite.judge import rules
from suite.judge.rules.rule import registered

if TYPE_CHECKING:
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results
    from suite.judge.rules.rule import Rule, RuleResult


def _discover() -> tuple[Rule, ...]:
    for module in pkgutil.iter_modules(rules.__path__):
        importlib.import_module(f"{rules.__name__}.{module.name}")
    return registered()


RULES = _discover()
"""All rules."""


def apply_rules(evidence: Evidence, results: Results) -> tuple[RuleResult, ...]:
    """Apply every rule."""
    return tuple(rule.apply(evidence, results) for rule in RULES)
