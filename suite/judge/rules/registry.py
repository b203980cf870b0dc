"""All rules in the order of their numbers: every module of this package is asked for its own."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Final

from suite.base import versions
from suite.declare.known import release_of
from suite.documents.document import given
from suite.judge import rules
from suite.judge.rules.rule import registered

if TYPE_CHECKING:
    from collections.abc import Callable

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


SINCE: Final[tuple[tuple[Callable[[Evidence], object], frozenset[str]], ...]] = (
    (lambda run: run.growth, frozenset({"R103", "R104"})),
    (lambda run: run.attempts, frozenset({"R108"})),
    (lambda run: run.device_evidence, frozenset({"R115", "R116", "R117"})),
    (lambda run: run.farm, frozenset({"R118", "R119", "R120", "R121", "R122", "R123"})),
    (lambda run: run.nodes, frozenset({"R130", "R131", "R132", "R133"})),
)
"""What a run holds that no release without these rules could write, and so is asked of it whichever one it names."""


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
    """Apply every rule that the run is asked: those of the suite that it names, and what that suite could not have done."""
    return tuple(rule.apply(evidence, results) for rule in _asked(evidence))


def _asked(evidence: Evidence) -> tuple[Rule, ...]:
    suite, challenge = evidence.plan.suite, given(evidence.plan.challenge)
    issuer = None if challenge is None else given(challenge.suite)
    if issuer is not None and not versions.at_least(suite.version, issuer):
        return RULES  # no earlier suite reads such a challenge
    asked = {rule.number for rule in rules_for(suite)}
    asked |= {number for held, numbers in SINCE if held(evidence) for number in numbers}
    return tuple(rule for rule in RULES if rule.number in asked)
