"""How many requests were in flight: what a closed loop was held at, and what an open loop ran up to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from suite.base.bilingual import Bilingual, Sentence
from suite.documents.value import Measured, NotMeasured, Value, exact
from suite.judge.log.samples import NO_TIME
from suite.judge.metrics.metric import Metric, phase_metric

if TYPE_CHECKING:
    from collections.abc import Iterable

    from suite.documents.event import Request
    from suite.judge.log.samples import Repeat
    from suite.judge.metrics.inputs import PhaseInputs

NO_INTERVAL = Sentence("whole phase, no interval", "整个阶段，无区间")


def peak(events: Iterable[Request]) -> int:
    """Most requests in flight at the same time."""
    times = np.array([(event.t_send, event.t_end) for event in events], np.int64).reshape(-1, 2)
    steps = np.tile(np.array([1, -1]), len(times))
    # An end sorts before a start at the same nanosecond: the slot was free again.
    order = np.lexsort((steps, times.ravel()))
    return int(np.cumsum(steps[order]).max(initial=0))


def _busy_ns(repeat: Repeat) -> int:
    """Request nanoseconds inside the repeat's window."""
    return sum(
        max(0, min(event.t_end, repeat.end) - max(event.t_send, repeat.first_sent))
        for event in repeat.events
    )


@phase_metric(
    Metric(
        "in_flight_mean",
        "requests",
        "none",
        "client",
        Bilingual("Requests in flight, mean", "在途请求数，均值"),
        Bilingual.symbols("Σ (t_end − t_send) / (max t_n − min t_send)"),
        Sentence("Requests in flight, averaged over the phase.", "阶段内在途请求数的平均值。"),
    )
)
def in_flight_mean(inputs: PhaseInputs) -> Value:
    """Mean over the windows of all repeats; failed requests count while they last."""
    repeats = inputs.phase.repeats
    window = sum(repeat.end - repeat.first_sent for repeat in repeats)
    if window <= 0:
        return NotMeasured(NO_TIME)
    count = sum(len(repeat.events) for repeat in repeats)
    mean = sum(_busy_ns(repeat) for repeat in repeats) / window
    return Measured(mean, "requests", count, None, None, NO_INTERVAL)


@phase_metric(
    Metric(
        "in_flight_peak",
        "requests",
        "none",
        "client",
        Bilingual("Requests in flight, most", "在途请求数，峰值"),
        Bilingual("max over time of requests in flight", "在途请求数随时间的最大值"),
        Sentence("Most requests in flight at one time.", "同一时刻在途请求数的最大值。"),
    )
)
def in_flight_peak(inputs: PhaseInputs) -> Value:
    """The most of any repeat."""
    repeats = inputs.phase.repeats
    if sum(repeat.end - repeat.first_sent for repeat in repeats) <= 0:
        return NotMeasured(NO_TIME)
    count = sum(len(repeat.events) for repeat in repeats)
    return exact(max(peak(repeat.events) for repeat in repeats), "requests", count)
