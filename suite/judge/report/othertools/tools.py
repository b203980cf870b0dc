"""Benchmarks of servers and what they call latency: vLLM, MTTransformer, LoadGen and others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base import statistics
from suite.documents.value import NotMeasured, Value
from suite.judge.log.samples import MS, NS_PER_S
from suite.judge.metrics import latency
from suite.judge.report.othertools.view import Field, Totals, View, obstacle, per_token, plain, ttft
from suite.judge.report.othertools.view import first as first_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.documents.plan import Plan
    from suite.judge.log.samples import PhaseSamples
    from suite.judge.metrics.compute import PhaseResult


def _percentile_fields(name: str, values: Sequence[float], formula: str) -> list[Field]:
    """Mean, median and P99 the way NumPy's default gives them, from however few samples."""
    ordered = latency.ascending(values)
    rows: list[tuple[str, Callable[[], float]]] = [
        ("Mean", lambda: statistics.mean(ordered)),
        ("Median", lambda: statistics.percentile(ordered, 50.0)),
        ("P99", lambda: statistics.percentile(ordered, 99.0)),
    ]
    return [
        Field(
            f"{label} {name} (ms)",
            plain(rule(), "ms", len(ordered)) if len(ordered) else NotMeasured("no samples"),
            f"{label.lower()} of {formula}",
        )
        for label, rule in rows
    ]


def _common(totals: Totals) -> dict[str, Field]:
    """Fields that the serving tables share."""
    n = len(totals.answers)
    seconds, prompt, generated = totals.seconds, totals.prompt, totals.generated
    rows = [
        ("Successful requests", float(n), "requests", "count"),
        ("Benchmark duration (s)", seconds, "s", "max t_n − min t_send"),
        ("Total input tokens", float(prompt), "tokens", "Σ p"),
        ("Total generated tokens", float(generated), "tokens", "Σ n"),
        ("Request throughput (req/s)", n / seconds, "requests/s", "completed / duration"),
        ("Input token throughput (tok/s)", prompt / seconds, "tokens/s", "Σ p / duration"),
        ("Output token throughput (tok/s)", generated / seconds, "tokens/s", "Σ n / duration"),
        (
            "Total Token throughput (tok/s)",
            (prompt + generated) / seconds,
            "tokens/s",
            "Σ (p + n) / duration",
        ),
    ]
    return {name: Field(name, plain(value, unit, n), how) for name, value, unit, how in rows}


def _first_token(totals: Totals) -> list[Field]:
    return _percentile_fields("TTFT", [ttft(answer) for answer in totals.answers], "t_1 − t_send")


def _per_token(totals: Totals) -> list[Field]:
    return _percentile_fields("TPOT", per_token(totals.answers), "(t_n − t_1) / (n − 1)")


def vllm_serving(totals: Totals) -> View:
    """``vllm bench serve``: its ITL is the gap between chunks, whatever they carry."""
    common = _common(totals)
    common.pop("Input token throughput (tok/s)")
    gaps = [gap * MS for answer in totals.answers for gap in answer.gaps]
    fields = [
        *common.values(),
        *_first_token(totals),
        *_per_token(totals),
        *_percentile_fields("ITL", gaps, "gaps between chunks"),
        *_percentile_fields("E2EL", [answer.e2e for answer in totals.answers], "t_n − t_send"),
    ]
    return View("vllm-serving", "vLLM bench serve", tuple(fields), "")


def vllm_offline(totals: Totals) -> View:
    """``vllm bench throughput``."""
    n = len(totals.answers)
    both, seconds = totals.prompt + totals.generated, totals.seconds
    fields = (
        Field("requests/s", plain(n / seconds, "requests/s", n), "completed / elapsed"),
        Field("total tokens/s", plain(both / seconds, "tokens/s", n), "Σ (p + n) / elapsed"),
        Field("output tokens/s", plain(totals.generated / seconds, "tokens/s", n), "Σ n / elapsed"),
    )
    note = "that tool calls the engine without a server in between"
    return View("vllm-offline", "vLLM bench throughput", fields, note)


