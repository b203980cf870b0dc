"""Which numbers lead a scorecard: how much, how soon, how fast, how well served, how good, how well used.

The choice looks at what kinds of load the run has; a number that was not measured stays in its place with its
reason, but for the best point of a sweep, which can only be chosen among points that were measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.declare.scenarios import SCENARIOS
from suite.documents.card import Headline
from suite.documents.value import Measured
from suite.judge.log.samples import sets_none
from suite.judge.metrics.registry import PHASE_METRICS

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.declare.scenarios import Scenario
    from suite.documents.plan import Plan
    from suite.judge.metrics.compute import PhaseResult, Results
    from suite.judge.metrics.metric import Place

    ByScenario = dict[Scenario, list[PhaseResult]]

_LEADING = sorted(
    ((metric.headline, metric) for metric in PHASE_METRICS if metric.headline),
    key=lambda pair: pair[0].rank,
)


def headline(plan: Plan, results: Results) -> list[Headline]:
    """The numbers for a reader who has ten seconds, the most telling first."""
    phases: ByScenario = {}
    for phase in results.phases.values():
        if not phase.details.not_run:
            phases.setdefault(SCENARIOS[phase.scenario], []).append(phase)
    concurrency = {phase.name: phase.concurrency or 0 for phase in plan.workload.phases}
    busy = _first(phases, lambda kind: kind.headline.throughput, _best_throughput)
    quiet = _first(
        phases,
        lambda kind: kind.headline.latency,
        lambda points: min(points, key=lambda point: concurrency[point.name]),
    )
    served = _served(plan, phases)
    scored = widest(results)
    ordinary = any(kind.asks_tasks for kind in phases)
    places: dict[Place, PhaseResult | None] = {
        "search": _start(phases, lambda kind: kind.searches),
        "busy": busy,
        "quiet": quiet,
        "served": served,
        "unserved": None if served else quiet,
        "soak": _start(phases, lambda kind: kind.watches_drift),
        "scored": scored or (busy if ordinary else None),
    }
    return [
        Headline(phase=leader.name, metric=metric.id)
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


def _start(phases: ByScenario, fits: Callable[[Scenario], bool]) -> PhaseResult | None:
    """The first phase of a kind that fits."""
    return next((mine[0] for kind, mine in phases.items() if fits(kind)), None)


def _first(
    phases: ByScenario,
    place: Callable[[Scenario], int | None],
    choose: Callable[[list[PhaseResult]], PhaseResult],
) -> PhaseResult | None:
    """Of the kind that comes first: the chosen point of a curve, else its first phase."""
    places = [(where, kind.name, kind) for kind in phases if (where := place(kind)) is not None]
    if not places:
        return None
    _, _, kind = min(places, key=lambda entry: entry[:2])
    return choose(phases[kind]) if kind.headline.points else phases[kind][0]


def _best_throughput(points: list[PhaseResult]) -> PhaseResult:
    def value(point: PhaseResult) -> float:
        throughput = point.metrics.get("output_throughput")
        return throughput.value if isinstance(throughput, Measured) else -1.0

    return max(points, key=value)


def _served(plan: Plan, phases: ByScenario) -> PhaseResult | None:
    """The phase for goodput: served by the clock, where there are objectives to meet."""
    if sets_none(plan.workload.objectives):
        return None
    return _start(phases, lambda kind: kind.headline.goodput)
