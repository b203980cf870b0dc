"""Evidence in, scorecard out: the one path by which a run is judged, for the first time and by `verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.judge import scorecard
from suite.judge.checks import run_checks
from suite.judge.metrics.compute import compute

if TYPE_CHECKING:
    from suite.evidence import Evidence
    from suite.judge.scorecarddoc import ScorecardDoc


def score(evidence: Evidence) -> ScorecardDoc:
    """Compute every metric, apply every rule and build the scorecard; pure and deterministic."""
    results = compute(evidence)
    return scorecard.build(evidence, results, run_checks(evidence, results))
