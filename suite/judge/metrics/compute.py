"""All metrics of a run: a pure function of its evidence, the same bytes wherever it is computed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from suite.base.values import Measured, NotMeasured, Value
from suite.declare.scenarios.phase import has_exact_lengths, is_conversation, is_search
from suite.judge.metrics import (
    asked_lengths,
    endings,
    energy,
    flight,
    latency,
    mfu,
    rouge,
    searches,
    statistics,
    stretch,
    throughput,
)
from suite.judge.metrics.outcomes import Outcomes
from suite.judge.metrics.registry import names
from suite.judge.metrics.samples import collect
from suite.judge.metrics.series import series
from suite.judge.metrics.startup import startup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.declare.plandoc import PhaseDoc, PlanDoc, ScenarioKind
    from suite.evidence import Evidence
    from suite.judge.metrics.rouge import Scores
    from suite.judge.metrics.samples import Answer, PhaseSamples
    from suite.judge.scorecarddoc import SeriesDoc


Questions = Literal["tasks", "history", "synthetic"]
"""What a phase asks: the tasks alone; tasks with other tasks and answers before them; texts without a reference."""


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """One measured phase, its repeats taken together.

    Attributes:
        metrics: every metric of scope ``phase`` by name.
        series: what the plots draw; empty where the phase was not measured.
        token_source: which count of generated tokens feeds the metrics: ``token ids``, ``engine usage``,
            ``own tokenizer`` or ``none``.
        questions: what the phase asks; only answers to ``tasks`` are held to the reference.
        outcomes: what the phase came to beside its metrics.
    """

    name: str
    scenario: ScenarioKind
    repeats: int
    metrics: dict[str, Value]
    series: SeriesDoc
    token_source: str
    questions: Questions = "tasks"
    outcomes: Outcomes = field(default_factory=Outcomes)


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


def _lengths(phase: PhaseSamples, answers: Sequence[Answer], plan: PlanDoc) -> dict[str, Value]:
    """Generated length and its ratio to the reference run's."""
    if not phase.counts_tokens:
        none = NotMeasured(latency.NO_COUNT)
        return {"generated_tokens_mean": none, "generated_length_ratio": none}
    lengths = [float(answer.generated or 0) for answer in answers]
    mean = statistics.bootstrap_mean(lengths, "tokens")
    reference = (plan["workload"]["quality"]["reference"] or {}).get("generated_tokens")
    ratio: Value = NotMeasured("no reference run for this model")
    if has_exact_lengths(phase.doc):
        ratio = NotMeasured(asked_lengths.SYNTHETIC)
    elif isinstance(mean, Measured) and reference:
        low = None if mean.low is None else mean.low / reference
        high = None if mean.high is None else mean.high / reference
        ratio = Measured(mean.value / reference, "1", mean.n, low, high, mean.interval)
    return {"generated_tokens_mean": mean, "generated_length_ratio": ratio}


def questions(doc: PhaseDoc) -> Questions:
    """What a phase asks."""
    if has_exact_lengths(doc):
        return "synthetic"
    return "history" if is_conversation(doc) and doc["session"]["turns"] > 1 else "tasks"


def _read(phase: PhaseSamples) -> list[Answer]:
    """The answers whose texts count: of a search, those of probes that were sent to their end.

    A probe that was stopped lacks the answers that took longest, which are the long ones.
    """
    if phase.invalid:
        return []
    return searches.whole_answers(phase) if is_search(phase.doc) else phase.answers


def _quality(
    phase: PhaseSamples, evidence: Evidence, scored: Mapping[tuple[str, str], Scores]
) -> dict[str, Value]:
    answers = _read(phase)
    found = _lengths(phase, answers, evidence.plan)
    if has_exact_lengths(phase.doc):
        return found | dict.fromkeys(rouge.TYPES, NotMeasured(asked_lengths.SYNTHETIC))
    return found | rouge.rouge(answers, evidence.tasks, scored)


def _load(phase: PhaseSamples, evidence: Evidence) -> dict[str, Value]:
    """Everything that is said of a phase with one load."""
    plan = evidence.plan
    found = latency.latencies(phase)
    found |= throughput.throughputs(phase, plan["workload"]["objectives"])
    found |= mfu.utilisation(phase, plan)
    found |= energy.energies(phase, plan, evidence.marks, evidence.telemetry)
    found |= flight.in_flight(phase)
    found["output_length_exact"] = asked_lengths.exact_share(phase)
    return found


def _phase(
    phase: PhaseSamples, evidence: Evidence, scored: Mapping[tuple[str, str], Scores]
) -> PhaseResult:
    found: dict[str, Value] = {}
    plots: SeriesDoc = {}
    outcomes = Outcomes(
        not_run=phase.doc.get("not_run", ""),
        ended=endings.ended(phase),
        searches=searches.results(phase, evidence.plan["workload"]["objectives"]),
    )
    found |= dict.fromkeys(names("phase"), NotMeasured(phase.obstacle))
    if not phase.invalid:
        found |= _quality(phase, evidence, scored)
    if not phase.obstacle:
        found |= _load(phase, evidence)
        steady = stretch.stretches(phase)
        found |= stretch.metrics(phase, steady)
        plots = series(phase)
        if phase.over:
            found |= latency.beyond_capacity(found, phase.over)
            plots = {"throughput": plots["throughput"]} if "throughput" in plots else {}
        outcomes = replace(
            outcomes,
            steady=stretch.outcomes(steady),
            turns=asked_lengths.turns(phase),
            lengths=asked_lengths.lengths(phase),
            track=stretch.track(phase),
        )
    found["slo_rate"] = searches.rate(phase, outcomes.searches)
    # What was done and when it was sent is known even of a phase that counts for nothing else.
    found |= latency.counts(phase) | latency.lateness(phase)
    return PhaseResult(
        name=phase.name,
        scenario=phase.scenario,
        repeats=len(phase.repeats),
        metrics={name: found[name] for name in names("phase")},
        series=plots,
        token_source=phase.token_source,
        questions=questions(phase.doc),
        outcomes=outcomes,
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
        if not has_exact_lengths(phase.doc)
        for answer in _read(phase)
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
