"""What is asked of the client: each bar a figure against its bound, both from the same run.

A bar that could not be measured (no compiler, no peer installed, fewer than two cores) says so; it is never
counted as met.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.load.measurement import cost, typical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.load.capacity import Capacity, Scaling
    from benchmarks.load.measurement import Measurement
    from benchmarks.load.results import Results
    from suite.base.jsonio import JSONObject

MEDIAN_MS: Final = 0.05
P99_MS: Final = 0.2
ITL_P99_MS: Final = 0.1
LATE_MS: Final = {200.0: 0.3, 500.0: 1.0}
FIRST_REQUEST_S: Final = 0.5
_FLOOR_STREAMS: Final = (8, 128, 512, 1024)
MEMORY_MB: Final = 100.0
MEMORY_TOKENS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes:
        name: what is asked.
        value, bound: both numbers; None when not measured.
        at_most: the value must not exceed the bound; otherwise not fall below it.
        numbers: the figures that the value is made of, in words.
        unit: of value and bound.
    """

    name: str
    value: float | None
    bound: float
    numbers: str
    at_most: bool = True
    unit: str = ""

    @property
    def met(self) -> bool | None:
        """None when it was not measured."""
        if self.value is None:
            return None
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    def to_json(self) -> JSONObject:
        """As a JSON object."""
        return {
            "name": self.name,
            "value": None if self.value is None else round(self.value, 4),
            "bound": round(self.bound, 4),
            "at_most": self.at_most,
            "unit": self.unit,
            "met": self.met,
            "numbers": self.numbers,
        }


def bars(results: Results) -> list[Bar]:
    """Every bar, in the order of the page."""
    return [
        *_exactness(results.closed, ""),
        *_exactness(results.busy, ", beside a busy neighbour"),
        *_cost(results),
        _first_request(results.closed),
        _memory(results.many),
        *_rates(results),
        _workers(results.scaling),
        *(_lateness(results.opened, rate) for rate in LATE_MS),
    ]


def _sound(measurements: Sequence[Measurement]) -> list[Measurement]:
    return [measurement for measurement in measurements if not measurement.failure]


def _missing(measurements: Sequence[Measurement], what: str) -> str:
    failed = next((measurement.failure for measurement in measurements if measurement.failure), "")
    return failed or f"{what} was not run"


def _exactness(measurements: Sequence[Measurement], where: str) -> Iterator[Bar]:
    figures: list[tuple[str, float, Callable[[Measurement], float]]] = [
        ("TTFT bias, median", MEDIAN_MS, lambda row: abs(row.ttft.median)),
        ("TTFT bias, p99", P99_MS, lambda row: row.ttft.p99),
        ("E2E bias, median", MEDIAN_MS, lambda row: abs(row.e2e.median)),
        ("E2E bias, p99", P99_MS, lambda row: row.e2e.p99),
        ("ITL bias, p99", ITL_P99_MS, lambda row: row.itl.p99),
    ]
    sound = _sound(measurements)
    for name, bound, figure in figures:
        if len(sound) < len(measurements) or not sound:
            yield Bar(name + where, None, bound, _missing(measurements, "the load"), unit="ms")
            continue
        worst = max(sound, key=figure)
        numbers = f"{figure(worst):.3f} ms at worst ({worst.load.name})"
        yield Bar(name + where, figure(worst), bound, numbers, unit="ms")


def _cost(results: Results) -> Iterator[Bar]:
    for load in dict.fromkeys(row.load for row in _sound(results.closed)):
        streams = load.streams
        mine = [row for row in _sound(results.closed) if row.load == load]
        same = [row for row in _sound(results.peers) if row.load.streams == streams]
        bound = 1 / 3 if streams <= 128 else 1 / 2
        name = f"CPU per token against the cheapest peer, {load.name}"
        if same:
            yield from _ratios(name, mine, same, bound)
        elif results.peers_asked(streams):
            yield Bar(name, None, bound, "no peer gave a figure")
        least = [row for row in _sound(results.floor) if row.load.streams == streams]
        bound = 2.5 if streams < 128 else 1.5
        name = f"CPU per token against the C floor, {load.name}"
        if streams not in _FLOOR_STREAMS:
            continue
        if least:
            yield from _ratios(name, mine, least, bound)
        else:
            yield Bar(name, None, bound, _missing(results.floor, "the floor"))


def _ratios(
    name: str, mine: Sequence[Measurement], others: Sequence[Measurement], bound: float
) -> Iterator[Bar]:
    """Two bars: to the client's end, which differs in what clients do afterwards, and to the last token."""
    figures: list[tuple[str, Callable[[Measurement], float]]] = [
        ("", cost),
        (", until the last token", lambda row: row.streaming_cpu_s_per_1000),
    ]
    for until, figure in figures:
        own = figure(typical(mine, figure)[0])
        cheapest = min(typical(others, figure), key=figure)
        least = figure(cheapest)
        value = own / least if least else None
        numbers = f"{own:.4f} s per 1,000 tokens against {least:.4f} ({cheapest.client})"
        yield Bar(name + until, value, bound, numbers, unit="×")


