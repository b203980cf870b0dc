"""What an open loop offered, and what its numbers rest on: rate as drawn, most goodput, Little's law, dependence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence
from suite.declare.analysis.backlog import drawn_rate, effective, most_goodput
from suite.documents.value import Measured, NotMeasured, Value
from suite.judge import intervals
from suite.judge.log.samples import CLOSED_LOOP, MS, NO_TIME
from suite.judge.metrics.metric import Metric, phase_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.judge.log.samples import PhaseSamples
    from suite.judge.metrics.inputs import PhaseInputs

_OFFERED = Metric(
    "offered_rate",
    "requests/s",
    "none",
    "client",
    Bilingual("Offered rate, as drawn", "实际抽得的请求速率"),
    Bilingual(
        "(requests − 1) / (max t_sched − min t_sched)", "(请求数 − 1) / (max t_sched − min t_sched)"
    ),
    Sentence(
        "Requests per second at which an open loop's requests were due, as their arrival times were drawn.",
        "开环请求按抽得的到达时刻计算的每秒到期请求数。",
    ),
    unasked=CLOSED_LOOP,
)
_MOST = Metric(
    "goodput_most",
    "requests/s",
    "none",
    "client",
    Bilingual("Goodput at most", "有效吞吐量上限"),
    Bilingual("requests / (max t_sched − min t_sched)", "请求数 / (max t_sched − min t_sched)"),
    Sentence(
        "What goodput can be at most at this load: every request good, the last one answered at once.",
        "该负载下有效吞吐量的上限：每个请求均达标，且最后一个立即得到回答。",
    ),
    unasked=CLOSED_LOOP,
)
_EFFECTIVE = Metric(
    "effective_requests",
    "requests",
    "none",
    "client",
    Bilingual("Effective sample size", "有效样本量"),
    Bilingual.symbols("n (1 − ρ) / (1 + ρ)"),
    Sentence(
        "How many independent answers tell as much: ρ is the correlation of TTFT from the schedule between neighbours.",
        "相当于多少个独立的回答：ρ 为相邻请求自计划时刻起 TTFT 的相关系数。",
    ),
    unasked=CLOSED_LOOP,
)
_LITTLE = Metric(
    "littles_residual",
    "1",
    "none",
    "client",
    Bilingual("Residual of Little's law", "Little 定律残差"),
    Bilingual(
        "(mean in flight − rate × mean latency) / (rate × mean latency), while requests arrive",
        "（平均在途数 − 速率 × 平均延迟）/（速率 × 平均延迟），以请求到达期间计",
    ),
    Sentence(
        "What was left in flight when the last request came: about 0 in a steady load, −50 % at twice the capacity.",
        "最后一个请求到达时的在途余量：稳态负载约为 0，负载为处理能力两倍时约为 −50 %。",
    ),
    percent=True,
    unasked=CLOSED_LOOP,
)


@phase_metrics((_OFFERED, _MOST, _EFFECTIVE, _LITTLE))
def offered(inputs: PhaseInputs) -> dict[str, Value]:
    """What an open loop offered and left behind, over all repeats."""
    phase = inputs.phase
    if not phase.open_loop:
        return {
            metric.id: NotMeasured(CLOSED_LOOP) for metric in (_OFFERED, _MOST, _EFFECTIVE, _LITTLE)
        }
    count = sum(len(repeat.events) for repeat in phase.repeats)
    starts = [sorted(event.t_sched for event in repeat.events) for repeat in phase.repeats]
    left = [repeat.backlog.residual for repeat in phase.repeats if repeat.backlog is not None]
    return {
        _OFFERED.id: _over_repeats([drawn_rate(each) for each in starts], "requests/s", count),
        _MOST.id: _over_repeats([most_goodput(each) for each in starts], "requests/s", count),
        _EFFECTIVE.id: _effective(phase),
        _LITTLE.id: _over_repeats(left if len(left) == len(phase.repeats) else [None], "1", count),
    }


def _over_repeats(values: Sequence[float | None], unit: str, count: int) -> Value:
    numbers = [value for value in values if value is not None]
    if len(numbers) < len(values):
        return NotMeasured(NO_TIME)
    return intervals.t_value(numbers, unit, count)


def _effective(phase: PhaseSamples) -> Value:
    """Of all repeats together: each has an order of its own."""
    sizes = [
        effective(
            [
                (answer.first - answer.scheduled) * MS
                for answer in sorted(repeat.answers, key=lambda each: each.scheduled)
            ]
        )
        for repeat in phase.repeats
    ]
    count = len(phase.answers)
    return Measured(
        math.fsum(sizes),
        "requests",
        count,
        None,
        None,
        Sentence("all repeats, no interval", "所有重复，无区间"),
    )
