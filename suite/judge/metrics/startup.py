"""Start-up and conversion times, from the marks of the log; they lie outside every measured phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence
from suite.documents.value import Measured, NotMeasured, Value
from suite.judge.log.samples import NS_PER_S
from suite.judge.metrics.metric import Metric, run_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.event import Mark
    from suite.evidence import Evidence


def _between(marks: Sequence[Mark], start: str, end: str) -> Value:
    """Seconds from the first mark of one name to the first of another."""
    times: dict[str, int] = {}
    for mark in marks:
        times.setdefault(mark.name, mark.t)
    missing = [name for name in (start, end) if name not in times]
    if missing:
        return NotMeasured(
            Sentence(f"the log has no mark {missing[0]}", f"日志中没有 {missing[0]} 标记")
        )
    seconds = (times[end] - times[start]) / NS_PER_S
    return Measured(
        seconds, "s", 1, None, None, Sentence("one start, no interval", "单次启动，无区间")
    )


@run_metrics(
    (
        Metric(
            "startup_healthy_s",
            "s",
            "lower",
            "start-up",
            Bilingual("Start to healthy", "启动至就绪"),
            Bilingual.symbols("engine.healthy − engine.start"),
            Sentence(
                "From starting the engine to its first good health answer.",
                "自启动引擎至其首次健康检查成功。",
            ),
        ),
        Metric(
            "startup_first_answer_s",
            "s",
            "lower",
            "start-up",
            Bilingual("Start to first answer", "启动至首次应答"),
            Bilingual.symbols("engine.first_answer − engine.start"),
            Sentence(
                "From starting the engine to its first generated answer.",
                "自启动引擎至其首个生成的回答。",
            ),
        ),
        Metric(
            "conversion_s",
            "s",
            "lower",
            "start-up",
            Bilingual("Weight conversion", "权重转换"),
            Bilingual.symbols("conversion.end − conversion.start"),
            Sentence(
                "Time of the conversion step, where the engine needs one.",
                "转换步骤所用的时间（引擎需要转换时）。",
            ),
        ),
    )
)
def startup(evidence: Evidence) -> dict[str, Value]:
    """Start-up and conversion times."""
    plan, marks = evidence.plan, evidence.marks
    conversion: Value = NotMeasured(
        Sentence("the plan has no conversion step", "计划中没有转换步骤")
    )
    if any(mark.name == "conversion.reused" for mark in marks):
        conversion = NotMeasured(
            Sentence("the weights of an earlier conversion were used again", "沿用了先前转换的权重")
        )
    elif plan.conversion is not None:
        conversion = _between(marks, "conversion.start", "conversion.end")
    if plan.runtime == "endpoint":
        why = Sentence("the engine was already running", "引擎已在运行")
        healthy: Value = NotMeasured(why)
        answer: Value = NotMeasured(why)
    else:
        healthy = _between(marks, "engine.start", "engine.healthy")
        answer = _between(marks, "engine.start", "engine.first_answer")
    return {
        "startup_healthy_s": healthy,
        "startup_first_answer_s": answer,
        "conversion_s": conversion,
    }
