"""Rules about what was loaded: weights that had to be converted first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.errors import SuiteError
from suite.declare.plan.conversion import artefact_problems, declared_step
from suite.declare.plan.shipped import shipped_vendor
from suite.documents.document import given
from suite.judge.rules.rule import Finding, failed, not_applicable, of, passed, rule, warned

if TYPE_CHECKING:
    from suite.documents.engine import Conversion
    from suite.documents.plan import Plan
    from suite.documents.provenance import Provenance
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

OUTPUTS_FACT = "conversion.outputs_sha256"
"""Digest over the list of converted files, taken when they were given to the engine."""


_UNCONVERTED = Sentence("nothing was converted", "没有转换")


def _converted(evidence: Evidence) -> Provenance | Finding:
    """What a conversion left; a finding where nothing was converted."""
    return evidence.provenance or not_applicable(_UNCONVERTED)


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


@rule(
    "R090",
    title=Bilingual("No parameter is lost in the conversion", "转换不丢失参数"),
    asks=Bilingual(
        "The converted files hold as many parameters as the model, most of them in the type that the step names; where "
        "their format is read.",
        "转换后的文件与模型的参数个数相同，且多数为该步骤所写明的类型；以能读取其格式为限。",
    ),
    reason=Bilingual(
        "A model that lost layers on the way is faster, and may still write sentences.",
        "途中丢了层的模型更快，仍可能写出句子。",
    ),
    phases="run",
    broken=Bilingual("fail", "fail"),
)
def complete_conversion(evidence: Evidence, _: Results) -> Finding:
    """As many parameters come out as go in, in the type that is named."""
    plan, provenance = evidence.plan, evidence.provenance
    if plan.conversion is None or provenance is None:
        return not_applicable(_UNCONVERTED)
    if not provenance.census_after:
        return not_applicable(
            Sentence("the format of the converted files is not read", "无法读取转换后文件的格式")
        )
    if wrong := artefact_problems(plan.conversion, plan.model, provenance.census_after):
        return failed(wrong[0], wrong)
    kinds = ", ".join(f"{row.parameters:,} {row.dtype}" for row in provenance.census_after)
    return passed(Sentence(f"{kinds}: as many as the model has", f"{kinds}：与模型的参数个数相同"))


VANISHED_SHARE = 1e-3
"""Of a tensor's values; a bfloat16 model in float16 loses hardly any."""


@rule(
    "R091",
    title=Bilingual("Rounded weights keep their values", "舍入后的权重保持其值"),
    asks=Bilingual(
        "Where a conversion writes a narrower type, no weight becomes infinite (fail), and of no tensor more than one "
        "value in a thousand becomes 0 (warning); the source has no weight that is infinite or no number (warning).",
        "转换写入更窄的类型时，没有权重变为无穷大（否则 fail），任一张量中变为 0 的值不超过千分之一（否则警告）；"
        "来源中没有无穷大或非数的权重（否则警告）。",
    ),
    reason=Bilingual(
        "bfloat16 reaches far beyond float16: what does not fit is lost before the first answer.",
        "bfloat16 的范围远大于 float16：放不下的值在第一个回答之前就已丢失。",
    ),
    phases="run",
    broken=Bilingual("fail or warn", "fail 或 warn"),
)
@of(_converted)
def rounded_weights(_: Evidence, provenance: Provenance) -> Finding:
    """Nothing overflows, and hardly anything vanishes."""
    lost = provenance.rounding
    if isinstance(lost, str):
        return not_applicable(Sentence(f"no loss to tell: {lost}", f"没有可说明的损失：{lost}"))
    infinite = [row for row in lost.tensors if row.overflowed]
    if infinite:
        count = sum(row.overflowed for row in infinite)
        return failed(
            Sentence(
                f"{count} weights of {len(infinite)} tensors do not fit into {lost.dtype}",
                f"{len(infinite)} 个张量的 {count} 个权重超出 {lost.dtype} 的范围",
            ),
            [f"{row.tensor}: {row.overflowed} of {row.values}" for row in infinite],
        )
    broken = [row for row in lost.tensors if given(row.not_finite, 0)]
    if broken:
        return warned(
            Sentence(
                f"the source has weights that are infinite or no number, in {len(broken)} tensors",
                f"来源的 {len(broken)} 个张量含有无穷大或非数的权重",
            ),
            [f"{row.tensor}: {row.not_finite} of {row.values}" for row in broken],
        )
    gone = [row for row in lost.tensors if row.vanished > VANISHED_SHARE * row.values]
    if gone:
        return warned(
            Sentence(
                f"more than one value in a thousand becomes 0 in {len(gone)} tensors",
                f"{len(gone)} 个张量中变为 0 的值超过千分之一",
            ),
            [f"{row.tensor}: {row.vanished} of {row.values}" for row in gone],
        )
    vanished = sum(row.vanished for row in lost.tensors)
    largest = max((row.largest_relative_error for row in lost.tensors), default=0.0)
    return passed(
        Sentence(
            f"{lost.dtype}: nothing overflows, {vanished} values become 0, largest relative error {largest:.2g}",
            f"{lost.dtype}：无溢出，{vanished} 个值变为 0，最大相对误差 {largest:.2g}",
        )
    )


@rule(
    "R092",
    title=Bilingual("The conversion gives the same bytes again", "重复转换得到相同的字节"),
    asks=Bilingual(
        "Where the conversion was run twice (`suite convert --verify-conversion`), both gave the same files.",
        "转换运行两次时（`suite convert --verify-conversion`），两次得到的文件相同。",
    ),
    reason=Bilingual(
        "Only a step that gives the same bytes again lets somebody else check the digests of its files.",
        "只有每次得到相同字节的步骤，他人才能核对其文件的摘要。",
    ),
    phases="run",
    broken=Bilingual("warn", "warn"),
)
@of(_converted)
def repeated_conversion(_: Evidence, provenance: Provenance) -> Finding:
    """A second run of the step gave the same files."""
    again = given(provenance.repeated)
    if again is None:
        return not_applicable(
            Sentence(
                "it was run once; suite convert --verify-conversion runs it twice",
                "只运行了一次；suite convert --verify-conversion 运行两次",
            )
        )
    if again.differing:
        count, whole = len(again.differing), len(provenance.outputs)
        return warned(
            Sentence(
                f"{count} of {whole} files came out otherwise",
                f"{whole} 个文件中有 {count} 个与前次不同",
            ),
            list(again.differing),
        )
    count = len(provenance.outputs)
    return passed(
        Sentence(f"two runs gave the same {count} files", f"两次运行得到相同的 {count} 个文件")
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
