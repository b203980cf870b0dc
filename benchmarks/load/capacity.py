"""The highest token rate that one core takes exactly, and what a second worker adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.load.case import Load, closed
from benchmarks.load.clients import Suite
from benchmarks.load.measurement import Measurement, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.load.measurement import Client, Machine
    from suite.base.jsonio import JSONObject

STEPS: Final = (1024, 1280, 1600, 1920, 2240)
"""Streams of 50 tokens/s each: 51,200 to 112,000 tokens/s."""
BISECTIONS: Final = 2
SERVER_LATE_MS: Final = 20.0
"""A server that writes later than a whole gap (99th percentile) no longer keeps its own schedule."""
DRAIN: Final = Load(512, 64, ttft_ms=0.0, itl_ms=0.0, tokens=2048, pack=64)
"""As fast as the client reads: 64 tokens in each write, so that the server has next to nothing to do."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """The search of one client.

    Attributes:
        client: its name.
        tokens_s: streamed tokens per second at the highest load that was exact; 0 when none was.
        limited_by: ``client`` when a higher load was no longer exact; ``server`` when the server gave up
            first; ``range`` when the highest load tried was exact.
        points: every load tried, in order.
    """

    client: str
    tokens_s: float
    limited_by: str
    points: tuple[Measurement, ...]

    def to_json(self) -> JSONObject:
        """As a JSON object."""
        return {
            "client": self.client,
            "tokens_per_s": round(self.tokens_s),
            "limited_by": self.limited_by,
            "points": [point.to_json() for point in self.points],
        }


def search(
    client: Client,
    machine: Machine,
    *,
    steps: Sequence[int] = STEPS,
    bisections: int = BISECTIONS,
    on_point: Callable[[Measurement], None] = lambda _outcome: None,
) -> Capacity:
    """Raise the number of streams until the client is no longer exact, then halve the interval."""
    points: list[Measurement] = []

    def exact(streams: int) -> bool:
        measurement = measure(client, closed(streams), machine)
        points.append(measurement)
        on_point(measurement)
        return not measurement.failure and measurement.exact

    good, bad = _bracket(exact, steps)
    for _ in range(bisections if bad else 0):
        middle = (good + bad) // 2
        if exact(middle):
            good = middle
        else:
            bad = middle
    return _conclude(client.name, points)


def _bracket(exact: Callable[[int], bool], steps: Sequence[int]) -> tuple[int, int]:
    """The last number of streams that was exact and the first that was not; 0 where there is none."""
    good = 0
    for streams in steps:
        if not exact(streams):
            return good, streams
        good = streams
    return good, 0


def _conclude(name: str, points: Sequence[Measurement]) -> Capacity:
    sound = [point for point in points if not point.failure and point.exact]
    best = max((point.tokens_s for point in sound), default=0.0)
    limited = "client" if len(sound) < len(points) else "range"
    if limited == "range" and any(_server_late(point) for point in points):
        limited = "server"
    return Capacity(name, best, limited, tuple(points))


def _server_late(point: Measurement) -> bool:
    late = point.server.get("late")
    value = late.get("p99_ms") if isinstance(late, dict) else None
    return isinstance(value, (int, float)) and value > SERVER_LATE_MS


@dataclass(frozen=True, slots=True)
class Scaling:
    """Tokens per second that workers take from a server that writes as fast as they read.

    Attributes:
        workers: how many.
        one, many: with one worker and with all.
        outcomes: both loads.
    """

    workers: int
    single: float
    many: float
    measurements: tuple[Measurement, Measurement]

    def to_json(self) -> JSONObject:
        """As a JSON object."""
        return {
            "workers": self.workers,
            "one_tokens_per_s": round(self.single),
            "many_tokens_per_s": round(self.many),
            "outcomes": [measurement.to_json() for measurement in self.measurements],
        }


def scaling(machine: Machine, workers: int, *, load: Load = DRAIN) -> Scaling:
    """Measure one worker and several on the same load, from the first byte sent to the last event written."""
    single = measure(Suite(), load, machine)
    many = measure(Suite(workers=workers), load, machine, workers=workers)
    return Scaling(workers, _drained(single), _drained(many), (single, many))


def _drained(measurement: Measurement) -> float:
    """Tokens per second of the whole phase."""
    wall = measurement.phase.get("wall_s")
    if measurement.failure or not isinstance(wall, float) or not wall:
        return 0.0
    return measurement.tokens / wall
