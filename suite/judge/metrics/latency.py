"""TTFT, TT4T, TPOT, ICL, ITL and end-to-end latency, pooled over the repeats of a phase.

A failed request is infinitely late: a percentile counts it behind every other sample and is not measured where it falls
among such; a mean is not measured at all, since to fail the slowest requests would lower it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from suite.base.bilingual import Bilingual, Sentence
from suite.declare.analysis.arrived import BY_CHUNK, ONE_EACH
from suite.documents.value import NotMeasured, Value
from suite.judge import intervals
from suite.judge.log import tpot as tpot_check
from suite.judge.log.samples import CLOSED_LOOP, MS, NO_ARRIVALS, NO_COUNT
from suite.judge.metrics.metric import (
    STATISTICS,
    Headline,
    Metric,
    Quantity,
    phase_metric,
    phase_metrics,
    statistics_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.base.statistics import Floats
    from suite.judge.log.samples import PhaseSamples
    from suite.judge.metrics.inputs import PhaseInputs

_GAPS = Sentence(
    "no interval: gaps of one answer depend on each other", "无区间：同一回答内的间隔相互关联"
)

TTFT = Quantity(
    "ttft",
    Bilingual("Time to first token (TTFT)", "首 token 延迟（TTFT）"),
    Bilingual.symbols("t_1 − t_send"),
    Sentence(
        "From the first byte of the request to the first chunk that holds a token and shows something: not white space, no "
        "character without width, no role.",
        "自请求的首字节起，至首个含 token 且有可见内容的数据块：不计空白、无宽度字符与角色信息。",
    ),
)
TT4T = Quantity(
    "tt4t",
    Bilingual("Time to the fourth token (TT4T)", "第四个 token 延迟（TT4T）"),
    Bilingual(
        "arrival of the fourth token that shows something − t_send",
        "第四个可见 token 的到达时刻 − t_send",
    ),
    Sentence(
        "As TTFT, to the fourth such token, which a guessed first chunk cannot buy; answers of fewer are not counted.",
        "同 TTFT，计至第四个这样的 token，猜测首个数据块无法缩短它；不足四个的回答不计入。",
    ),
)
TTFT_SCHED = Quantity(
    "ttft_sched",
    Bilingual("TTFT from the scheduled start", "自计划时刻起的 TTFT"),
    Bilingual.symbols("t_1 − t_sched"),
    Sentence(
        "As TTFT, counting the time that a late client lost; open-loop phases only.",
        "同 TTFT，并计入客户端迟到的时间；仅限开环阶段。",
    ),
)
TPOT = Quantity(
    "tpot",
    Bilingual("Time per output token (TPOT)", "每 token 生成时间（TPOT）"),
    Bilingual(
        "(t_n − t_1) / tokens after the first chunk", "(t_n − t_1) / 首个数据块之后的 token 数"
    ),
    Sentence(
        "Time and tokens over the same chunks: an end token that no chunk carries is not counted, nor are the tokens of the "
        "first chunk, nor answers whose tokens all came at once.",
        "时间与 token 取自相同的数据块：不计无数据块承载的结束符、首个数据块的 token，以及 token 一次性到达的回答。",
    ),
)
ICL = Quantity(
    "icl",
    Bilingual("Inter-chunk latency (ICL)", "数据块间隔（ICL）"),
    Bilingual("gaps between chunks with generated text", "含生成文本的数据块的间隔"),
    Sentence(
        "Time between chunks as they arrive, whatever number of tokens they carry.",
        "数据块到达的间隔，不论其中含多少 token。",
    ),
)
ITL = Quantity(
    "itl",
    Bilingual("Inter-token latency (ITL)", "token 间隔（ITL）"),
    Bilingual("gaps between chunks of exactly one token", "恰含一个 token 的数据块的间隔"),
    Sentence(
        "As ICL, and only where every chunk carried one token.",
        "同 ICL，仅限每个数据块恰含一个 token 之处。",
    ),
)
E2E = Quantity(
    "e2e",
    Bilingual("End-to-end latency", "端到端延迟"),
    Bilingual.symbols("t_n − t_send"),
    Sentence(
        "From the first byte of the request to the last chunk with generated text.",
        "自请求的首字节起，至最后一个含生成文本的数据块。",
    ),
)
E2E_SCHED = Quantity(
    "e2e_sched",
    Bilingual("End-to-end latency from the scheduled start", "自计划时刻起的端到端延迟"),
    Bilingual.symbols("t_n − t_sched"),
    Sentence(
        "As end-to-end latency, counting the time that a late client lost; open-loop phases only.",
        "同端到端延迟，并计入客户端迟到的时间；仅限开环阶段。",
    ),
)


def ascending(values: Sequence[float]) -> Floats:
    """Samples in ascending order."""
    return np.sort(np.asarray(values, dtype=np.float64))


def _summary(quantity: Quantity, samples: Sequence[float], late: int) -> dict[str, Value]:
    """Every statistic of one latency, `late` samples of which never came."""
    values = ascending(samples)
    return {
        f"{quantity.id}_{statistic.id}": _mean(samples, late)
        if statistic.percentile is None
        else intervals.percentile_value(values, statistic.percentile, "ms", late=late)
        for statistic in STATISTICS
    }


def _mean(samples: Sequence[float], late: int) -> Value:
    why = intervals.mean_obstacle(late)
    return NotMeasured(why) if why else intervals.bootstrap_mean(ascending(samples), "ms")


def _gap_summary(quantity: Quantity, phase: PhaseSamples) -> dict[str, Value]:
    """Statistics of all gaps; the mean's interval resamples whole answers. A failed request is one gap without end."""
    answers, late = phase.answers, phase.late
    gaps = np.sort(np.concatenate([repeat.chunks.gaps for repeat in phase.repeats]) * MS)
    values: dict[str, Value] = {}
    for statistic in STATISTICS:
        name, why = f"{quantity.id}_{statistic.id}", intervals.mean_obstacle(late)
        if statistic.percentile is not None:
            values[name] = intervals.percentile_value(
                gaps, statistic.percentile, "ms", late=late, independent=_GAPS
            )
        elif why:
            values[name] = NotMeasured(why)
        else:
            sums = [sum(answer.gaps) * MS for answer in answers]
            counts = [float(len(answer.gaps)) for answer in answers]
            values[name] = intervals.bootstrap_ratio(sums, counts, "ms", len(gaps))
    return values


