"""What the plots draw: ordered latencies thinned to at most 200 points, throughput in at most 60 buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.statistics import percentile
from suite.documents.card_phase import RateSeries, Series
from suite.documents.value import stored
from suite.judge.log import tpot
from suite.judge.metrics.latency import ascending
from suite.judge.metrics.throughput import amounts, token_credits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.judge.log.samples import PhaseSamples

POINTS = 200
BUCKETS = 60
FEWEST_PER_BUCKET = 4
"""Answers per bucket below which a rate over time would only show single requests."""


def quantiles(values: Sequence[float]) -> tuple[float, ...]:
    """Ascending values, or `POINTS` equally spaced quantiles of more than that many."""
    ordered = ascending(values)
    if len(ordered) <= POINTS:
        return tuple(stored(float(value)) for value in ordered)
    step = 100.0 / (POINTS - 1)
    return tuple(stored(percentile(ordered, min(i * step, 100.0))) for i in range(POINTS))


def _throughput(phase: PhaseSamples) -> RateSeries | None:
    """Generated tokens per second over the first repeat."""
    repeat = phase.repeats[0]
    buckets = min(BUCKETS, len(repeat.answers) // FEWEST_PER_BUCKET)
    if buckets < 2 or repeat.window_s <= 0 or not phase.counts_tokens:
        return None
    width = repeat.window_s / buckets
    tokens = amounts(repeat, token_credits(repeat), buckets)
    values = tuple(stored(float(sum_) / width) for sum_ in tokens)
    return RateSeries(bucket_s=stored(width), unit="tokens/s", values=values)


def series(phase: PhaseSamples) -> Series:
    """The series of a phase without obstacle."""
    answers = phase.answers
    per_token = tpot.samples(answers)
    told_apart = phase.counts_tokens and per_token and not tpot.obstacle(answers)
    return Series(
        ttft_ms=quantiles([answer.ttft for answer in answers]),
        tpot_ms=quantiles(per_token) if told_apart else UNSET,
        e2e_ms=quantiles([answer.e2e for answer in answers]),
        failed=stored(phase.late / (phase.late + len(answers))) if phase.late else UNSET,
        throughput=_throughput(phase) or UNSET,
    )
