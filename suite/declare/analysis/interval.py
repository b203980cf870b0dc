"""Is the headline known well enough? A 95 % interval of a mean or a throughput, by batch means.

Latencies of neighbouring requests depend on each other, so the requests are cut into batches in the order in which
they ended, and Student's interval is taken over the batches' means (Law and Kelton, Simulation Modeling and Analysis,
§9.5.3; Schmeiser, Operations Research 30 (1982) 556: 10 to 30 batches). What correlation is left between
neighbouring batches widens it. A throughput's batches are equal slices of time.

Stopping as soon as an interval happens to be narrow favours the moments when it is too narrow. So it is only looked
at when the sample has grown by a tenth, and it must be narrow at two looks in a row.

The batches are kept in a bounded number of accumulators that are merged in pairs as they fill up: memory and time do
not grow with the phase.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from suite.base.bilingual import Sentence
from suite.base.quantities import significant
from suite.base.statistics import mean, student
from suite.declare.analysis.trend import dependence, inflated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.declare.analysis.observed import Observed
    from suite.documents.phase import Interval as IntervalDocument
    from suite.documents.phase import StopMetric


FEWEST: Final = 50
"""Accumulators (at first: samples) below which there is no interval."""
FEW_BATCHES: Final = 10
BATCHES: Final = 20
MOST: Final = 400
"""Accumulators that are kept; at this many they are merged in pairs."""
FIRST_SLICE_NS: Final = 10_000_000
"""Width of a throughput's first slices."""
LOOK_GROWTH: Final = 1.1


class Interval(NamedTuple):
    """A mean with half the width of its 95 % interval."""

    mean: float
    half: float


class Decision(NamedTuple):
    """What a look at an interval found.

    Attributes:
        reached: it is within the share that was asked for, at this look and at the one before.
        value: the metric; None while it cannot be told.
        half: half the width of its 95 % interval.
        share: `half` / `value`.
        why: one sentence.
    """

    reached: bool
    value: float | None
    half: float | None
    share: float | None
    why: str


def interval_of(values: Sequence[float]) -> Interval | None:
    """Batch means over values in order of time; None for too few.

    A remainder that fills no batch is left out at the beginning.
    """
    count = len(values)
    if count < FEWEST:
        return None
    batches = FEW_BATCHES if count < FEW_BATCHES * BATCHES else BATCHES
    size = count // batches
    used = values[count - size * batches :]
    means = [mean(used[start : start + size]) for start in range(0, len(used), size)]
    middle = mean(means)
    variance = math.fsum((batch_mean - middle) ** 2 for batch_mean in means) / (batches - 1)
    spread = variance / batches * inflated(dependence(means))
    return Interval(middle, student(batches - 1) * math.sqrt(spread))


class BatchMeans:
    """Means of a growing series, in bounded memory."""

    __slots__ = ("_count", "_full", "_open", "_size")

    def __init__(self) -> None:
        self._full: list[float] = []
        self._size = 1
        self._open = 0.0
        self._count = 0

    def add(self, value: float) -> None:
        """One more value."""
        self._open += value
        self._count += 1
        if self._count < self._size:
            return
        self._full.append(self._open / self._size)
        self._open, self._count = 0.0, 0
        if len(self._full) == MOST:
            self._full = [(a + b) / 2.0 for a, b in _pairs(self._full)]
            self._size *= 2

    def interval(self) -> Interval | None:
        """The mean with its interval; None for too few values."""
        return interval_of(self._full)


