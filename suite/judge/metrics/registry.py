"""Every metric's name, unit, direction and definition (metric_schema 1); what is printed reads from here.

For request i: t_sched intended start, t_send first byte written, t_1 first and t_n last chunk with generated
text, p prompt tokens, n generated tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

METRIC_SCHEMA = 1

Direction = Literal["lower", "higher", "none"]
Scope = Literal["phase", "run"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        unit: ``ms``, ``tokens/s``, ``requests/s``, ``s``, ``J``, ``W``, ``tokens``, ``requests``, ``1`` (a ratio).
        direction: which way is better.
        title: name for people, by language (``en``, ``zh``).
        formula: in the symbols of the module's docstring.
        definition: one sentence.
        headline: whether it belongs into the short table.
        scope: one per phase, or one per run.
    """

    name: str
    unit: str
    direction: Direction
    title: dict[str, str]
    formula: str
    definition: str
    headline: bool
    scope: Scope


STATISTICS: dict[str, tuple[str, str, float | None]] = {
    "p50": ("median", "中位数", 50.0),
    "p90": ("90th percentile", "第 90 百分位", 90.0),
    "p99": ("99th percentile", "第 99 百分位", 99.0),
    "p999": ("99.9th percentile", "第 99.9 百分位", 99.9),
    "mean": ("mean", "均值", None),
}
"""What is taken of every latency: English, Chinese, percentile."""

LATENCIES: dict[str, tuple[str, str, str, str]] = {
    "ttft": (
        "Time to first token (TTFT)",
        "首 token 延迟（TTFT）",
        "t_1 − t_send",
        "From the first byte of the request to the first chunk with generated text.",
    ),
    "ttft_sched": (
        "TTFT from the scheduled start",
        "自计划时刻起的 TTFT",
        "t_1 − t_sched",
        "As TTFT, counting the time that a late client lost; open-loop phases only.",
    ),
    "tpot": (
        "Time per output token (TPOT)",
        "每 token 生成时间（TPOT）",
        "(t_n − t_1) / (n − 1), n ≥ 2",
        "Decode time per token after the first; answers of one token are not counted.",
    ),
    "icl": (
        "Inter-chunk latency (ICL)",
        "数据块间隔（ICL）",
        "gaps between chunks with generated text",
        "Time between chunks as they arrive, whatever number of tokens they carry.",
    ),
    "itl": (
        "Inter-token latency (ITL)",
        "token 间隔（ITL）",
        "gaps between chunks of exactly one token",
        "As ICL, and only where every chunk carried one token.",
    ),
    "e2e": (
        "End-to-end latency",
        "端到端延迟",
        "t_n − t_send",
        "From the first byte of the request to the last chunk with generated text.",
    ),
    "e2e_sched": (
        "End-to-end latency from the scheduled start",
        "自计划时刻起的端到端延迟",
        "t_n − t_sched",
        "As end-to-end latency, counting the time that a late client lost; open-loop phases only.",
    ),
}

_HEADLINE = frozenset(
    {
        "ttft_p50",
        "ttft_p99",
        "tpot_p50",
        "output_throughput",
        "goodput",
        "rouge1",
        "rouge2",
        "rougeL",
        "mfu",
    }
)


def _latencies() -> list[Metric]:
    found = []
    for name, (title, title_zh, formula, definition) in LATENCIES.items():
        for suffix, (statistic, statistic_zh, _) in STATISTICS.items():
            full = f"{name}_{suffix}"
            names = {"en": f"{title}, {statistic}", "zh": f"{title_zh}，{statistic_zh}"}
            wording = f"{statistic} of {formula}"
            found.append(
                Metric(full, "ms", "lower", names, wording, definition, full in _HEADLINE, "phase")
            )
    return found


