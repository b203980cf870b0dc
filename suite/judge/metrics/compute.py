"""All metrics of a run: a pure function of its evidence, the same bytes wherever it is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.values import Measured, NotMeasured, Value
from suite.judge.metrics import energy, latency, mfu, rouge, statistics, throughput
from suite.judge.metrics.registry import names
from suite.judge.metrics.samples import collect
from suite.judge.metrics.series import series
from suite.judge.metrics.startup import startup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.declare.plandoc import PlanDoc, ScenarioKind
    from suite.evidence import Evidence
    from suite.judge.metrics.rouge import Scores
    from suite.judge.metrics.samples import PhaseSamples
    from suite.judge.scorecarddoc import SeriesDoc


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """One measured phase, its repeats taken together.

    Attributes:
        metrics: every metric of scope ``phase`` by name.
        series: what the plots draw; empty where the phase was not measured.
        token_source: which count of generated tokens feeds the metrics: ``token ids``, ``engine usage``,
            ``own tokenizer`` or ``none``.
    """

    name: str
    scenario: ScenarioKind
    repeats: int
    metrics: dict[str, Value]
    series: SeriesDoc
    token_source: str


@dataclass(frozen=True, slots=True)
class Results:
    """What a run comes to.

    Attributes:
        phases: by name, in the plan's order.
        run: every metric of scope ``run`` by name.
        baseline: ROUGE of the first sentence of each document that was asked (LEAD-1).
    """

    phases: dict[str, PhaseResult]
    run: dict[str, Value]
    baseline: dict[str, Value]


def _lengths(phase: PhaseSamples, plan: PlanDoc) -> dict[str, Value]:
    """Generated length and its ratio to the reference run's."""
    if not phase.counts_tokens:
        none = NotMeasured(latency.NO_COUNT)
        return {"generated_tokens_mean": none, "generated_length_ratio": none}
    lengths = [float(answer.generated or 0) for answer in phase.answers]
    mean = statistics.bootstrap_mean(lengths, "tokens")
    reference = (plan["workload"]["quality"]["reference"] or {}).get("generated_tokens")
    ratio: Value = NotMeasured("no reference run for this model")
    if isinstance(mean, Measured) and reference:
        low = None if mean.low is None else mean.low / reference
        high = None if mean.high is None else mean.high / reference
        ratio = Measured(mean.value / reference, "1", mean.n, low, high, mean.interval)
    return {"generated_tokens_mean": mean, "generated_length_ratio": ratio}


def _phase(
    phase: PhaseSamples, evidence: Evidence, scored: Mapping[tuple[str, str], Scores]
) -> PhaseResult:
    plan = evidence.plan
    found: dict[str, Value] = {}
    plots: SeriesDoc = {}
    if phase.obstacle:
        found |= dict.fromkeys(names("phase"), NotMeasured(phase.obstacle))
    else:
        found |= latency.latencies(phase)
        found |= throughput.throughputs(phase, plan["workload"]["objectives"])
        found |= rouge.rouge(phase.answers, evidence.tasks, scored)
        found |= _lengths(phase, plan)
        found |= mfu.utilisation(phase, plan)
        found |= energy.energies(phase, plan, evidence.marks, evidence.telemetry)
        plots = series(phase)
    # What was done and when it was sent is known even of a phase that counts for nothing else.
    found |= latency.counts(phase) | latency.lateness(phase)
    ordered = {name: found[name] for name in names("phase")}
    return PhaseResult(
        phase.name, phase.scenario, len(phase.repeats), ordered, plots, phase.token_source
    )


def _score(
    phases: list[PhaseSamples], evidence: Evidence
) -> tuple[dict[tuple[str, str], Scores], set[str]]:
    """ROUGE of every pair that a phase or the baseline needs, and the tasks that were asked."""
    tasks = evidence.tasks
    asked = {answer.event["task"] for phase in phases for answer in phase.answers}
    pairs = [
        (tasks[answer.event["task"]]["reference"], answer.event["text"])
        for phase in phases
        if not phase.obstacle
        for answer in phase.answers
        if answer.event["task"] in tasks
    ]
    known = sorted(asked & set(tasks))
    pairs += [(tasks[name]["reference"], tasks[name]["lead"]) for name in known]
    return rouge.score_texts(pairs), asked


def compute(evidence: Evidence) -> Results:
    """Compute every metric of a run.

    Raises:
        EvidenceError: ``model-facts-wrong`` or ``value-not-finite`` when the evidence is damaged.
    """
    phases = collect(evidence)
    scored, asked = _score(phases, evidence)
    return Results(
        phases={phase.name: _phase(phase, evidence, scored) for phase in phases},
        run=startup(evidence.plan, evidence.marks),
        baseline=rouge.lead(evidence.tasks, asked, scored),
    )
