"""Spreads of values and the comparison of a client's times with the true ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchmarks.load.times import Timed
    from suite.base.jsonio import JSONObject

_BIN_NS = 100_000_000


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, 99th percentile and largest of some values, milliseconds; by the nearest order statistic."""

    median: float
    p99: float
    largest: float

    @classmethod
    def of(cls, values: Sequence[float] | NDArray[np.float64]) -> Spread:
        """Summarise; no values give zeros."""
        if not len(values):
            return cls(0.0, 0.0, 0.0)
        ordered = np.sort(np.asarray(values, dtype=np.float64))
        last = len(ordered) - 1
        return cls(
            float(ordered[round(last * 0.5)]),
            float(ordered[round(last * 0.99)]),
            float(ordered[-1]),
        )

    def minus(self, other: Spread) -> Spread:
        """Quantile by quantile."""
        return Spread(
            self.median - other.median, self.p99 - other.p99, self.largest - other.largest
        )

    def to_json(self) -> JSONObject:
        """As a JSON object; a tenth of a microsecond is kept."""
        return {
            "median_ms": round(self.median, 4),
            "p99_ms": round(self.p99, 4),
            "max_ms": round(self.largest, 4),
        }


@dataclass(frozen=True, slots=True)
class Latencies:
    """TTFT, ITL and E2E of some requests, milliseconds."""

    ttft: list[float] = field(default_factory=list)
    itl: list[float] = field(default_factory=list)
    e2e: list[float] = field(default_factory=list)

    def spreads(self) -> tuple[Spread, Spread, Spread]:
        """Of TTFT, ITL and E2E."""
        return Spread.of(self.ttft), Spread.of(self.itl), Spread.of(self.e2e)


def truth_latencies(truth: Sequence[Timed], *, mean_gaps: bool = False) -> Latencies:
    """True latencies: from the request's arrival at the server to the writes.

    Args:
        truth: the server's times.
        mean_gaps: ITL is each request's mean, for clients that keep no more.
    """
    return _latencies(truth, sent=False, mean_gaps=mean_gaps)


def client_latencies(seen: Sequence[Timed]) -> Latencies:
    """A client's latencies: from its sending to the arrivals."""
    return _latencies(seen, sent=True)


def _latencies(requests: Sequence[Timed], *, sent: bool, mean_gaps: bool = False) -> Latencies:
    latencies = Latencies()
    for request in requests:
        if not request.tokens:
            continue
        zero = request.started if sent else request.planned
        latencies.ttft.append((request.tokens[0] - zero) / 1e6)
        latencies.e2e.append((request.tokens[-1] - zero) / 1e6)
        gaps = np.diff(np.asarray(request.tokens, dtype=np.int64)) / 1e6
        latencies.itl.extend([float(gaps.mean())] if mean_gaps and len(gaps) else gaps.tolist())
    return latencies


@dataclass(frozen=True, slots=True)
class Biases:
    """A client's numbers minus the true ones, request by request and gap by gap, milliseconds.

    Attributes:
        ttft, e2e: signed.
        itl: absolute.
        unmatched: requests that only one side knows, or whose number of tokens differs.
    """

    ttft: Spread
    itl: Spread
    e2e: Spread
    unmatched: int


def compare(seen: Sequence[Timed], truth: Sequence[Timed]) -> Biases:
    """Hold a client's times against the true ones, matched by the requests' numbers."""
    true_of = {request.index: request for request in truth}
    ttft: list[float] = []
    e2e: list[float] = []
    itl: list[NDArray[np.float64]] = []
    for request in seen:
        true = true_of.get(request.index)
        if true is None or not request.tokens or len(true.tokens) != len(request.tokens):
            continue
        mine = np.asarray(request.tokens, dtype=np.int64)
        theirs = np.asarray(true.tokens, dtype=np.int64)
        delays = (mine - request.started) - (theirs - true.planned)
        ttft.append(float(delays[0]) / 1e6)
        e2e.append(float(delays[-1]) / 1e6)
        itl.append(np.abs(np.diff(delays)) / 1e6)
    gaps = np.concatenate(itl) if itl else np.zeros(0)
    unmatched = max(len(seen), len(truth)) - len(ttft)
    return Biases(Spread.of(ttft), Spread.of(gaps), Spread.of(e2e), unmatched)


def lateness(seen: Sequence[Timed]) -> Spread:
    """Sending later than intended, milliseconds."""
    return Spread.of([(request.started - request.planned) / 1e6 for request in seen])


def steady_tokens_s(truth: Sequence[Timed]) -> float:
    """Tokens per second that were written while all streams ran: the median over tenths of a second."""
    moments = np.sort(
        np.concatenate([np.asarray(request.tokens, dtype=np.int64) for request in truth])
    )
    if len(moments) < 2:
        return 0.0
    bins = (moments - moments[0]) // _BIN_NS
    counts = np.bincount(bins)
    return float(np.median(counts) * 1e9 / _BIN_NS)
