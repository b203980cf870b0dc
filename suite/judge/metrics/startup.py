"""Start-up and conversion times, from the marks of the log; they lie outside every measured phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.values import Measured, NotMeasured, Value
from suite.judge.metrics.samples import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.declare.plandoc import PlanDoc
    from suite.eventdoc import MarkEvent


def _between(marks: Sequence[MarkEvent], start: str, end: str) -> Value:
    """Seconds from the first mark of one name to the first of another."""
    times: dict[str, int] = {}
    for mark in marks:
        times.setdefault(mark["name"], mark["t"])
    missing = [name for name in (start, end) if name not in times]
    if missing:
        return NotMeasured(f"the log has no mark {missing[0]}")
    seconds = (times[end] - times[start]) / NS_PER_S
    return Measured(seconds, "s", 1, None, None, "one start, no interval")


def startup(plan: PlanDoc, marks: Sequence[MarkEvent]) -> dict[str, Value]:
    """The run's start-up metrics."""
    conversion: Value = NotMeasured("the plan has no conversion step")
    if any(mark["name"] == "conversion.reused" for mark in marks):
        conversion = NotMeasured("the weights of an earlier conversion were used again")
    elif plan["conversion"] is not None:
        conversion = _between(marks, "conversion.start", "conversion.end")
    if plan["runtime"] == "endpoint":
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
