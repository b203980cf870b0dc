"""How much of the declared peak was used: model FLOPs (MFU) and memory traffic (MBU)."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.declare.analysis.arrived import NO_SOURCE
from suite.declare.model.flops import decode_bytes, decode_flops, prefill_flops
from suite.documents.document import given
from suite.documents.plan import UNKNOWN
from suite.documents.value import NotMeasured, Value
from suite.judge import intervals
from suite.judge.log import measured
from suite.judge.log.samples import NO_ARRIVALS, NO_COUNT, NO_PROMPT_COUNT, NO_TIME, NS_PER_S
from suite.judge.log.telemetry import partitioned
from suite.judge.metrics.metric import Headline, Metric, phase_metrics

if TYPE_CHECKING:
    from suite.documents.model import ModelFacts
    from suite.documents.plan import Plan
    from suite.judge.log.samples import Answer, PhaseSamples
    from suite.judge.metrics.inputs import PhaseInputs

METRICS = (
    Metric(
        "mfu",
        "1",
        "higher",
        "utilisation",
        Bilingual("Model FLOPs utilisation (MFU)", "模型算力利用率（MFU）"),
        Bilingual(
            "Σ model FLOPs / ((max t_n − min t_send) × dense peak × devices)",
            "Σ 模型 FLOPs / ((max t_n − min t_send) × 稠密峰值 × 设备数)",
        ),
        Sentence(
            "FLOPs of prefill and decode from the architecture over the declared dense peak of the executed dtype; prompt "
            "tokens from the engine's cache are not counted.",
            "由模型结构得出的预填充与解码 FLOPs，除以实际执行精度的声明稠密峰值；不计来自引擎缓存的提示 token。",
        ),
        percent=True,
        standing="asserted",
        headline=Headline(9, "busy"),
    ),
    Metric(
        "mfu_prefill",
        "1",
        "higher",
        "utilisation",
        Bilingual("MFU of prefill", "预填充 MFU"),
        Bilingual(
            "Σ prefill FLOPs / (Σ (t_1 − t_send) × dense peak × devices)",
            "Σ 预填充 FLOPs / (Σ (t_1 − t_send) × 稠密峰值 × 设备数)",
        ),
        Sentence(
            "Where one request runs at a time: the FLOPs of its prompt, without cached tokens, over its TTFT.",
            "逐个运行请求时：提示（不含缓存的 token）的 FLOPs 除以其 TTFT。",
        ),
        percent=True,
        standing="asserted",
    ),
    Metric(
        "mfu_decode",
        "1",
        "higher",
        "utilisation",
        Bilingual("MFU of decode", "解码 MFU"),
        Bilingual(
            "Σ decode FLOPs / (Σ (t_n − t_1) × dense peak × devices)",
            "Σ 解码 FLOPs / (Σ (t_n − t_1) × 稠密峰值 × 设备数)",
        ),
        Sentence(
            "Where one request runs at a time: the FLOPs of the tokens after its first chunk over their time.",
            "逐个运行请求时：首个数据块之后的 token 的 FLOPs 除以其时间。",
        ),
        percent=True,
        standing="asserted",
    ),
    Metric(
        "mbu",
        "1",
        "higher",
        "utilisation",
        Bilingual("Memory bandwidth utilisation (MBU)", "显存带宽利用率（MBU）"),
        Bilingual(
            "Σ (weight bytes + KV bytes read) / (Σ (t_n − t_1) × bandwidth × devices)",
            "Σ (读取的权重字节 + KV 字节) / (Σ (t_n − t_1) × 带宽 × 设备数)",
        ),
        Sentence(
            "Where one request runs at a time: bytes that decoding must read over the declared bandwidth.",
            "逐个运行请求时：解码必须读取的字节数除以声明的带宽。",
        ),
        percent=True,
        standing="asserted",
    ),
)
MEASURED_METRICS = (
    Metric(
        "mfu_measured_peak",
        "1",
        "higher",
        "utilisation",
        Bilingual("MFU (measured peak)", "MFU（实测峰值）"),
        Bilingual(
            "Σ model FLOPs / ((max t_n − min t_send) × best GEMM rate × devices)",
            "Σ 模型 FLOPs / ((max t_n − min t_send) × 最佳 GEMM 速率 × 设备数)",
        ),
        Sentence(
            "MFU over the best rate of matrix products that was measured in the engine's environment before it started.",
            "相对于引擎启动前在其环境中实测的最佳矩阵乘速率的 MFU。",
        ),
        percent=True,
        standing="observed",
    ),
    Metric(
        "mbu_measured_peak",
        "1",
        "higher",
        "utilisation",
        Bilingual("MBU (measured peak)", "MBU（实测峰值）"),
        Bilingual(
            "Σ (weight bytes + KV bytes read) / (Σ (t_n − t_1) × best copy rate × devices)",
            "Σ (读取的权重字节 + KV 字节) / (Σ (t_n − t_1) × 最佳拷贝速率 × 设备数)",
        ),
        Sentence(
            "MBU over the best rate of a memory copy that was measured in the engine's environment before it started.",
            "相对于引擎启动前在其环境中实测的最佳内存拷贝速率的 MBU。",
        ),
        percent=True,
        standing="observed",
    ),
)
NAMES = tuple(metric.id for metric in METRICS)
MEASURED_NAMES = tuple(metric.id for metric in MEASURED_METRICS)
UNKNOWN_COUNT = Sentence("nobody knows how many devices answered", "不知道有多少设备应答")
DTYPE_BYTES = {
    "float64": 8.0, "float32": 4.0, "fp32": 4.0, "tf32": 4.0, "float16": 2.0, "fp16": 2.0, "half": 2.0,
    "bfloat16": 2.0, "bf16": 2.0, "fp8": 1.0, "float8": 1.0, "int8": 1.0, "fp4": 0.5, "int4": 0.5,
}  # fmt: skip
"""Bytes of one executed weight and cached value."""


def _overlap(phase: PhaseSamples) -> str:
    """Why prefill and decode times can't be told apart; "" when one request runs at a time."""
    if phase.one_at_a_time:
        return ""
    return Sentence(
        "prefill and decode of several requests overlap; measured where one runs at a time",
        "多个请求的预填充与解码相互重叠；仅在逐个运行时测量",
    )


