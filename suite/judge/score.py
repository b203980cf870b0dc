"""Evidence in, scorecard out: the one path by which a run is judged, for the first time and by `verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.judge.card import build
from suite.judge.log.texts import bounded
from suite.judge.metrics.compute import compute
from suite.judge.rules.registry import apply_rules

if TYPE_CHECKING:
    from suite.documents.card import Scorecard
    from suite.evidence import Evidence


def score(evidence: Evidence) -> Scorecard:
    """Compute every metric, apply every rule and build the scorecard; pure and deterministic."""
    evidence = bounded(evidence)
    results = compute(evidence)
    return build.build(evidence, results, apply_rules(evidence, results))
