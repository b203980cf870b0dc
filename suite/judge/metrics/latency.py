"""TTFT, TPOT, ICL, ITL and end-to-end latency, pooled over the repeats of a phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from suite.base.bilingual import Bilingual
from suite.documents.value import NotMeasured, Value
from suite.judge import intervals
from suite.judge.log import tpot as tpot_check
from suite.judge.log.samples import CLOSED_LOOP, MS, NO_COUNT
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

_GAPS = "no interval: gaps of one answer depend on each other"

TTFT = Quantity(
    "ttft",
    Bilingual("Time to first token (TTFT)", "首 token 延迟（TTFT）"),
    Bilingual.symbols("t_1 − t_send"),
    "From the first byte of the request to the first chunk with generated text.",
)
TTFT_SCHED = Quantity(
    "ttft_sched",
    Bilingual("TTFT from the scheduled start", "自计划时刻起的 TTFT"),
    Bilingual.symbols("t_1 − t_sched"),
    "As TTFT, counting the time that a late client lost; open-loop phases only.",
)
TPOT = Quantity(
    "tpot",
    Bilingual("Time per output token (TPOT)", "每 token 生成时间（TPOT）"),
    Bilingual.symbols("(t_n − t_1) / (n − 1), n ≥ 2"),
    "Decode time per token after the first; answers of one token are not counted.",
)
ICL = Quantity(
    "icl",
    Bilingual("Inter-chunk latency (ICL)", "数据块间隔（ICL）"),
    Bilingual("gaps between chunks with generated text", "含生成文本的数据块的间隔"),
    "Time between chunks as they arrive, whatever number of tokens they carry.",
)
ITL = Quantity(
    "itl",
    Bilingual("Inter-token latency (ITL)", "token 间隔（ITL）"),
    Bilingual("gaps between chunks of exactly one token", "恰含一个 token 的数据块的间隔"),
    "As ICL, and only where every chunk carried one token.",
)
E2E = Quantity(
    "e2e",
    Bilingual("End-to-end latency", "端到端延迟"),
    Bilingual.symbols("t_n − t_send"),
    "From the first byte of the request to the last chunk with generated text.",
)
E2E_SCHED = Quantity(
    "e2e_sched",
    Bilingual("End-to-end latency from the scheduled start", "自计划时刻起的端到端延迟"),
    Bilingual.symbols("t_n − t_sched"),
    "As end-to-end latency, counting the time that a late client lost; open-loop phases only.",
)


def ascending(values: Sequence[float]) -> Floats:
    """Samples in ascending order."""
    return np.sort(np.asarray(values, dtype=np.float64))


def _summary(quantity: Quantity, samples: Sequence[float]) -> dict[str, Value]:
    """Every statistic of one latency."""
    values = ascending(samples)
    return {
        f"{quantity.id}_{statistic.id}": intervals.bootstrap_mean(values, "ms")
        if statistic.percentile is None
        else intervals.percentile_value(values, statistic.percentile, "ms")
        for statistic in STATISTICS
    }


def _gap_summary(quantity: Quantity, phase: PhaseSamples) -> dict[str, Value]:
    """Statistics of all gaps; the mean's interval resamples whole answers."""
    answers = phase.answers
    gaps = np.sort(np.concatenate([repeat.chunks.gaps for repeat in phase.repeats]) * MS)
    sums = [(answer.last - answer.first) * MS for answer in answers]
    counts = [float(len(answer.gaps)) for answer in answers]
    return {
        f"{quantity.id}_{statistic.id}": intervals.bootstrap_ratio(sums, counts, "ms", len(gaps))
        if statistic.percentile is None
        else intervals.percentile_value(gaps, statistic.percentile, "ms", independent=_GAPS)
        for statistic in STATISTICS
    }


def _none(quantity: Quantity, why: str) -> dict[str, Value]:
    return {f"{quantity.id}_{statistic.id}": NotMeasured(why) for statistic in STATISTICS}


@phase_metrics(statistics_of(TTFT, headline={"p50": Headline(3, "quiet")}))
def ttft(inputs: PhaseInputs) -> dict[str, Value]:
    """Time to first token."""
    return _summary(TTFT, [answer.ttft for answer in inputs.phase.answers])


@phase_metrics(statistics_of(TTFT_SCHED))
def ttft_sched(inputs: PhaseInputs) -> dict[str, Value]:
    """The same from the scheduled start."""
    if not inputs.phase.open_loop:
        return _none(TTFT_SCHED, CLOSED_LOOP)
    answers = inputs.phase.answers
    return _summary(TTFT_SCHED, [(answer.first - answer.scheduled) * MS for answer in answers])


@phase_metrics(statistics_of(TPOT, by_tokens=True, headline={"p50": Headline(4, "quiet")}))
def tpot(inputs: PhaseInputs) -> dict[str, Value]:
    """Time per output token."""
    if not inputs.phase.counts_tokens:
        return _none(TPOT, NO_COUNT)
    answers = inputs.phase.answers
    why = tpot_check.obstacle(answers)
    return _none(TPOT, why) if why else _summary(TPOT, tpot_check.samples(answers))


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
    answers = phase.answers
    chunks = sum(1 + len(answer.gaps) for answer in answers)
    stated = [answer.event.chunk_tokens for answer in answers]
    if all(tokens is not None for tokens in stated):
        tokens = sum(sum(tokens or ()) for tokens in stated)
        if all(set(tokens_of or ()) <= {1} for tokens_of in stated):
            return ""
        mean = f"{tokens / max(chunks, 1):.3g}"
        if mean != "1":
            return f"chunks carried {mean} tokens on average, not one each"
        several = sum(count != 1 for tokens_of in stated for count in tokens_of or ())
        return f"{several} of {chunks} chunks carried none or several tokens, not one each"
    if all(answer.generated == 1 + len(answer.gaps) for answer in answers):
        return ""
    return "the engine does not say how many tokens a chunk carries"


@phase_metrics(statistics_of(E2E, headline={"p50": Headline(6, "unserved")}))
def e2e(inputs: PhaseInputs) -> dict[str, Value]:
    """End-to-end latency."""
    return _summary(E2E, [answer.e2e for answer in inputs.phase.answers])


@phase_metrics(statistics_of(E2E_SCHED))
def e2e_sched(inputs: PhaseInputs) -> dict[str, Value]:
    """The same from the scheduled start."""
    if not inputs.phase.open_loop:
        return _none(E2E_SCHED, CLOSED_LOOP)
    answers = inputs.phase.answers
    return _summary(E2E_SCHED, [(answer.last - answer.scheduled) * MS for answer in answers])


@phase_metric(
    Metric(
        "normalised_latency_mean",
        "ms",
        "lower",
        "latency",
        Bilingual("Normalised latency, mean", "归一化延迟，均值"),
        Bilingual("mean of (t_n − t_send) / n", "(t_n − t_send) / n 的均值"),
        "End-to-end latency per generated token, the first included.",
        by_tokens=True,
        withheld=True,
    )
)
def normalised_latency_mean(inputs: PhaseInputs) -> Value:
    """End-to-end latency per generated token."""
    if not inputs.phase.counts_tokens:
        return NotMeasured(NO_COUNT)
    answers = inputs.phase.answers
    return intervals.bootstrap_mean(
        [answer.e2e / answer.generated for answer in answers if answer.generated], "ms"
    )
