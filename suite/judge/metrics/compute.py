"""All metrics of a run: a pure function of its evidence, the same bytes wherever it is computed."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from msgspec import UNSET
from msgspec.structs import replace

from suite.declare.analysis.arrived import NO_SOURCE
from suite.declare.scenarios.phase import (
    has_exact_lengths,
    is_conversation,
    is_shortened,
    session_of,
)
from suite.documents.card_phase import Ending, Series, TokenCount
from suite.documents.document import given
from suite.documents.value import NotMeasured, Value
from suite.judge.log import lengths, search, steady
from suite.judge.log.details import PhaseDetails
from suite.judge.log.limit import limited_by
from suite.judge.log.recounts import recounts
from suite.judge.log.samples import collect
from suite.judge.metrics import energy, rouge
from suite.judge.metrics.devices import device_series
from suite.judge.metrics.engine import engine_series
from suite.judge.metrics.inputs import PhaseInputs
from suite.judge.metrics.registry import PHASE_SOURCES, RUN_SOURCES
from suite.judge.metrics.series import series
from suite.judge.metrics.turns import turns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.documents.card_phase import Counted
    from suite.documents.phase import Phase, ScenarioKind
    from suite.evidence import Evidence
    from suite.judge.log.samples import PhaseSamples
    from suite.judge.metrics.metric import Needs, PhaseSource
    from suite.judge.metrics.rouge_pairs import Scores


MOST_REASONS = 12
"""Finish reasons that a card lists; engines have three or four."""
MOST_REASON = 40
"""Characters of one."""
Questions = Literal["tasks", "history", "synthetic", "shortened"]
"""What a phase asks: the tasks alone; tasks with other tasks and answers before them; texts without a reference; tasks
with answers that end early."""


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """One measured phase, its repeats taken together.

    Attributes:
        metrics: every metric of scope ``phase`` by name.
        series: what the plots draw; empty where the phase was not measured.
        token_source: which count of generated tokens says how long answers are: ``token ids``, ``engine usage``,
            ``own tokenizer`` or ``none``.
        arrival_source: which count feeds the metrics of tokens over time; see `suite.declare.analysis.arrived`.
        questions: what the phase asks; only answers to ``tasks`` are held to the reference.
        details: what is said of the phase beside its metrics.
    """

    name: str
    scenario: ScenarioKind
    repeats: int
    metrics: dict[str, Value]
    series: Series
    token_source: str
    arrival_source: str
    questions: Questions = "tasks"
    details: PhaseDetails = field(default_factory=PhaseDetails)


@dataclass(frozen=True, slots=True)
class Results:
    """What a run comes to.

    Attributes:
        phases: by name, in the plan's order.
        run: every metric of scope ``run`` by name.
        baseline: ROUGE of the first sentence of each document that was asked (LEAD-1).
        scores: ROUGE of every pair of reference and text that was scored for them.
    """

    phases: dict[str, PhaseResult]
    run: dict[str, Value]
    baseline: dict[str, Value]
    scores: Mapping[tuple[str, str], Scores] = field(default_factory=dict)


def questions(doc: Phase) -> Questions:
    """What a phase asks."""
    if has_exact_lengths(doc):
        return "synthetic"
    if is_shortened(doc):
        return "shortened"
    return "history" if is_conversation(doc) and session_of(doc).turns > 1 else "tasks"


def _obstacle(phase: PhaseSamples, needs: Needs) -> str:
    """Why metrics with these needs cannot be told of a phase; "" where they can."""
    return {"one-load": phase.obstacle, "answers": phase.invalid, "requests": ""}[needs]


def _values(source: PhaseSource, inputs: PhaseInputs) -> dict[str, Value]:
    obstacle = _obstacle(inputs.phase, source.needs)
    if obstacle:
        return {metric.id: NotMeasured(obstacle) for metric in source.metrics}
    over = inputs.phase.over
    withheld = {
        metric.id: NotMeasured(over) for metric in source.metrics if over and metric.withheld
    }
    if len(withheld) == len(source.metrics):
        return {**withheld}
    values = source.compute(inputs)
    return {metric.id: withheld.get(metric.id, values[metric.id]) for metric in source.metrics}


def _details(inputs: PhaseInputs) -> PhaseDetails:
    phase = inputs.phase
    seen = not phase.obstacle
    return PhaseDetails(
        not_run=given(phase.doc.not_run, ""),
        finish_reasons=_finish_reasons(phase),
        ended=_endings(phase),
        steady=steady.details(inputs.steady_states) if seen else (),
        drifting=steady.drifting(inputs.steady_states) if seen else {},
        searches=inputs.searches,
        turns=turns(phase) if seen else (),
        token_counts=_token_counts(inputs),
        lengths=lengths.lengths(phase) if seen else None,
        backlogs={each.number: each.backlog for each in phase.repeats if each.backlog is not None},
        limited_by=limited_by(phase, inputs.searches),
        track=steady.track(phase) if seen else None,
        energy=energy.source(inputs),
    )


def _finish_reasons(phase: PhaseSamples) -> dict[str, int]:
    """Requests by finish reason, those that failed included, the most frequent first."""
    reasons = Counter(
        (event.finish_reason or "none")[:MOST_REASON]
        for repeat in phase.repeats
        for event in repeat.events
    )
    return dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:MOST_REASONS])


def _token_counts(inputs: PhaseInputs) -> tuple[TokenCount, ...]:
    """How each source counts the phase, with what its count makes of the metrics where that differs.

    The probes of a search were judged by one count: for others there is only the sum.
    """
    phase = inputs.phase
    counts = []
    for recount in recounts(phase):
        values: dict[str, Value] = {}
        if recount.differ and not phase.obstacle:
            values = _recomputed(dataclasses.replace(inputs, phase=recount.samples()), recount.of)
        counts.append(
            TokenCount(
                of=recount.of,
                source=recount.source,
                tokens=recount.tokens,
                differ=recount.differ,
                metrics=values,
            )
        )
    return tuple(counts)


def _recomputed(inputs: PhaseInputs, of: Counted) -> dict[str, Value]:
    """The metrics that depend on a count of generated tokens; where nobody saw them arrive, all on the claim."""
    objective = inputs.objectives.tpot_ms is not None
    unseen = inputs.phase.arrival_source == NO_SOURCE
    values: dict[str, Value] = {}
    for source in PHASE_SOURCES:
        names = [
            metric.id
            for metric in source.metrics
            if metric.depends_on_count(tpot_objective=objective)
            and (unseen or metric.by_claim == (of == "claimed"))
        ]
        if names:
            computed = _values(source, inputs)
            values |= {name: computed[name].stored() for name in names}
    return values


def _endings(phase: PhaseSamples) -> tuple[Ending, ...]:
    """How each repeat that ran came to its end."""
    return tuple(
        Ending(
            repeat=repeat.number,
            by=repeat.log.noted.text("ended_by"),
            most=repeat.log.doc.tasks,
            sent=len(repeat.events),
            seconds=max(0.0, repeat.window_s),
        )
        for repeat in phase.repeats
        if repeat.events
    )


def _series(inputs: PhaseInputs) -> Series:
    """What the plots draw; of an over-saturated phase no latency, of one with an obstacle its devices alone."""
    phase, evidence = inputs.phase, inputs.evidence
    devices = device_series(phase, evidence.plan, evidence.telemetry)
    curves = (*devices, *engine_series(inputs)) or UNSET
    if phase.obstacle:
        return Series(devices=curves)
    plots = series(phase)
    if phase.over:
        return Series(throughput=plots.throughput, devices=curves)
    return replace(plots, devices=curves)


def _phase(
    phase: PhaseSamples, evidence: Evidence, scored: Mapping[tuple[str, str], Scores]
) -> PhaseResult:
    inputs = PhaseInputs(phase, evidence, scored)
    metrics: dict[str, Value] = {}
    for source in PHASE_SOURCES:
        metrics |= _values(source, inputs)
    return PhaseResult(
        name=phase.name,
        scenario=phase.scenario,
        repeats=len(phase.repeats),
        metrics=metrics,
        series=_series(inputs),
        token_source=phase.token_source,
        arrival_source=phase.arrival_source,
        questions=questions(phase.doc),
        details=_details(inputs),
    )


def _score(
    phases: list[PhaseSamples], evidence: Evidence
) -> tuple[dict[tuple[str, str], Scores], set[str]]:
    """ROUGE of every pair that a phase or the baseline needs, and the tasks that were asked."""
    tasks = evidence.tasks
    tasks_asked = {answer.event.task for phase in phases for answer in phase.answers}
    pairs = [
        (tasks[answer.event.task].reference, answer.event.text)
        for phase in phases
        if not has_exact_lengths(phase.doc) and not is_shortened(phase.doc)
        for answer in search.texts(phase)
        if answer.event.task in tasks
    ]
    scored = sorted(tasks_asked & set(tasks))
    pairs += [(tasks[name].reference, tasks[name].lead) for name in scored]
    return rouge.score_texts(pairs), tasks_asked


def _run(evidence: Evidence) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for source in RUN_SOURCES:
        values |= source.compute(evidence)
    return values


def compute(evidence: Evidence) -> Results:
    """Compute every metric of a run.

    Raises:
        EvidenceError: ``value-not-finite`` when the evidence is damaged.
    """
    phases = collect(evidence)
    scored, asked = _score(phases, evidence)
    return Results(
        phases={phase.name: _phase(phase, evidence, scored) for phase in phases},
        run=_run(evidence),
        baseline=rouge.lead(evidence.tasks, asked, scored),
        scores=scored,
    )