class ThroughputBatches:
    """Tokens per second over time, each answer's spread evenly from its first to its last chunk."""

    __slots__ = ("_amounts", "_end", "_longest", "_origin", "_steps", "_sum", "_width")

    def __init__(self) -> None:
        self._amounts = [0.0] * MOST
        # Change, at each slice, of what every slice from there on gets: one entry per answer, not per slice.
        self._steps = [0.0] * (MOST + 1)
        self._width = FIRST_SLICE_NS
        self._origin: int | None = None
        self._end = 0
        self._longest = 0
        self._sum = 0

    def add(self, request: Observed) -> None:
        """One more answer; one without a token count adds nothing."""
        if self._origin is None:
            self._origin = request.sent
        self._end = max(self._end, request.end)
        self._longest = max(self._longest, request.end - request.sent)
        if not request.ok or request.first is None or request.last is None or not request.tokens:
            return
        begin = max(request.first - self._origin, 0)
        end = max(request.last - self._origin, begin)
        while end >= self._width * MOST:
            self._merge()
        self._spread(begin, end, float(request.tokens))

    def _spread(self, begin: int, end: int, amount: float) -> None:
        width = self._width
        low, high = begin // width, end // width
        if low == high:
            self._amounts[low] += amount
            return
        density = amount / (end - begin)
        self._amounts[low] += density * ((low + 1) * width - begin)
        self._amounts[high] += density * (end - high * width)
        self._steps[low + 1] += density * width
        self._steps[high] -= density * width

    def _slices(self) -> list[float]:
        """Tokens of each slice."""
        running, slices = 0.0, []
        for amount, step in zip(self._amounts, self._steps, strict=False):
            running += step
            slices.append(amount + running)
        return slices

    def _merge(self) -> None:
        self._amounts = [a + b for a, b in _pairs(self._slices())] + [0.0] * (MOST // 2)
        self._steps = [0.0] * (MOST + 1)
        self._width *= 2

    def interval(self) -> Interval | None:
        """Tokens per second with their interval; None before ten times the longest answer has passed.

        The time of the longest answer before the last end is left out: answers that are under way have not been
        told of yet.
        """
        if self._origin is None:
            return None
        span = self._end - self._longest - self._origin
        if span < FEW_BATCHES * self._longest:
            return None
        complete = min(span // self._width, MOST)
        scale = 1e9 / self._width
        return interval_of([amount * scale for amount in self._slices()[:complete]])


def _pairs(values: Sequence[float]) -> Iterable[tuple[float, float]]:
    return zip(values[::2], values[1::2], strict=True)


def _value(metric: StopMetric, request: Observed) -> float | None:
    match metric:
        case "ttft_mean":
            return request.ttft_ms()
        case "tpot_mean":
            return request.tpot_ms()
        case "e2e_mean":
            return request.e2e_ms()
        case "output_throughput":
            return None


class IntervalRule:
    """Until the interval of a metric lies within a share of its value; told of each request as it ends."""

    __slots__ = ("_batches", "_before", "_metric", "_unit", "_within")

    def __init__(self, rule: IntervalDocument) -> None:
        self._metric: StopMetric = rule.metric
        self._within = rule.within
        self._batches: BatchMeans | ThroughputBatches = BatchMeans()
        self._unit = "ms"
        if self._metric == "output_throughput":
            self._batches = ThroughputBatches()
            self._unit = "tokens/s"
        self._before = False

    def add(self, request: Observed) -> None:
        """A request has ended; failed ones add nothing."""
        if isinstance(self._batches, ThroughputBatches):
            self._batches.add(request)
        elif request.ok and (value := _value(self._metric, request)) is not None:
            self._batches.add(value)

    def look(self) -> Decision:
        """Whether it is reached; every call is a look that counts."""
        interval = self._batches.interval()
        if interval is None or interval.mean <= 0.0:
            self._before = False
            return Decision(
                False,
                None,
                None,
                None,
                Sentence(
                    f"{self._metric}: too few answers so far", f"{self._metric}：目前回答过少"
                ),
            )
        share = interval.half / interval.mean
        narrow = share <= self._within
        reached = narrow and self._before
        self._before = narrow
        why = Sentence(
            f"{self._metric} {significant(interval.mean, 4)} {self._unit} ± {share:.2%}, "
            f"asked for ± {self._within:.2%}",
            f"{self._metric} {significant(interval.mean, 4)} {self._unit} ± {share:.2%}，要求 ± {self._within:.2%}",
        )
        return Decision(reached, interval.mean, interval.half, share, why)


def reached(requests: Iterable[Observed], rule: IntervalDocument) -> Decision:
    """One look over all requests, in the order in which they ended; `reached` says that it is narrow now."""
    looking = IntervalRule(rule)
    for request in requests:
        looking.add(request)
    looking.look()
    return looking.look()
