"""Tables of other tools that hold device memory and use: Qwen's speed table, transformers' records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base import statistics
from suite.documents.document import given
from suite.documents.value import NotMeasured, Value
from suite.judge.report.othertools.view import Field, Totals, View, per_token, plain, ttft

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.documents.telemetry import TelemetrySample
    from suite.evidence import Evidence
    from suite.judge.log.samples import PhaseSamples

GIB = 2**30
MIB = 2**20


def within(evidence: Evidence, phase: PhaseSamples) -> list[TelemetrySample]:
    """Telemetry of the phase's first repeat."""
    repeat = phase.repeats[0]
    return [sample for sample in evidence.telemetry if repeat.first_sent <= sample.t <= repeat.end]


def _per_device(
    samples: Sequence[TelemetrySample], read: Callable[[TelemetrySample], float | None]
) -> dict[str, list[float]]:
    """Values by device, where the tool gave them."""
    by_device: dict[str, list[float]] = {}
    for sample in samples:
        value = read(sample)
        if value is not None:
            by_device.setdefault(sample.device, []).append(value)
    return by_device


def memory(samples: Sequence[TelemetrySample]) -> dict[str, list[float]]:
    """Bytes in use by device."""
    return _per_device(samples, lambda sample: given(sample.memory_used_bytes))


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
    gigabytes = memory(within(evidence, phase))
    used: Value = NotMeasured("no memory telemetry")
    if gigabytes:
        used = plain(sum(max(values) for values in gigabytes.values()) / GIB, "GiB", n)
    length = plain(totals.prompt / n, "tokens", n)
    fields = (
        Field("Input Length", length, "mean of p"),
        Field("Speed (tokens/s)", generated, "Σ n / Σ E2E, the scripts' rule"),
        Field("Speed (tokens/s), by the document", both, "Σ (p + n) / Σ E2E"),
        Field("GPU Memory (GiB)", used, "sum over devices of the largest sample"),
    )
    return View("qwen-speed", "Qwen speed benchmark", fields, "")


def _mean_of_all(by_device: dict[str, list[float]], scale: float, unit: str, what: str) -> Value:
    if not by_device:
        return NotMeasured(f"no {what} telemetry")
    values = [value for samples in by_device.values() for value in samples]
    return plain(statistics.mean(values) * scale, unit, len(values))


def transformers_records(evidence: Evidence, phase: PhaseSamples) -> View:
    """The benchmark of transformers: model measurements and device measurements of its dashboard."""
    totals = Totals.of(phase)
    n = len(totals.answers)
    first = statistics.mean([ttft(answer) for answer in totals.answers]) / 1000.0
    rest = per_token(totals.answers)
    following: Value = NotMeasured("no answer has two tokens or more")
    if rest:
        following = plain(statistics.mean(rest) / 1000.0, "s", len(rest))
    inside = NotMeasured("a server does not show single forward passes")
    samples = within(evidence, phase)
    host = [sample for sample in samples if sample.device == "host"]
    devices = [sample for sample in samples if sample.device != "host"]

    def busy(of: Sequence[TelemetrySample]) -> Value:
        return _mean_of_all(
            _per_device(of, lambda sample: given(sample.utilisation)), 100.0, "%", "utilisation"
        )

    def filled(of: Sequence[TelemetrySample]) -> Value:
        return _mean_of_all(memory(of), 1 / MIB, "MiB", "memory")

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