def mtt_offline(totals: Totals) -> View:
    """MTTransformer's offline table of six fields."""
    common = _common(totals)
    renamed = (
        ("Successful requests", "Successful requests"),
        ("latency", "Benchmark duration (s)"),
        ("Input tokens", "Total input tokens"),
        ("Output tokens", "Total generated tokens"),
        ("Req/s", "Request throughput (req/s)"),
        ("Output token throughput (tok/s)", "Output token throughput (tok/s)"),
    )
    fields = tuple(Field(new, common[old].value, common[old].formula) for new, old in renamed)
    return View("mtt-offline", "vLLM_MTTransformer, offline", fields, "latency is in seconds")


def mtt_serving(totals: Totals) -> View:
    """MTTransformer's online table of thirteen fields."""
    common = _common(totals)
    common.pop("Total Token throughput (tok/s)")
    fields = (*common.values(), *_first_token(totals), *_per_token(totals))
    return View("mtt-serving", "vLLM_MTTransformer, online", fields, "")


def loadgen(totals: Totals) -> View:
    """MLPerf LoadGen: clocks start at the scheduled time, percentiles are order statistics."""
    answers = totals.answers
    n = len(answers)

    def tail(values: Sequence[float]) -> float:
        ordered = sorted(values)
        return ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)]

    first = [(first_at(answer) - answer.scheduled) * MS for answer in answers]
    rest = per_token(answers)
    start = min(answer.scheduled for answer in answers)
    seconds = (max(answer.last for answer in answers) - start) / NS_PER_S
    none = NotMeasured("no answer has two tokens or more")
    rate = plain(totals.generated / seconds, "tokens/s", n)
    fields = (
        Field("Tokens per second", rate, "Σ n / (last completion − first scheduled)"),
        Field("TTFT mean (ms)", plain(statistics.mean(first), "ms", n), "mean of t_1 − t_sched"),
        Field("TTFT 99.00 percentile (ms)", plain(tail(first), "ms", n), "sorted[0.99 n]"),
        Field(
            "TPOT mean (ms)",
            plain(statistics.mean(rest), "ms", len(rest)) if rest else none,
            "mean of (E2E − TTFT) / (n − 1)",
        ),
        Field(
            "TPOT 99.00 percentile (ms)",
            plain(tail(rest), "ms", len(rest)) if rest else none,
            "sorted[0.99 n]",
        ),
    )
    note = "LoadGen bounds its percentiles by early stopping; this is the plain order statistic"
    return View("loadgen", "MLPerf LoadGen", fields, note)


def per_token_words(totals: Totals) -> list[View]:
    """Tools that use the same words for different quantities: means over answers."""
    answers = [answer for answer in totals.answers if answer.claimed]
    whole = [(answer.last - answer.sent) * MS / (answer.claimed or 1) for answer in answers]
    rest = per_token(answers)
    none = NotMeasured("no samples")
    after_first: Value = plain(statistics.mean(rest), "ms", len(rest)) if rest else none
    all_tokens: Value = plain(statistics.mean(whole), "ms", len(whole)) if whole else none
    without, included = "mean of (E2E − TTFT) / (n − 1)", "mean of E2E / n, first token included"
    return [
        View("aiperf", "AIPerf", (Field("ITL (ms)", after_first, without),), ""),
        View(
            "inference-perf",
            "inference-perf",
            (
                Field("TPOT (ms)", after_first, without),
                Field("normalized TPOT (ms)", all_tokens, included),
            ),
            "",
        ),
        View(
            "guidellm",
            "GuideLLM",
            (
                Field("TPOT (ms)", all_tokens, included),
                Field("ITL (ms)", after_first, "mean of (last − first) / (n − 1)"),
            ),
            "its TPOT counts the first token's wait",
        ),
        View(
            "llmperf",
            "llmperf",
            (Field("inter-token latency (ms)", all_tokens, included),),
            "its inter-token latency counts the first token's wait",
        ),
    ]


NO_FIRST_RUN = "that suite takes a run of its own with one new token, which this phase has not (profile compat-xsum has)"


@dataclass(frozen=True, slots=True)
class XsumRates:
    """The rates of the generate suite of FlagPerf, by its own formulas."""

    tps: float
    throughput: float | None
    mfu: float | None