def _first_request(measurements: Sequence[Measurement]) -> Bar:
    name = "launch to first request"
    sound = _sound(measurements)
    if not sound:
        return Bar(name, None, FIRST_REQUEST_S, _missing(measurements, "the load"), unit="s")
    worst = max(sound, key=lambda row: row.first_request_s)
    numbers = f"{worst.first_request_s:.3f} s at worst ({worst.load.name})"
    return Bar(name, worst.first_request_s, FIRST_REQUEST_S, numbers, unit="s")


def _memory(measurements: Sequence[Measurement]) -> Bar:
    name = "memory for a million streamed tokens"
    large = [row for row in _sound(measurements) if row.tokens >= MEMORY_TOKENS]
    if not large:
        return Bar(name, None, MEMORY_MB, "no load streamed a million tokens", unit="MB")
    worst = max(large, key=lambda row: row.peak_mb)
    numbers = f"{worst.peak_mb:.0f} MB for {worst.tokens:,} tokens ({worst.load.name})"
    return Bar(name, worst.peak_mb, MEMORY_MB, numbers, unit="MB")


def _rates(results: Results) -> Iterator[Bar]:
    name = "highest exact token rate per core against the C floor"
    mine, floor = results.capacity, results.floor_capacity
    if mine is None or floor is None or not floor.tokens_s:
        yield Bar(name, None, 0.9, "the search was not run for both", at_most=False, unit="×")
    else:
        numbers = f"{_rate(mine)} against {_rate(floor)}"
        yield Bar(name, mine.tokens_s / floor.tokens_s, 0.9, numbers, at_most=False, unit="×")
    name = "highest exact token rate against the best peer's"
    best = _best_peer(results.peers)
    if mine is None or best is None:
        missing = "the search was not run" if mine is None else "no peer was run"
        yield Bar(name, None, 20.0, missing, at_most=False, unit="×")
        return
    held, lost, client = best
    numbers = f"{_rate(mine)} against {client}: exact at {held:,.0f}, no longer at {lost:,.0f}"
    yield Bar(name, mine.tokens_s / lost, 20.0, numbers, at_most=False, unit="×")


def _best_peer(peers: Sequence[Measurement]) -> tuple[float, float, str] | None:
    """The best peer's highest exact rate, 0 for none, and the lowest at which it was not exact, tokens per second.

    Its limit lies between; it is judged by the upper one, which favours the peer.
    """
    limits = []
    for client in dict.fromkeys(row.client for row in peers):
        runs = [row for row in peers if row.client == client and row.load.streams]
        rows = sorted(typical(runs), key=lambda row: row.load.streams)
        # Of several runs of a load, one that is exact is enough, which favours the peer as well.
        well = {row.load for row in runs if row.exact and not row.failure}
        exact = [row.load in well for row in rows]
        if rows:
            first = exact.index(False) if False in exact else len(rows)
            held = rows[first - 1].load.nominal_tokens_s if first else 0.0
            lost = rows[min(first, len(rows) - 1)].load.nominal_tokens_s
            limits.append((held, lost, client))
    return max(limits, default=None)


def _rate(capacity: Capacity) -> str:
    beyond = {"client": "", "server": ", then the server gave up", "range": " or more"}
    return f"{capacity.tokens_s:,.0f} tokens/s{beyond[capacity.limited_by]} ({capacity.client})"


def _workers(scaling: Scaling | None) -> Bar:
    name = "two workers against one, server not the limit"
    if scaling is None:
        return Bar(name, None, 1.6, "run with --workers 2", at_most=False, unit="×")
    failed = next((row.failure for row in scaling.measurements if row.failure), "")
    if failed or not scaling.single:
        return Bar(name, None, 1.6, failed or "nothing was streamed", at_most=False, unit="×")
    shares = [row.server.get("cpu_share", 0.0) for row in scaling.measurements]
    numbers = (
        f"{scaling.many:,.0f} tokens/s with {scaling.workers} against {scaling.single:,.0f} with 1; "
        f"the server took {shares[1]} and {shares[0]} of a core"
    )
    return Bar(name, scaling.many / scaling.single, 1.6, numbers, at_most=False, unit="×")


def _lateness(measurements: Sequence[Measurement], rate: float) -> Bar:
    name = f"send lateness p99 at {rate:g} requests/s"
    same = [row for row in _sound(measurements) if row.load.rate == rate and row.lateness]
    if not same or same[0].lateness is None:
        return Bar(name, None, LATE_MS[rate], _missing(measurements, "the load"), unit="ms")
    late = same[0].lateness
    numbers = f"median {late.median:.3f}, p99 {late.p99:.3f}, worst {late.largest:.3f} ms"
    return Bar(name, late.p99, LATE_MS[rate], numbers, unit="ms")
