"""DB-GPT's benchmark CSV."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base import statistics
from suite.base.visible import CsvLines
from suite.documents.document import given
from suite.judge.log.lengths import asked
from suite.judge.report.othertools import devices
from suite.judge.report.othertools.view import Totals, first, obstacle, ttft

if TYPE_CHECKING:
    from collections.abc import Iterable

    from suite.evidence import Evidence
    from suite.judge.log.samples import Answer, PhaseSamples

COLUMNS = (
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
"""The columns in their order: five parameters, six aggregates, ten details of one request."""


def dbgpt_csv(evidence: Evidence, phases: Iterable[PhaseSamples]) -> str:
    """DB-GPT's benchmark CSV: a header and one row per request of each phase, the phase's aggregates repeated.

    Its times are milliseconds since 1970, its speed counts prompt and completion tokens. A cell is empty where
    nothing was recorded. Phases with an obstacle, or whose tokens are not counted, have no rows.
    """
    lines = CsvLines()
    writer = csv.writer(lines, lineterminator=CsvLines.END)
    writer.writerow(COLUMNS)
    for phase in phases:
        if not obstacle(phase):
            writer.writerows(_rows(evidence, phase))
    return lines.text


def _rows(evidence: Evidence, phase: PhaseSamples) -> list[list[str | float | int]]:
    totals = Totals.of(phase)
    n = len(totals.answers)
    header = evidence.header
    epoch_ns = header.clock_zero_ns + 1000 * header.realtime_minus_monotonic_us
    gigabytes = devices.memory(devices.within(evidence, phase))
    used: str | float = ""
    if gigabytes:
        used = (
            statistics.mean([statistics.mean(values) for values in gigabytes.values()])
            / devices.GIB
        )
    concurrency = next(
        doc.concurrency
        for doc in evidence.plan.workload.phases
        if doc.name == phase.name and doc.measured
    )
    both = totals.prompt + totals.generated
    shared: list[str | float | int] = [
        evidence.plan.model.id,
        evidence.plan.devices.count or "",
        "" if concurrency is None else concurrency,
        round(totals.prompt / n),
        _output_length(evidence, phase),
        round(totals.seconds * 1000),
        both,
        both / totals.seconds,
        statistics.mean([ttft(answer) for answer in totals.answers]),
        statistics.mean([answer.e2e for answer in totals.answers]),
        used,
    ]
    return [[*shared, *_request(answer, epoch_ns)] for answer in totals.answers]


def _output_length(evidence: Evidence, phase: PhaseSamples) -> int | float:
    """Tokens asked for of each request: the phase's own, or the workload's limit; the mean of several lengths."""
    if phase.doc.lengths is not UNSET:
        lengths = phase.doc.lengths
        mine = [asked(lengths, answer.event.index)[1] for answer in phase.repeats[0].answers]
        return mine[0] if len(set(mine)) == 1 else round(statistics.mean(mine))
    return given(phase.doc.max_new_tokens, evidence.plan.workload.decoding.max_new_tokens)


def _request(answer: Answer, epoch_ns: int) -> list[str | float | int]:
    def clock(time: int) -> int:
        return (time + epoch_ns) // 1_000_000

    tokens = answer.event.chunk_tokens
    prompt, generated = answer.prompt or 0, answer.claimed or 0
    return [
        clock(answer.sent),
        clock(answer.last),
        clock(answer.last),
        clock(first(answer)),
        clock(first(answer)),
        tokens[0] if tokens else "",
        prompt,
        generated,
        prompt + generated,
        (prompt + generated) / ((answer.last - answer.sent) / 1e9),
    ]