class _Work:
    """FLOPs and bytes of answers, computed once for each pair of lengths; for a known architecture only."""

    def __init__(self, facts: ModelFacts) -> None:
        self._facts = facts
        self._prefill = functools.cache(self._of_prefill)
        self._decode = functools.cache(self._of_decode)

    def _of_prefill(self, prompt: int, cached: int) -> int:
        flops = prefill_flops(self._facts, prompt, cached)
        assert isinstance(flops, int)
        return flops

    def _of_decode(self, prompt: int, generated: int) -> int:
        flops = decode_flops(self._facts, prompt, generated)
        assert isinstance(flops, int)
        return flops

    def prefill(self, answer: Answer) -> int:
        """FLOPs of one answer's prompt, without what the engine had in its cache."""
        prompt = answer.prompt or 0
        return self._prefill(prompt, min(given(answer.event.usage.cached_tokens, 0), prompt))

    def whole(self, answer: Answer) -> int:
        """FLOPs of one answer."""
        return self.prefill(answer) + self._decode(answer.prompt or 0, answer.generated or 0)

    def decode(self, answer: Answer) -> int:
        """FLOPs of the tokens that came after an answer's first chunk."""
        first, tokens = answer.decoding or (0, 0)
        prompt = answer.prompt or 0
        return self._decode(prompt, tokens) - self._decode(prompt, first)

    def decode_bytes(self, answer: Answer, bytes_per_value: float) -> float:
        """Bytes that the steps of these tokens read."""
        whole, before = (
            decode_bytes(self._facts, answer.prompt or 0, tokens, bytes_per_value)
            for tokens in reversed(answer.decoding or (0, 0))
        )
        assert isinstance(whole, float)
        assert isinstance(before, float)
        return whole - before


def _obstacle(phase: PhaseSamples, facts: ModelFacts) -> str:
    if not phase.counts_tokens:
        return NO_COUNT
    if not phase.counts_prompts:
        return NO_PROMPT_COUNT
    probe = prefill_flops(facts, 1)
    return probe.why if isinstance(probe, NotMeasured) else ""


def _uncounted(phase: PhaseSamples, plan: Plan) -> str:
    """Why it is not known how much of the prompts was computed; "" when it is."""
    if not plan.engine.prefix_caching and plan.runtime != "endpoint":
        return ""
    silent = sum(answer.event.usage.cached_tokens is UNSET for answer in phase.answers)
    if not silent:
        return ""
    return Sentence(
        "the engine may take prompts from its cache, and its usage does not say how many tokens of "
        f"{silent} of {len(phase.answers)} prompts it took (cached_tokens)",
        f"引擎可能从缓存取得提示，而 {len(phase.answers)} 个提示中有 {silent} 个的用量未说明取得了多少 token（cached_tokens）",
    )


def _mfu_over_repeats(phase: PhaseSamples, work: _Work, peak: float) -> Value:
    """MFU of each repeat over its window, then over the repeats."""
    shares = []
    for repeat in phase.repeats:
        if repeat.window_s <= 0:
            return NotMeasured(NO_TIME)
        flops = math.fsum(work.whole(answer) for answer in repeat.answers)
        shares.append(flops / (repeat.window_s * peak))
    return intervals.t_value(shares, "1", len(phase.answers))


def _parts(phase: PhaseSamples, work: _Work, peak: float) -> dict[str, Value]:
    """MFU of prefill and decode apart."""
    answers = phase.answers
    first = [(answer.first - answer.sent) / NS_PER_S * peak for answer in answers]
    prefill = intervals.bootstrap_ratio(
        [work.prefill(answer) for answer in answers], first, "1", len(answers)
    )
    longer = [answer for answer in answers if answer.decoding]
    if not longer:
        return {"mfu_prefill": prefill, "mfu_decode": NotMeasured(_no_steps(phase))}
    rest = [(answer.last - answer.first) / NS_PER_S * peak for answer in longer]
    decode = intervals.bootstrap_ratio(
        [work.decode(answer) for answer in longer], rest, "1", len(longer)
    )
    return {"mfu_prefill": prefill, "mfu_decode": decode}


