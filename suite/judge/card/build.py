"""Evidence, metrics and findings in, scorecard out. Pure: the same evidence gives the same bytes.

Nothing is computed here that a metric or a rule could own; this module arranges, cleans text for signing, and
says the verdict in a sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET
from msgspec.structs import replace

from suite.base.bilingual import Sentence
from suite.base.status import Outcome
from suite.documents.card import (
    SCORECARD_SCHEMA,
    CardVendor,
    Check,
    DivisionReason,
    DivisionResult,
    MetricDescription,
    Plausibility,
    QualityResult,
    QualityRow,
    Scorecard,
    Verdict,
)
from suite.documents.card_phase import CardPhase
from suite.documents.plan import UsedDevices
from suite.documents.sentences import table
from suite.documents.text import Text
from suite.documents.value import Measured, stored
from suite.judge.attest.deviceevidence import answers, attestation
from suite.judge.card import details, load, subject
from suite.judge.card.clients import clients
from suite.judge.card.headline import headline, widest
from suite.judge.card.leaves import cut, signable
from suite.judge.card.level import level
from suite.judge.card.standing import standings
from suite.judge.card.timeline import breakdown
from suite.judge.card.verdict import conformant, grant, verdict
from suite.judge.metrics import rouge
from suite.judge.metrics.registry import METRIC_SCHEMA, REGISTRY

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from msgspec import UnsetType

    from suite.base.bilingual import Bilingual
    from suite.documents.deviceevidence import DeviceAttestation
    from suite.evidence import Evidence
    from suite.judge.card.verdict import Grant
    from suite.judge.metrics.compute import PhaseResult, Results
    from suite.judge.rules.rule import RuleResult


SIGNED: Final = frozenset({"R115", "R116"})
"""The rules that both pass where the devices signed for the run."""


def build(evidence: Evidence, results: Results, checks: Sequence[RuleResult]) -> Scorecard:
    """Build the scorecard of a run.

    Args:
        evidence: what the run left.
        results: its metrics.
        checks: the findings of all rules.

    Returns:
        A document that obeys ``schemas/scorecard.schema.json``; every text in it may be signed.
    """
    plan = evidence.plan
    granted = grant(evidence, checks)
    facts = subject.facts(evidence)
    card = Scorecard(
        scorecard_schema=SCORECARD_SCHEMA,
        metric_schema=METRIC_SCHEMA,
        run=subject.run(evidence),
        suite=plan.suite,
        verdict=Verdict(
            conformant=conformant(checks),
            outcome=verdict(checks).value,
            sentence=_sentence(checks, granted),
        ),
        division=_division(granted),
        level=level(evidence, checks),
        vendor=CardVendor(
            id=plan.vendor.id,
            name=plan.vendor.name,
            emulated=plan.vendor.emulated,
            declaration_sha256=plan.vendor.sha256,
        ),
        runtime=plan.runtime,
        runtime_note=plan.runtime_note,
        devices=UsedDevices(
            count=plan.devices.count,
            accelerator=plan.devices.accelerator,
            name=plan.devices.name,
            claimed=plan.devices.claimed,
        ),
        engine=subject.engine(evidence, facts),
        model=subject.model(evidence),
        workload=subject.workload(plan.workload),
        peaks=plan.peaks,
        environment=facts,
        startup={name: value.stored() for name, value in results.run.items()},
        time_breakdown=tuple(breakdown(evidence)),
        phases=tuple(_phase(phase, evidence) for phase in results.phases.values()),
        quality=_quality(evidence, results),
        headline=tuple(headline(plan, results)),
        checks=tuple(_check(check) for check in checks),
        metrics=definitions(
            {*results.run, *(n for p in results.phases.values() for n in p.metrics)}
        ),
        attestation=device_attestation(evidence, checks),
        clients=clients(evidence),
        task_defects=evidence.environment.task_defects,
        standing=standings(evidence),
        notes=evidence.environment.notes,
    )
    return signable(replace(card, chinese=table(card) or UNSET))


def device_attestation(
    evidence: Evidence, checks: Sequence[RuleResult]
) -> DeviceAttestation | UnsetType:
    """What the devices signed, where R115 and R116 passed."""
    passed = {check.rule for check in checks if check.outcome is Outcome.PASS}
    if not passed >= SIGNED:
        return UNSET
    return attestation(evidence, answers(evidence)[0])


def _sentence(checks: Sequence[RuleResult], granted: Grant) -> Text:
    rules: dict[str, list[str]] = {}
    for check in checks:
        rules.setdefault(check.outcome.value, []).append(check.rule)
    bad = [*rules.get("fail", []), *rules.get("error", [])]
    if bad:
        noun = "rule" if len(bad) == 1 else "rules"
        english = f"{len(bad)} {noun} failed: {', '.join(sorted(bad))}."
        chinese = f"{len(bad)} 条规则未通过：{'、'.join(sorted(bad))}。"
    else:
        passed, warned = len(rules.get("pass", [])), len(rules.get("warn", []))
        english = f"No rule failed: {passed} passed" + (
            f", {warned} with a warning." if warned else "."
        )
        chinese = f"没有规则未通过：{passed} 条通过" + (f"，{warned} 条警告。" if warned else "。")
    names = {"closed": "封闭", "optimised": "优化", "open": "开放"}
    if granted.granted == granted.requested:
        english += f" Division: {granted.granted}."
        chinese += f"赛道：{names[granted.granted]}。"
    else:
        english += f" Division: {granted.granted}, not {granted.requested} as requested."
        chinese += f"赛道：{names[granted.granted]}，未达到所申请的{names[granted.requested]}。"
    return Text(en=english, zh=chinese)


def _division(granted: Grant) -> DivisionResult:
    return DivisionResult(
        requested=granted.requested,
        granted=granted.granted,
        reasons=tuple(
            DivisionReason(rule=check.rule, why=cut(check.why)) for check in granted.obstacles
        ),
    )


def _phase(phase: PhaseResult, evidence: Evidence) -> CardPhase:
    planned = next(
        item for item in evidence.plan.workload.phases if item.name == phase.name and item.measured
    )
    card = CardPhase(
        name=phase.name,
        scenario=phase.scenario,
        load=load.load(planned),
        tasks=planned.tasks,
        repeats=phase.repeats,
        metrics={name: value.stored() for name, value in phase.metrics.items()},
        series=phase.series,
        token_source=phase.token_source,
        arrival_source=phase.arrival_source,
    )
    return details.complete(card, planned, phase.details)


def _quality(evidence: Evidence, results: Results) -> QualityResult:
    planned = evidence.plan.workload.quality
    phase = widest(results)
    reference = planned.reference
    bounds = dict.fromkeys(rouge.TYPES, planned.rouge_ratio_min)
    bounds["generated_tokens_mean"] = planned.length_ratio_min
    rows: list[QualityRow] = []
    for name, share in bounds.items():
        if phase is None or name not in phase.metrics:
            continue
        reference_value = None
        if reference is not None:
            reference_value = reference.get(
                "generated_tokens" if name == "generated_tokens_mean" else name
            )
        baseline = results.baseline.get(name)
        rows.append(
            QualityRow(
                metric=name,
                value=phase.metrics[name].stored(),
                reference=None if reference_value is None else stored(reference_value),
                bound=None if reference_value is None else stored(reference_value * share),
                baseline=None if baseline is None else baseline.stored(),
            )
        )
    floor = {"rouge1": planned.rouge1_floor, "rouge2": planned.rouge2_floor}
    ceiling = {"rouge1": planned.rouge1_ceiling, "rouge2": planned.rouge2_ceiling}
    return QualityResult(
        phase=phase.name if phase else "",
        reference_source=planned.reference_source if reference is not None else "",
        rows=tuple(rows),
        plausibility=_plausibility(results, floor, ceiling),
        floor=floor,
        ceiling=ceiling,
    )


def _plausibility(
    results: Results, floor: dict[str, float], ceiling: dict[str, float]
) -> Plausibility:
    """As R022: one phase outside the range is enough."""
    values = [
        (value.value, name)
        for phase in results.phases.values()
        for name in floor
        if isinstance(value := phase.metrics.get(name), Measured)
    ]
    if not values:
        return "not-judged"
    if any(value < floor[name] for value, name in values):
        return "below-floor"
    if any(value > ceiling[name] for value, name in values):
        return "above-ceiling"
    return "plausible"


def _text(words: Bilingual) -> Text:
    return Text(en=words.en, zh=words.zh)


def _check(check: RuleResult) -> Check:
    return Check(
        rule=check.rule,
        outcome=check.outcome.value,
        title=_text(check.title),
        why=cut(check.why),
        evidence=tuple(cut(place) for place in check.evidence),
    )


def definitions(names: Collection[str]) -> dict[str, MetricDescription]:
    """What the card says of these metrics, in the registry's order."""
    return {
        metric.id: MetricDescription(
            order=order,
            title=_text(metric.title),
            unit=metric.unit,
            direction=metric.direction,
            formula=Sentence(*metric.formula),
            definition=metric.definition,
            standing=metric.standing,
        )
        for order, metric in enumerate(REGISTRY.values())
        if metric.id in names
    }
