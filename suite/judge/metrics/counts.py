"""What was done and when it was sent: known even of a phase that counts for nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from suite.base.bilingual import Bilingual, Sentence
from suite.documents.value import Measured, NotMeasured, Value, exact
from suite.judge import intervals
from suite.judge.log.samples import CLOSED_LOOP
from suite.judge.metrics.metric import Metric, phase_metric, phase_metrics

if TYPE_CHECKING:
    from suite.judge.metrics.inputs import PhaseInputs


@phase_metric(
    Metric(
        "completed",
        "requests",
        "none",
        "throughput",
        Bilingual("Completed requests", "完成的请求数"),
        Bilingual("count", "计数"),
        Sentence(
            "Measured requests that ended well, over all repeats.",
            "所有重复中正常结束的测量请求数。",
        ),
    ),
    needs="requests",
)
def completed(inputs: PhaseInputs) -> Value:
    """Requests that ended well."""
    phase = inputs.phase
    return exact(len(phase.answers), "requests", len(phase.answers) + phase.failed)


@phase_metric(
    Metric(
        "failed",
        "requests",
        "lower",
        "throughput",
        Bilingual("Failed requests", "失败的请求数"),
        Bilingual("count", "计数"),
        Sentence(
            "Measured requests that did not; they enter no latency.",
            "未正常结束的测量请求数；不计入任何延迟。",
        ),
    ),
    needs="requests",
)
def failed(inputs: PhaseInputs) -> Value:
    """Requests that did not."""
    phase = inputs.phase
    return exact(phase.failed, "requests", len(phase.answers) + phase.failed)


def _lateness(statistic: str, title: Bilingual, formula: Bilingual) -> Metric:
    return Metric(
        f"send_lateness_{statistic}",
        "ms",
        "lower",
        "client",
        title,
        formula,
        Sentence(
            "How late the client sent; open-loop phases only.",
            "客户端发送的滞后；仅限开环阶段。",
        ),
    )


LATENESS = (
    _lateness(
        "p50",
        Bilingual("Send lateness, median", "发送滞后，中位数"),
        Bilingual("median of t_send − t_sched", "t_send − t_sched 的中位数"),
    ),
    _lateness(
        "p99",
        Bilingual("Send lateness, 99th percentile", "发送滞后，第 99 百分位"),
        Bilingual("99th percentile of t_send − t_sched", "t_send − t_sched 的第 99 百分位"),
    ),
    _lateness(
        "max",
        Bilingual("Send lateness, largest", "发送滞后，最大值"),
        Bilingual("max of t_send − t_sched", "t_send − t_sched 的最大值"),
    ),
)


@phase_metrics(LATENESS, needs="requests")
def lateness(inputs: PhaseInputs) -> dict[str, Value]:
    """How late the client sent."""
    phase = inputs.phase
    late = np.asarray(phase.lateness_ms, dtype=np.float64)
    names = [metric.id for metric in LATENESS]
    if not phase.open_loop:
        return dict.fromkeys(names, NotMeasured(CLOSED_LOOP))
    if len(late) == 0:
        return dict.fromkeys(
            names, NotMeasured(Sentence("no request was made", "没有发出任何请求"))
        )
    largest = float(late[-1])
    return {
        "send_lateness_p50": intervals.percentile_value(late, 50.0, "ms"),
        "send_lateness_p99": intervals.percentile_value(late, 99.0, "ms"),
        "send_lateness_max": Measured(
            largest,
            "ms",
            len(late),
            None,
            None,
            Sentence("the largest, no interval", "最大值，无区间"),
        ),
    }
