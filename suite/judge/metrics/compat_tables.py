"""Tables of other tools that hold more than latencies: DB-GPT's CSV, Qwen's speed table, transformers' records.

As in `suite.judge.metrics.compat`, the first repeat of a phase is taken and the tool's own rules are followed.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from suite.base.values import NotMeasured, Value
from suite.judge.metrics import latency, statistics
from suite.judge.metrics.compat import Field, Totals, View, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.eventdoc import TelemetrySample
    from suite.evidence import Evidence
    from suite.judge.metrics.samples import Answer, PhaseSamples

GIB = 2**30
MIB = 2**20

DBGPT_COLUMNS = (
    "model_name",
    "gpu_nums",
    "parallel_nums",
    "input_length",
    "output_length",
    "test_time_cost_ms",
    "test_total_tokens",
    "avg_test_speed_per_second(tokens/s)",
    "avg_first_token_latency_ms",
    "avg_latency_ms",
    "gpu_mem(GiB)",
    "start_time_ms",
    "end_time_ms",
    "current_time_ms",
    "first_token_time_ms",
    "first_completion_time_ms",
    "first_completion_tokens",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "speed_per_second",
)
"""DB-GPT's columns in its order: five parameters, six aggregates, ten details of one request."""


def _within(evidence: Evidence, phase: PhaseSamples) -> list[TelemetrySample]:
    """Telemetry of the phase's first repeat."""
    repeat = phase.repeats[0]
    return [
        sample for sample in evidence.telemetry if repeat.first_sent <= sample["t"] <= repeat.end
    ]


def _per_device(
    samples: Sequence[TelemetrySample], read: Callable[[TelemetrySample], float | None]
) -> dict[str, list[float]]:
    """Values by device, where the tool gave them."""
    found: dict[str, list[float]] = {}
    for sample in samples:
        value = read(sample)
        if value is not None:
            found.setdefault(sample["device"], []).append(value)
    return found


def _memory(samples: Sequence[TelemetrySample]) -> dict[str, list[float]]:
    return _per_device(samples, lambda sample: sample.get("memory_used_bytes"))


