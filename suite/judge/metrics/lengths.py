"""How long the answers are: on average, against the reference run's, and against what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence
from suite.declare.scenarios.phase import has_exact_lengths, is_shortened
from suite.documents.document import given
from suite.documents.value import Measured, NotMeasured, Value, exact
from suite.judge import intervals
from suite.judge.log.lengths import SYNTHETIC, asked
from suite.judge.log.samples import NO_COUNT
from suite.judge.metrics.metric import Metric, phase_metric, phase_metrics

if TYPE_CHECKING:
    from suite.judge.metrics.inputs import PhaseInputs

SHORTENED = Sentence(
    "its answers end before the reference run's do", "其回答在参考运行的回答结束之前截止"
)
NO_LENGTH = Sentence("no exact length was asked for", "未要求精确长度")


@phase_metrics(
    (
        Metric(
            "generated_tokens_mean",
            "tokens",
            "none",
            "length",
            Bilingual("Generated length, mean", "平均生成长度"),
            Bilingual("mean of the tokens counted", "所计 token 数的均值"),
            Sentence(
                "Generated tokens per answer as the phase's source counts them, an end token included where it does.",
                "按该阶段计数来源所计的每个回答的生成 token 数；该来源计入结束符时亦包含在内。",
            ),
            by_tokens=True,
        ),
        Metric(
            "generated_length_ratio",
            "1",
            "none",
            "length",
            Bilingual("Generated length against the reference", "生成长度与参考之比"),
            Bilingual(
                "mean of the tokens counted / the reference run's mean",
                "所计 token 数的均值 / 参考运行的均值",
            ),
            Sentence(
                "1 means answers as long as the reference run's.", "1 表示回答与参考运行等长。"
            ),
            by_tokens=True,
        ),
    ),
    needs="answers",
)
def generated_lengths(inputs: PhaseInputs) -> dict[str, Value]:
    """Generated tokens per answer, and their ratio to the reference run's."""
    if not inputs.phase.counts_tokens:
        none = NotMeasured(NO_COUNT)
        return {"generated_tokens_mean": none, "generated_length_ratio": none}
    lengths = [float(answer.claimed or 0) for answer in inputs.texts]
    mean = intervals.bootstrap_mean(lengths, "tokens")
    return {"generated_tokens_mean": mean, "generated_length_ratio": _ratio(inputs, mean)}


def _ratio(inputs: PhaseInputs, mean: Value) -> Value:
    reference = (inputs.plan.workload.quality.reference or {}).get("generated_tokens")
    if has_exact_lengths(inputs.phase.doc):
        return NotMeasured(SYNTHETIC)
    if is_shortened(inputs.phase.doc):
        return NotMeasured(SHORTENED)
    if not isinstance(mean, Measured) or not reference:
        return NotMeasured(Sentence("no reference run for this model", "该模型没有参考运行"))
    low = None if mean.low is None else mean.low / reference
    high = None if mean.high is None else mean.high / reference
    return Measured(mean.value / reference, "1", mean.n, low, high, mean.interval)


@phase_metric(
    Metric(
        "output_length_exact",
        "1",
        "higher",
        "length",
        Bilingual("Answers of the length asked for", "长度符合要求的回答占比"),
        Bilingual(
            "answers of exactly the asked length / completed",
            "恰为所要求长度的回答数 / 完成的请求数",
        ),
        Sentence(
            "Share of the answers that have exactly as many tokens as were asked for.",
            "token 数恰为所要求长度的回答占比。",
        ),
        percent=True,
        unasked=NO_LENGTH,
    )
)
def output_length_exact(inputs: PhaseInputs) -> Value:
    """Share of the answers that have exactly the length asked for."""
    phase = inputs.phase
    lengths = given(phase.doc.lengths)
    if lengths is None:
        return NotMeasured(NO_LENGTH)
    if not phase.counts_tokens:
        return NotMeasured(NO_COUNT)
    answers = phase.answers
    exactly = sum(answer.claimed == asked(lengths, answer.event.index)[1] for answer in answers)
    return exact(exactly / len(answers), "1", len(answers))