# name, unit, direction, title en, title zh, formula, definition
_PHASE: tuple[tuple[str, str, Direction, str, str, str, str], ...] = (
    ("normalised_latency_mean", "ms", "lower", "Normalised latency, mean", "归一化延迟，均值",
     "mean of (t_n − t_send) / n", "End-to-end latency per generated token, the first included."),
    ("output_throughput", "tokens/s", "higher", "Output throughput", "输出吞吐量",
     "Σ n / (max t_n − min t_send)", "Generated tokens per second over the phase."),
    ("total_throughput", "tokens/s", "higher", "Total throughput", "总吞吐量",
     "Σ (p + n) / (max t_n − min t_send)", "Prompt and generated tokens per second over the phase."),
    ("request_throughput", "requests/s", "higher", "Request throughput", "请求吞吐量",
     "completed / (max t_n − min t_send)", "Completed requests per second over the phase."),
    ("goodput", "requests/s", "higher", "Goodput", "有效吞吐量",
     "requests that meet every objective / (max t_n − min t_send)",
     "Requests per second that met every service-level objective; open-loop phases count from t_sched."),
    ("slo_rate", "requests/s", "higher", "Highest rate within the objectives", "满足目标的最高请求率",
     "max offered rate whose TTFT, TPOT and E2E meet their objectives",
     "Highest Poisson rate of a search at which the chosen percentile met every objective."),
    ("steady_output_throughput", "tokens/s", "higher", "Output throughput, steady state", "稳态输出吞吐量",
     "Σ n of the steady stretch / its length",
     "Generated tokens per second where the load was steady: without filling up and running empty."),
    ("steady_start_s", "s", "none", "Start of the steady state", "稳态起点",
     "start of the steady stretch − min t_send", "How long the phase took to become steady."),
    ("steady_share", "1", "none", "Share of the steady state", "稳态占比",
     "length of the steady stretch / (max t_n − min t_send)",
     "Which share of the phase was steady."),
    ("drift_ttft", "1", "none", "Drift of TTFT", "TTFT 漂移", "(TTFT at the end − at the start) / at the start, along the slope or by levels",
     "Relative change of TTFT over the steady stretch, of a soak over all of it; 0 means none."),
    ("drift_tpot", "1", "none", "Drift of TPOT", "TPOT 漂移", "(TPOT at the end − at the start) / at the start, along the slope or by levels",
     "Relative change of TPOT over the steady stretch, of a soak over all of it; 0 means none."),
    ("drift_output_throughput", "1", "none", "Drift of output throughput", "输出吞吐量漂移",
     "(tokens/s at the end − at the start) / at the start, along the slope or by levels",
     "Relative change of output throughput over the steady stretch, of a soak over all of it; 0 means none."),
    ("in_flight_mean", "requests", "none", "Requests in flight, mean", "在途请求数，均值",
     "Σ (t_end − t_send) / (max t_n − min t_send)", "Requests in flight, averaged over the phase."),
    ("in_flight_peak", "requests", "none", "Requests in flight, most", "在途请求数，峰值",
     "max over time of requests in flight", "Most requests in flight at one time."),
    ("rouge1", "1", "higher", "ROUGE-1", "ROUGE-1", "mean F-measure of unigrams",
     "rouge-score with stemmer, over the very answers that were timed."),
    ("rouge2", "1", "higher", "ROUGE-2", "ROUGE-2", "mean F-measure of bigrams",
     "rouge-score with stemmer, over the very answers that were timed."),
    ("rougeL", "1", "higher", "ROUGE-L", "ROUGE-L", "mean F-measure of the longest common subsequence",
     "rouge-score with stemmer, over the very answers that were timed."),
    ("rougeLsum", "1", "higher", "ROUGE-Lsum", "ROUGE-Lsum",
     "mean F-measure of the summary-level longest common subsequence",
     "rouge-score with stemmer; sentences are split at line breaks."),
    ("generated_tokens_mean", "tokens", "none", "Generated length, mean", "平均生成长度", "mean of n",
     "Generated tokens per answer."),
    ("generated_length_ratio", "1", "none", "Generated length against the reference", "生成长度与参考之比",
     "mean of n / the reference run's mean", "1 means answers as long as the reference run's."),
    ("output_length_exact", "1", "higher", "Answers of the length asked for", "长度符合要求的回答占比",
     "answers of exactly the asked length / completed",
     "Share of the answers that have exactly as many tokens as were asked for."),
    ("mfu", "1", "higher", "Model FLOPs utilisation (MFU)", "模型算力利用率（MFU）",
     "Σ model FLOPs / ((max t_n − min t_send) × dense peak × devices)",
     "FLOPs of prefill and decode from the architecture over the declared dense peak of the executed dtype."),
    ("mfu_prefill", "1", "higher", "MFU of prefill", "预填充 MFU",
     "Σ prefill FLOPs / (Σ (t_1 − t_send) × dense peak × devices)",
     "Where one request runs at a time: its prefill FLOPs over its TTFT."),
    ("mfu_decode", "1", "higher", "MFU of decode", "解码 MFU",
     "Σ decode FLOPs / (Σ (t_n − t_1) × dense peak × devices)",
     "Where one request runs at a time: its decode FLOPs over its decode time."),
    ("mbu", "1", "higher", "Memory bandwidth utilisation (MBU)", "显存带宽利用率（MBU）",
     "Σ (weight bytes + KV bytes read) / (Σ (t_n − t_1) × bandwidth × devices)",
     "Where one request runs at a time: bytes that decoding must read over the declared bandwidth."),
    ("energy_j", "J", "lower", "Energy", "能耗", "Σ over devices of ∫ power dt, mean over repeats",
     "Trapezoid of sampled device power over the measured window of one repeat."),
    ("energy_above_idle_j", "J", "lower", "Energy above idle", "扣除空闲的能耗",
     "energy − idle power × window", "As energy, less the power drawn before the engine started."),
    ("joules_per_output_token", "J/token", "lower", "Energy per output token", "每输出 token 能耗",
     "Σ energy / Σ n", "Energy of all repeats over their generated tokens."),
    ("tokens_per_joule", "tokens/J", "higher", "Output tokens per joule", "每焦耳输出 token 数",
     "Σ n / Σ energy", "Generated tokens of all repeats over their energy."),
    ("average_power_w", "W", "none", "Average power", "平均功率", "Σ energy / Σ window",
     "Power of all devices together, averaged over the measured windows."),
    ("completed", "requests", "none", "Completed requests", "完成的请求数", "count",
     "Measured requests that ended well, over all repeats."),
    ("failed", "requests", "lower", "Failed requests", "失败的请求数", "count",
     "Measured requests that did not; they enter no latency."),
    ("send_lateness_p50", "ms", "lower", "Send lateness, median", "发送滞后，中位数",
     "median of t_send − t_sched", "How late the client sent; open-loop phases only."),
    ("send_lateness_p99", "ms", "lower", "Send lateness, 99th percentile", "发送滞后，第 99 百分位",
     "99th percentile of t_send − t_sched", "How late the client sent; open-loop phases only."),
    ("send_lateness_max", "ms", "lower", "Send lateness, largest", "发送滞后，最大值",
     "max of t_send − t_sched", "How late the client sent; open-loop phases only."),
)  # fmt: skip
_RUN: tuple[tuple[str, str, Direction, str, str, str, str], ...] = (
    ("startup_healthy_s", "s", "lower", "Start to healthy", "启动至就绪",
     "engine.healthy − engine.start", "From starting the engine to its first good health answer."),
    ("startup_first_answer_s", "s", "lower", "Start to first answer", "启动至首次应答",
     "engine.first_answer − engine.start", "From starting the engine to its first generated answer."),
    ("conversion_s", "s", "lower", "Weight conversion", "权重转换", "conversion.end − conversion.start",
     "Time of the conversion step, where the engine needs one."),
)  # fmt: skip


def _build() -> dict[str, Metric]:
    found = {metric.name: metric for metric in _latencies()}
    tables: tuple[tuple[tuple[tuple[str, str, Direction, str, str, str, str], ...], Scope], ...] = (
        (_PHASE, "phase"),
        (_RUN, "run"),
    )
    for rows, scope in tables:
        for name, unit, direction, en, zh, formula, definition in rows:
            found[name] = Metric(
                name,
                unit,
                direction,
                {"en": en, "zh": zh},
                formula,
                definition,
                name in _HEADLINE,
                scope,
            )
    return found


REGISTRY: dict[str, Metric] = _build()
"""All metrics by name, in the order in which they are printed."""


def names(scope: Scope) -> tuple[str, ...]:
    """Names of all metrics of one scope, in order."""
    return tuple(name for name, metric in REGISTRY.items() if metric.scope == scope)