def dbgpt_csv(evidence: Evidence, phase: PhaseSamples) -> str:
    """DB-GPT's benchmark CSV of a phase: a header and one row per request, the aggregates repeated.

    Its times are milliseconds since 1970, its speed counts prompt and completion tokens. A cell is empty where
    nothing was recorded. The phase must be without obstacle, its tokens counted.
    """
    totals = Totals.of(phase)
    n = len(totals.answers)
    header = evidence.header
    epoch_ns = header["clock_zero_ns"] + 1000 * header["realtime_minus_monotonic_us"]
    memory = _memory(_within(evidence, phase))
    used: str | float = ""
    if memory:
        used = statistics.mean([statistics.mean(values) for values in memory.values()]) / GIB
    concurrency = next(
        doc["concurrency"]
        for doc in evidence.plan["workload"]["phases"]
        if doc["name"] == phase.name and doc["measured"]
    )
    both = totals.prompt + totals.generated
    shared: list[str | float | int] = [
        evidence.plan["model"]["id"],
        evidence.plan["devices"]["count"],
        "" if concurrency is None else concurrency,
        round(totals.prompt / n),
        evidence.plan["workload"]["decoding"]["max_new_tokens"],
        round(totals.seconds * 1000),
        both,
        both / totals.seconds,
        statistics.mean(latency.ttft(totals.answers)),
        statistics.mean(latency.e2e(totals.answers)),
        used,
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(DBGPT_COLUMNS)
    for answer in totals.answers:
        writer.writerow([*shared, *_dbgpt_request(answer, epoch_ns)])
    return text.getvalue()


def _dbgpt_request(answer: Answer, epoch_ns: int) -> list[str | float | int]:
    def clock(time: int) -> int:
        return (time + epoch_ns) // 1_000_000

    tokens = answer.event["chunk_tokens"]
    prompt, generated = answer.prompt or 0, answer.generated or 0
    return [
        clock(answer.sent),
        clock(answer.last),
        clock(answer.last),
        clock(answer.first),
        clock(answer.first),
        tokens[0] if tokens else "",
        prompt,
        generated,
        prompt + generated,
        (prompt + generated) / ((answer.last - answer.sent) / 1e9),
    ]


def qwen_speed(evidence: Evidence, phase: PhaseSamples) -> View:
    """Qwen's speed table: tokens/s of single requests and device memory, at the phase's context length.

    The tables were made by scripts that divide the generated tokens by the time; the document's text divides
    prompt and generated tokens by it. Both are given.
    """
    totals = Totals.of(phase)
    n = len(totals.answers)
    if phase.one_at_a_time:
        seconds = sum((answer.last - answer.sent) / 1e9 for answer in totals.answers)
        generated: Value = plain(totals.generated / seconds, "tokens/s", n)
        both: Value = plain((totals.prompt + totals.generated) / seconds, "tokens/s", n)
    else:
        generated = both = NotMeasured("that table is of batch size 1")
    memory = _memory(_within(evidence, phase))
    used: Value = NotMeasured("no memory telemetry")
    if memory:
        used = plain(sum(max(values) for values in memory.values()) / GIB, "GiB", n)
    length = plain(totals.prompt / n, "tokens", n)
    fields = (
        Field("Input Length", length, "mean of p"),
        Field("Speed (tokens/s)", generated, "Σ n / Σ E2E, the scripts' rule"),
        Field("Speed (tokens/s), by the document", both, "Σ (p + n) / Σ E2E"),
        Field("GPU Memory (GiB)", used, "sum over devices of the largest sample"),
    )
    return View("qwen-speed", "Qwen speed benchmark", fields, "")


def _mean_of_all(found: dict[str, list[float]], scale: float, unit: str, what: str) -> Value:
    if not found:
        return NotMeasured(f"no {what} telemetry")
    values = [value for samples in found.values() for value in samples]
    return plain(statistics.mean(values) * scale, unit, len(values))


def transformers_records(evidence: Evidence, phase: PhaseSamples) -> View:
    """The benchmark of transformers: model measurements and device measurements of its dashboard."""
    totals = Totals.of(phase)
    n = len(totals.answers)
    first = statistics.mean(latency.ttft(totals.answers)) / 1000.0
    per_token = latency.tpot(totals.answers)
    following: Value = NotMeasured("no answer has two tokens or more")
    if per_token:
        following = plain(statistics.mean(per_token) / 1000.0, "s", len(per_token))
    inside = NotMeasured("a server does not show single forward passes")
    samples = _within(evidence, phase)
    host = [sample for sample in samples if sample["device"] == "host"]
    devices = [sample for sample in samples if sample["device"] != "host"]

    def busy(of: Sequence[TelemetrySample]) -> Value:
        return _mean_of_all(
            _per_device(of, lambda sample: sample.get("utilisation")), 100.0, "%", "utilisation"
        )

    def filled(of: Sequence[TelemetrySample]) -> Value:
        return _mean_of_all(_memory(of), 1 / MIB, "MiB", "memory")

    fields = (
        Field("first_eager_forward_pass_time_secs", inside, ""),
        Field("second_eager_forward_pass_time_secs", inside, ""),
        Field("time_to_first_token_secs", plain(first, "s", n), "mean of t_1 − t_send"),
        Field("time_to_next_token_mean_secs", following, "mean of (t_n − t_1) / (n − 1)"),
        Field("cpu_util", busy(host), "mean of the samples"),
        Field("mem_megabytes", filled(host), "mean of the samples"),
        Field("gpu_util", busy(devices), "mean of the samples of all devices"),
        Field("gpu_mem_megabytes", filled(devices), "mean of the samples of all devices"),
    )
    return View("transformers", "transformers benchmark", fields, "")
