"""How the answers end: at the limit, or in a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence
from suite.declare.scenarios.phase import has_exact_lengths
from suite.documents.value import NotMeasured, Value, exact
from suite.judge.log.loops import ends_in_loop
from suite.judge.metrics.metric import Metric, phase_metric

if TYPE_CHECKING:
    from suite.judge.metrics.inputs import PhaseInputs

NO_ANSWERS = Sentence("no answer's text counts", "没有可计入的回答文本")
EXACT = Sentence(
    "answers of exact lengths go on past their end on purpose", "精确长度的回答有意越过其结尾"
)
NO_REASON = Sentence("the engine gives no finish reason", "引擎未给出结束原因")


@phase_metric(
    Metric(
        "ended_by_length_share",
        "1",
        "none",
        "length",
        Bilingual("Answers ended by the length limit", "因长度上限而结束的回答占比"),
        Bilingual(
            "answers with finish reason length / answers", "结束原因为 length 的回答数 / 回答数"
        ),
        Sentence(
            "Share of the answers that were cut off by the length limit.",
            "因长度上限而截止的回答占比。",
        ),
        percent=True,
    ),
    needs="answers",
)
def ended_by_length_share(inputs: PhaseInputs) -> Value:
    """Share of the answers with the finish reason length."""
    reasons = [answer.event.finish_reason for answer in inputs.texts]
    if not reasons:
        return NotMeasured(NO_ANSWERS)
    if None in reasons:
        return NotMeasured(NO_REASON)
    return exact(reasons.count("length") / len(reasons), "1", len(reasons))


@phase_metric(
    Metric(
        "looping_share",
        "1",
        "lower",
        "quality",
        Bilingual("Answers that end in a loop", "以循环结尾的回答占比"),
        Bilingual(
            "answers whose last half or more repeats itself / answers",
            "后半部分以上自我重复的回答数 / 回答数",
        ),
        Sentence(
            "Share of the answers that say the same three times or more to their end, over half of their length or more.",
            "直至末尾同样内容重复三次以上、且占其长度一半以上的回答占比。",
        ),
        percent=True,
        unasked=EXACT,
    ),
    needs="answers",
)
def looping_share(inputs: PhaseInputs) -> Value:
    """Share of the answers that end in a loop."""
    if has_exact_lengths(inputs.phase.doc):
        return NotMeasured(EXACT)
    texts = [answer.event.text for answer in inputs.texts]
    if not texts:
        return NotMeasured(NO_ANSWERS)
    return exact(sum(map(ends_in_loop, texts)) / len(texts), "1", len(texts))
