"""All views of a run in other tools' terms, so that old numbers can be laid beside new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.documents.value import NotMeasured
from suite.judge.log.samples import collect
from suite.judge.report.othertools import devices, tools
from suite.judge.report.othertools.rouge155 import rouge_155
from suite.judge.report.othertools.view import Totals, obstacle

if TYPE_CHECKING:
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results
    from suite.judge.report.othertools.view import View


def views(evidence: Evidence, results: Results) -> dict[str, list[View] | NotMeasured]:
    """All views by phase name; NotMeasured where the phase itself is, or where its tokens are not counted."""
    phases: dict[str, list[View] | NotMeasured] = {}
    samples = collect(evidence)
    for phase in samples:
        why = obstacle(phase)
        if why:
            phases[phase.name] = NotMeasured(why)
            continue
        totals = Totals.of(phase)
        phases[phase.name] = [
            tools.vllm_serving(totals),
            tools.vllm_offline(totals),
            tools.mtt_offline(totals),
            tools.mtt_serving(totals),
            tools.loadgen(totals),
            *tools.per_token_words(totals),
            tools.xsum_suite(
                totals,
                phase,
                tools.first_token_run(phase, samples),
                evidence.plan,
                results.phases[phase.name],
            ),
            devices.qwen_speed(evidence, phase),
            devices.transformers_records(evidence, phase),
            rouge_155(phase, evidence.tasks, results.phases[phase.name].metrics["rouge1"]),
        ]
    return phases