def _no_steps(phase: PhaseSamples) -> str:
    return (
        NO_ARRIVALS
        if phase.arrival_source == NO_SOURCE
        else Sentence("no answer has a decode step", "没有回答含解码步骤")
    )


def _mfu(phase: PhaseSamples, plan: Plan, work: _Work) -> dict[str, Value]:
    compute, count = plan.peaks.compute, plan.devices.count
    if compute is not None and count is None:
        return dict.fromkeys(NAMES[:3], NotMeasured(UNKNOWN_COUNT))
    if compute is None or count is None:
        return dict.fromkeys(NAMES[:3], NotMeasured(plan.peaks.compute_unknown))
    peak = compute.flops * count
    uncounted, overlap = _uncounted(phase, plan), _overlap(phase)
    values: dict[str, Value] = {"mfu": NotMeasured(uncounted)}
    if not uncounted:
        values["mfu"] = _mfu_over_repeats(phase, work, peak)
    if overlap:
        return values | dict.fromkeys(NAMES[1:3], NotMeasured(overlap))
    values |= _parts(phase, work, peak)
    return values | ({"mfu_prefill": NotMeasured(uncounted)} if uncounted else {})


def _mbu(phase: PhaseSamples, plan: Plan, work: _Work, bandwidth: float | NotMeasured) -> Value:
    if isinstance(bandwidth, NotMeasured) or plan.devices.count is None:
        return bandwidth if isinstance(bandwidth, NotMeasured) else NotMeasured(UNKNOWN_COUNT)
    overlap = _overlap(phase)
    if overlap:
        return NotMeasured(overlap)
    if plan.engine.quantisation:
        return NotMeasured(
            Sentence("bytes per quantised weight are not known", "每个量化权重的字节数未知")
        )
    size = DTYPE_BYTES.get(plan.engine.dtype.executed)
    if size is None:
        return NotMeasured(
            Sentence(
                f"bytes of dtype {plan.engine.dtype.executed} are not known",
                f"数据类型 {plan.engine.dtype.executed} 的字节数未知",
            )
        )
    longer = [answer for answer in phase.answers if answer.decoding]
    if not longer:
        return NotMeasured(_no_steps(phase))
    available = bandwidth * plan.devices.count
    return intervals.bootstrap_ratio(
        [work.decode_bytes(answer, size) for answer in longer],
        [(answer.last - answer.first) / NS_PER_S * available for answer in longer],
        "1",
        len(longer),
    )


@phase_metrics(METRICS)
def utilisation(inputs: PhaseInputs) -> dict[str, Value]:
    """MFU, its two parts and MBU of a phase without obstacle."""
    phase, plan = inputs.phase, inputs.plan
    facts = plan.model.facts
    why = _obstacle(phase, facts)
    slices = partitioned(inputs.evidence)
    if slices and not why:
        why = Sentence(
            f"{slices}: the declared peak is not that of a slice",
            f"{chinese(slices)}：所声明的峰值不是单个切片的峰值",
        )
    if why:
        return dict.fromkeys(NAMES, NotMeasured(why))
    work = _Work(facts)
    bandwidth: float | NotMeasured | None = plan.peaks.bandwidth_bytes_per_s
    if bandwidth is None:
        named = plan.devices.accelerator != UNKNOWN and plan.devices.count is not None
        bandwidth = NotMeasured(
            Sentence("memory bandwidth not declared", "未声明显存带宽")
            if named
            else plan.peaks.bandwidth_source
        )
    return {**_mfu(phase, plan, work), "mbu": _mbu(phase, plan, work, bandwidth)}


@phase_metrics(MEASURED_METRICS)
def over_measured_peak(inputs: PhaseInputs) -> dict[str, Value]:
    """MFU and MBU of a phase over the peak that was measured."""
    phase, plan = inputs.phase, inputs.plan
    facts = plan.model.facts
    why = _obstacle(phase, facts)
    if why:
        return dict.fromkeys(MEASURED_NAMES, NotMeasured(why))
    work = _Work(facts)
    flops = measured.rate(inputs.evidence, measured.FLOPS)
    bandwidth = measured.rate(inputs.evidence, measured.BANDWIDTH)
    values = (_over_measured(phase, plan, work, flops), _mbu(phase, plan, work, bandwidth))
    return dict(zip(MEASURED_NAMES, values, strict=True))


def _over_measured(
    phase: PhaseSamples, plan: Plan, work: _Work, flops: float | NotMeasured
) -> Value:
    if isinstance(flops, NotMeasured):
        return flops
    if plan.devices.count is None:
        return NotMeasured(UNKNOWN_COUNT)
    uncounted = _uncounted(phase, plan)
    if uncounted:
        return NotMeasured(uncounted)
    return _mfu_over_repeats(phase, work, flops * plan.devices.count)
