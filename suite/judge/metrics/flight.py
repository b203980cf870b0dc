"""How many requests were in flight: what a closed loop was held at, and what an open loop ran up to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.values import Measured, NotMeasured, Value, exact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.eventdoc import RequestEvent
    from suite.judge.metrics.samples import PhaseSamples, Repeat

NAMES = ("in_flight_mean", "in_flight_peak")
NO_INTERVAL = "whole phase, no interval"


def peak(events: Iterable[RequestEvent]) -> int:
    """Most requests in flight at the same time."""
    edges: list[tuple[int, int]] = []
    for event in events:
        edges += [(event["t_send"], 1), (event["t_end"], -1)]
    # An end sorts before a start at the same nanosecond: the slot was free again.
    flying = highest = 0
    for _, step in sorted(edges):
        flying += step
        highest = max(highest, flying)
    return highest


def _busy_ns(repeat: Repeat) -> int:
    """Request nanoseconds inside the repeat's window."""
    return sum(
        max(0, min(event["t_end"], repeat.end) - max(event["t_send"], repeat.first_sent))
        for event in repeat.events
    )


def in_flight(phase: PhaseSamples) -> dict[str, Value]:
    """Mean over the windows of all repeats, and the peak of any; failed requests count while they last."""
    repeats: Sequence[Repeat] = phase.repeats
    window = sum(repeat.end - repeat.first_sent for repeat in repeats)
    if window <= 0:
        return dict.fromkeys(NAMES, NotMeasured("the phase took no measurable time"))
    count = sum(len(repeat.events) for repeat in repeats)
    mean = sum(_busy_ns(repeat) for repeat in repeats) / window
    return {
        "in_flight_mean": Measured(mean, "requests", count, None, None, NO_INTERVAL),
        "in_flight_peak": exact(max(peak(repeat.events) for repeat in repeats), "requests", count),
    }
