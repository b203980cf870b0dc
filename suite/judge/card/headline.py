"""Which numbers lead a scorecard: how much, how soon, how fast, how well served, how good, how well used.

The choice looks at what kinds of load the run has; a number that was not measured stays in its place with its
reason, but for the best point of a sweep, which can only be chosen among points that were measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.values import Measured
from suite.judge.metrics.registry import PHASE_METRICS

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.declare.plandoc import PlanDoc
    from suite.judge.metrics.compute import PhaseResult, Results
    from suite.judge.metrics.metric import Place
    from suite.judge.scorecarddoc import HeadlineDoc

_LEADING = sorted(
    ((metric.headline, metric) for metric in PHASE_METRICS if metric.headline),
    key=lambda pair: pair[0].rank,
)
_TASK_LOADS = ("single_stream", "offline", "server")
_BUSY = ("offline", "concurrency", "server", "soak", "multi_turn", "single_stream")
"""Where throughput is looked for, the best place first."""
_QUIET = ("single_stream", "concurrency", "multi_turn", "server", "soak", "offline")
"""Where latency is looked for: the lightest load first."""


def headline(plan: PlanDoc, results: Results) -> list[HeadlineDoc]:
    """The numbers for a reader who has ten seconds, the most telling first."""
    by_scenario: dict[str, list[PhaseResult]] = {}
    for phase in results.phases.values():
        if not phase.details.not_run:
            by_scenario.setdefault(phase.scenario, []).append(phase)
    concurrency = {phase["name"]: phase["concurrency"] or 0 for phase in plan["workload"]["phases"]}
    busy = _first(by_scenario, _BUSY, _best_throughput)
    quiet = _first(
        by_scenario, _QUIET, lambda points: min(points, key=lambda point: concurrency[point.name])
    )
    served = _served(plan, by_scenario)
    scored = widest(results)
    ordinary = any(kind in by_scenario for kind in _TASK_LOADS)
    places: dict[Place, PhaseResult | None] = {
        "search": _start(by_scenario, "slo_search"),
        "busy": busy,
        "quiet": quiet,
        "served": served,
        "unserved": None if served else quiet,
        "soak": _start(by_scenario, "soak"),
        "scored": scored or (busy if ordinary else None),
    }
    return [
        {"phase": leader.name, "metric": metric.id}
        for headline, metric in _LEADING
        if (leader := places[headline.place]) is not None and metric.id in leader.metrics
    ]


def widest(results: Results) -> PhaseResult | None:
    """The phase whose ROUGE covers most tasks: the one that is held against the reference (R020)."""
    scored = [
        (value.n, phase)
        for phase in results.phases.values()
        if isinstance(value := phase.metrics.get("rouge1"), Measured)
    ]
    return max(scored, key=lambda item: item[0])[1] if scored else None


def _start(by_scenario: dict[str, list[PhaseResult]], scenario: str) -> PhaseResult | None:
    return by_scenario.get(scenario, [None])[0]


def _first(
    by_scenario: dict[str, list[PhaseResult]],
    order: tuple[str, ...],
    choose: Callable[[list[PhaseResult]], PhaseResult],
) -> PhaseResult | None:
    """Of the first kind of load that the run has: the chosen point of a sweep, else the first phase."""
    for scenario in order:
        if scenario in by_scenario:
            phases = by_scenario[scenario]
            return choose(phases) if scenario == "concurrency" else phases[0]
    return None


def _best_throughput(points: list[PhaseResult]) -> PhaseResult:
    def value(point: PhaseResult) -> float:
        found = point.metrics.get("output_throughput")
        return found.value if isinstance(found, Measured) else -1.0

    return max(points, key=value)


def _served(plan: PlanDoc, by_scenario: dict[str, list[PhaseResult]]) -> PhaseResult | None:
    """The phase for goodput: served by the clock, where there are objectives to meet."""
    objectives = plan["workload"]["objectives"]
    if all(objectives[name] is None for name in ("ttft_ms", "tpot_ms", "e2e_ms")):
        return None
    return _start(by_scenario, "server")
