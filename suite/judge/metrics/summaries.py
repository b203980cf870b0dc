"""ROUGE of the answers, over the very requests that were timed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence
from suite.declare.scenarios.phase import has_exact_lengths, is_shortened
from suite.documents.value import NotMeasured, Value
from suite.judge.log.lengths import SYNTHETIC
from suite.judge.metrics import rouge
from suite.judge.metrics.metric import Headline, Metric, phase_metrics

if TYPE_CHECKING:
    from suite.judge.metrics.inputs import PhaseInputs

SHORTENED = Sentence("its answers end before a summary does", "其回答在摘要完成之前截止")
_OVER = Sentence(
    "rouge-score with stemmer, over the very answers that were timed.",
    "使用带词干提取的 rouge-score，评分对象即被计时的回答。",
)


def _rouge(
    name: str,
    title: str,
    of: Bilingual,
    definition: str = _OVER,
    headline: Headline | None = None,
) -> Metric:
    formula = Bilingual(f"mean F-measure of {of.en}", f"{of.zh}的 F 值均值")
    return Metric(
        name,
        "1",
        "higher",
        "quality",
        Bilingual.symbols(title),
        formula,
        definition,
        headline=headline,
    )


@phase_metrics(
    (
        _rouge(
            "rouge1", "ROUGE-1", Bilingual("unigrams", "一元词组"), headline=Headline(8, "scored")
        ),
        _rouge("rouge2", "ROUGE-2", Bilingual("bigrams", "二元词组")),
        _rouge("rougeL", "ROUGE-L", Bilingual("the longest common subsequence", "最长公共子序列")),
        _rouge(
            "rougeLsum",
            "ROUGE-Lsum",
            Bilingual("the summary-level longest common subsequence", "摘要级最长公共子序列"),
            Sentence(
                "rouge-score with stemmer; sentences are split at line breaks.",
                "使用带词干提取的 rouge-score；以换行切分句子。",
            ),
        ),
    ),
    needs="answers",
)
def scores(inputs: PhaseInputs) -> dict[str, Value]:
    """Every ROUGE of a phase."""
    if has_exact_lengths(inputs.phase.doc):
        return dict.fromkeys(rouge.TYPES, NotMeasured(SYNTHETIC))
    if is_shortened(inputs.phase.doc):
        return dict.fromkeys(rouge.TYPES, NotMeasured(SHORTENED))
    return rouge.rouge(inputs.texts, inputs.evidence.tasks, inputs.scores)
