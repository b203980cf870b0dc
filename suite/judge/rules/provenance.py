"""Rules about what was loaded: weights that had to be converted first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.errors import SuiteError
from suite.declare.plan.conversion import declared_step
from suite.declare.plan.shipped import shipped_vendor
from suite.documents.document import given
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, rule

if TYPE_CHECKING:
    from suite.documents.engine import Conversion
    from suite.documents.plan import Plan
    from suite.documents.provenance import Provenance
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

OUTPUTS_FACT = "conversion.outputs_sha256"
"""Digest over the list of converted files, taken when they were given to the engine."""


@rule(
    "R066",
    title=Bilingual("Converted weights come from the plan's model", "转换后的权重源自计划中的模型"),
    asks=Bilingual(
        "Where the plan converts weights, `provenance.json` is there; it names the plan's model and files, the "
        "declared step with its parameters, and the very files that the engine was given.",
        "计划需要转换权重时，`provenance.json` 存在；其中写明计划中的模型与文件、所声明的步骤及参数，"
        "以及实际交给引擎的文件。",
    ),
    reason=Bilingual(
        "Converted weights can be of another model, pruned or retrained on the way.",
        "转换后的权重可能来自另一个模型，或在途中被裁剪、重新训练。",
    ),
    phases="run",
    broken=Bilingual("fail", "fail"),
)
def converted_weights(evidence: Evidence, _: Results) -> Finding:
    """Provenance is there, and fits the plan, the declaration and what the engine loaded."""
    plan, provenance = evidence.plan, evidence.provenance
    step = plan.conversion
    if step is None:
        if provenance is None:
            return not_applicable(Sentence("the weights are loaded as they are", "权重按原样加载"))
        return failed(
            Sentence(
                "weights were converted that the plan does not convert",
                "权重经过转换，而计划并未要求转换",
            ),
            ["provenance.json"],
        )
    if provenance is None:
        return failed(
            Sentence(
                "the plan converts the weights and no provenance.json says how",
                "计划要求转换权重，但没有 provenance.json 说明如何转换",
            ),
            ["plan.json"],
        )
    wrong = [*_inputs(plan, provenance), *_step(evidence, step, provenance)]
    fact = evidence.environment.facts.get(OUTPUTS_FACT)
    if fact is None or given(fact.value) != jsonio.digest(provenance.outputs):
        wrong.append(
            Sentence(
                "the files that came out are not those that the engine was given",
                "转换所得的文件不是交给引擎的文件",
            )
        )
    if wrong:
        return failed(
            Sentence(
                f"the converted weights are in doubt: {wrong[0]}",
                f"转换后的权重存疑：{chinese(wrong[0])}",
            ),
            wrong,
        )
    return passed(
        Sentence(
            f"{step.kind}: {len(provenance.outputs)} files from the plan's model, as declared",
            f"{step.kind}：{len(provenance.outputs)} 个文件源自计划中的模型，与声明一致",
        )
    )


def _inputs(plan: Plan, provenance: Provenance) -> list[str]:
    wrong: list[str] = []
    if provenance.model.sha256 != plan.model.sha256:
        wrong.append(
            Sentence(
                f"they were made from other weights, of {provenance.model.id}",
                f"它们由另一份权重（{provenance.model.id}）转换而来",
            )
        )
    if provenance.inputs != plan.model.files:
        wrong.append(
            Sentence("the files that went in are not the model's", "转换的输入文件不是该模型的文件")
        )
    return wrong


def _step(evidence: Evidence, step: Conversion, provenance: Provenance) -> list[str]:
    """What was done against the plan, and the plan's step against the shipped declaration."""
    plan = evidence.plan
    members = ("kind", "command", "env", "model_type", "parameters")
    wrong: list[str] = [
        Sentence(f"{name} is not the plan's", f"{name} 与计划不符")
        for name in members
        if getattr(provenance, name) != getattr(step, name)
    ]
    try:
        vendor = shipped_vendor(plan, evidence.basis)
    except SuiteError:
        return wrong  # R039 says that the suite ships no such vendor
    if vendor.sha256 != plan.vendor.sha256:
        return wrong  # nor this declaration
    try:
        declared = declared_step(vendor, plan)
    except SuiteError as refused:
        return [*wrong, refused.message]
    if declared is None:
        return [
            *wrong,
            Sentence("no conversion is declared for this engine", "该引擎没有声明任何转换"),
        ]
    return wrong + [
        Sentence(f"the plan's {name} is not the declared one", f"计划的 {name} 与声明不符")
        for name in members
        if getattr(declared, name) != getattr(step, name)
    ]