def xsum_rates(
    *,
    tokens: int,
    new_tokens: int,
    seconds: float,
    ttft_s: float,
    parameters: int | None,
    peak_flops: float | None,
) -> XsumRates:
    """Tps = tokens / t; Throughput = new / (t − TTFT); MFU = Tps × 2 × parameters / peak.

    The published code divides by 10e12 where it means 1e12, so what it prints as MFU is a tenth of this.

    Args:
        tokens: prompt and new tokens together.
        new_tokens: generated tokens.
        seconds: duration of the whole run.
        ttft_s: what that suite calls TTFT.
        parameters: parameters of the model, None when not known.
        peak_flops: peak of all devices together, None when not declared.
    """
    tps = tokens / seconds
    left = seconds - ttft_s
    mfu = None
    if peak_flops is not None and parameters is not None:
        mfu = tps * 2 * parameters / peak_flops
    return XsumRates(tps, new_tokens / left if left > 0 else None, mfu)


def first_token_run(phase: PhaseSamples, phases: Sequence[PhaseSamples]) -> PhaseSamples | None:
    """The phase that sent the same requests for one new token each; None where there is none."""
    load = phase.doc.scenario, phase.doc.concurrency, phase.doc.first_task, phase.doc.tasks
    return next(
        (
            other
            for other in phases
            if other.doc.max_new_tokens == 1
            and not obstacle(other)
            and load
            == (other.doc.scenario, other.doc.concurrency, other.doc.first_task, other.doc.tasks)
        ),
        None,
    )


def xsum_suite(
    totals: Totals, phase: PhaseSamples, run: PhaseSamples | None, plan: Plan, result: PhaseResult
) -> View:
    """FlagPerf's generate suite on XSum: TTFT, Throughput, Tps, Time, MFU and ROUGE.

    Args:
        totals: of the phase.
        phase: the phase.
        run: the same requests for one new token each, whose duration is what that suite calls TTFT of a batch.
        plan: for the model and its peak.
        result: the phase's ROUGE.
    """
    n = len(totals.answers)
    ttft_s, how = None, "duration of the run with one new token"
    if phase.one_at_a_time:
        ttft_s = statistics.mean([ttft(answer) for answer in totals.answers]) / 1000.0
        how = "mean of t_1 − t_send"
    elif run is not None:
        ttft_s = Totals.of(run).seconds
    compute = plan.peaks.compute
    rates = xsum_rates(
        tokens=totals.prompt + totals.generated,
        new_tokens=totals.generated,
        seconds=totals.seconds,
        ttft_s=0.0 if ttft_s is None else ttft_s,
        parameters=plan.model.facts.parameters,
        peak_flops=None
        if compute is None or plan.devices.count is None
        else compute.flops * plan.devices.count,
    )
    first: Value = NotMeasured(NO_FIRST_RUN)
    throughput: Value = NotMeasured(NO_FIRST_RUN)
    if ttft_s is not None:
        first = plain(ttft_s, "s", n)
        throughput = NotMeasured("the run took no longer than its first tokens")
    if ttft_s is not None and rates.throughput is not None:
        throughput = plain(rates.throughput, "tokens/s", n)
    mfu: Value = NotMeasured(plan.model.facts.parameters_unknown or "peak not declared")
    if rates.mfu is not None:
        mfu = plain(rates.mfu, "1", n)
    scores = ("ROUGE1", "rouge1"), ("ROUGE2", "rouge2"), ("ROUGEL", "rougeL")
    fields = (
        Field("TTFT", first, how),
        Field("Throughput", throughput, "Σ n / (t − TTFT)"),
        Field("Tps", plain(rates.tps, "tokens/s", n), "Σ (p + n) / t"),
        Field("Time", plain(totals.seconds, "s", n), "max t_n − min t_send"),
        Field("MFU", mfu, "Tps × 2 × parameters / (peak × devices)"),
        *(Field(name, result.metrics[metric], "mean F-measure") for name, metric in scores),
    )
    note = "its TTFT is a separate run with one new token; its printed MFU is a tenth, by a slip in 1e12"
    return View("xsum-suite", "FlagPerf generate on XSum", fields, note)
