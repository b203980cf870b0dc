"""Start-up and conversion times, from the marks of the log; they lie outside every measured phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
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
        return NotMeasured(f"the log has no mark {missing[0]}")
    seconds = (times[end] - times[start]) / NS_PER_S
    return Measured(seconds, "s", 1, None, None, "one start, no interval")


@run_metrics(
    (
        Metric(
            "startup_healthy_s",
            "s",
            "lower",
            "start-up",
            Bilingual("Start to healthy", "启动至就绪"),
            Bilingual.symbols("engine.healthy − engine.start"),
            "From starting the engine to its first good health answer.",
        ),
        Metric(
            "startup_first_answer_s",
            "s",
            "lower",
            "start-up",
            Bilingual("Start to first answer", "启动至首次应答"),
            Bilingual.symbols("engine.first_answer − engine.start"),
            "From starting the engine to its first generated answer.",
        ),
        Metric(
            "conversion_s",
            "s",
            "lower",
            "start-up",
            Bilingual("Weight conversion", "权重转换"),
            Bilingual.symbols("conversion.end − conversion.start"),
            "Time of the conversion step, where the engine needs one.",
        ),
    )
)
def startup(evidence: Evidence) -> dict[str, Value]:
    """Start-up and conversion times."""
    plan, marks = evidence.plan, evidence.marks
    conversion: Value = NotMeasured("the plan has no conversion step")
    if any(mark.name == "conversion.reused" for mark in marks):
        conversion = NotMeasured("the weights of an earlier conversion were used again")
    elif plan.conversion is not None:
        conversion = _between(marks, "conversion.start", "conversion.end")
    if plan.runtime == "endpoint":
        why = "the engine was already running"
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
