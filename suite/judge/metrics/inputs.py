"""What the metrics of a phase are computed from."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.judge.log import search, steady

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.documents.card_phase import SearchResult
    from suite.documents.plan import Plan
    from suite.documents.workload import Objectives
    from suite.evidence import Evidence
    from suite.judge.log.samples import Answer, PhaseSamples
    from suite.judge.log.steady import SteadyLoad
    from suite.judge.metrics.rouge_pairs import Scores


@dataclass(frozen=True)
class PhaseInputs:
    """A phase, its run, and what several metrics share, worked out once.

    Attributes:
        phase: its requests made ready.
        evidence: of the whole run.
        scores: ROUGE of every pair of reference and answer.
    """

    phase: PhaseSamples
    evidence: Evidence
    scores: Mapping[tuple[str, str], Scores]

    @property
    def plan(self) -> Plan:
        """What was asked of the run."""
        return self.evidence.plan

    @property
    def objectives(self) -> Objectives:
        """The service-level objectives."""
        return self.plan.workload.objectives

    @functools.cached_property
    def texts(self) -> list[Answer]:
        """The answers whose texts count; see `search.texts`."""
        return search.texts(self.phase)

    @functools.cached_property
    def steady_states(self) -> tuple[SteadyLoad, ...]:
        """The steady state of each repeat; of a phase without obstacle."""
        return steady.steady_states(self.phase)

    @functools.cached_property
    def searches(self) -> tuple[SearchResult, ...]:
        """The search of each repeat; empty for a phase that is none."""
        return search.results(self.phase, self.objectives)