def _none(quantity: Quantity, why: str) -> dict[str, Value]:
    return {f"{quantity.id}_{statistic.id}": NotMeasured(why) for statistic in STATISTICS}


@phase_metrics(statistics_of(TTFT, headline={"p50": Headline(3, "quiet")}))
def ttft(inputs: PhaseInputs) -> dict[str, Value]:
    """Time to first token."""
    phase = inputs.phase
    return _summary(TTFT, [answer.ttft for answer in phase.answers], phase.late)


@phase_metrics(statistics_of(TT4T))
def tt4t(inputs: PhaseInputs) -> dict[str, Value]:
    """Time to the fourth token."""
    phase = inputs.phase
    if any(answer.arrived is None for answer in phase.answers):
        return _none(TT4T, NO_ARRIVALS)
    samples = [value for answer in phase.answers if (value := answer.tt4t) is not None]
    if not samples:
        return _none(
            TT4T,
            Sentence("no answer has four tokens that show something", "没有回答含四个可见 token"),
        )
    return _summary(TT4T, samples, phase.late)


@phase_metrics(statistics_of(TTFT_SCHED))
def ttft_sched(inputs: PhaseInputs) -> dict[str, Value]:
    """The same from the scheduled start."""
    phase = inputs.phase
    if not phase.open_loop:
        return _none(TTFT_SCHED, CLOSED_LOOP)
    samples = [(answer.first - answer.scheduled) * MS for answer in phase.answers]
    return _summary(TTFT_SCHED, samples, phase.late)


@phase_metrics(statistics_of(TPOT, by_tokens=True, headline={"p50": Headline(4, "quiet")}))
def tpot(inputs: PhaseInputs) -> dict[str, Value]:
    """Time per output token."""
    if not inputs.phase.counts_tokens:
        return _none(TPOT, NO_COUNT)
    answers = inputs.phase.answers
    why = tpot_check.obstacle(answers)
    if why:
        return _none(TPOT, why)
    return _summary(TPOT, tpot_check.samples(answers), inputs.phase.late)


@phase_metrics(statistics_of(ICL))
def icl(inputs: PhaseInputs) -> dict[str, Value]:
    """Inter-chunk latency."""
    return _gap_summary(ICL, inputs.phase)


@phase_metrics(statistics_of(ITL, by_tokens=True))
def itl(inputs: PhaseInputs) -> dict[str, Value]:
    """Inter-token latency."""
    why = itl_obstacle(inputs.phase)
    return _none(ITL, why) if why else _gap_summary(ITL, inputs.phase)


def itl_obstacle(phase: PhaseSamples) -> str:
    """Why chunk gaps may not be called inter-token latencies; "" when they may."""
    if phase.arrival_source == ONE_EACH:
        return ""
    if phase.arrival_source != BY_CHUNK:
        return Sentence(
            "the engine does not say how many tokens a chunk carries",
            "引擎未说明每个数据块含多少 token",
        )
    carried = [count for answer in phase.answers for count in answer.event.chunk_tokens or ()]
    others = sum(count != 1 for count in carried)
    if others:
        return Sentence(
            f"{others:,} of {len(carried):,} chunks carried not one token each, {sum(carried):,} tokens in all",
            f"{len(carried):,} 个数据块中有 {others:,} 个并非各含一个 token，共 {sum(carried):,} 个 token",
        )
    return ""


@phase_metrics(statistics_of(E2E, headline={"p50": Headline(6, "unserved")}))
def e2e(inputs: PhaseInputs) -> dict[str, Value]:
    """End-to-end latency."""
    phase = inputs.phase
    return _summary(E2E, [answer.e2e for answer in phase.answers], phase.late)


@phase_metrics(statistics_of(E2E_SCHED))
def e2e_sched(inputs: PhaseInputs) -> dict[str, Value]:
    """The same from the scheduled start."""
    phase = inputs.phase
    if not phase.open_loop:
        return _none(E2E_SCHED, CLOSED_LOOP)
    samples = [(answer.last - answer.scheduled) * MS for answer in phase.answers]
    return _summary(E2E_SCHED, samples, phase.late)


@phase_metric(
    Metric(
        "normalised_latency_mean",
        "ms",
        "lower",
        "latency",
        Bilingual("Normalised latency, mean", "归一化延迟，均值"),
        Bilingual("mean of (t_n − t_send) / n", "(t_n − t_send) / n 的均值"),
        Sentence(
            "End-to-end latency per token that arrived, the first included.",
            "端到端延迟除以到达的 token 数，含首个 token。",
        ),
        by_tokens=True,
        withheld=True,
    )
)
def normalised_latency_mean(inputs: PhaseInputs) -> Value:
    """End-to-end latency per generated token."""
    phase = inputs.phase
    if not phase.counts_tokens:
        return NotMeasured(NO_COUNT)
    samples = [answer.e2e / answer.generated for answer in phase.answers if answer.generated]
    return _mean(samples, phase.late)
