"""The way between client and server, as the marks of a run have it, and its share of what was measured."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from suite.documents.document import given
from suite.judge.log.samples import MS, collect

if TYPE_CHECKING:
    from suite.evidence import Evidence

PROBE: Final = "network.probe"


def round_trips(evidence: Evidence) -> list[list[int]]:
    """Nanoseconds of the handshakes of each probe, in order; what is no positive number is left out."""
    probes = []
    for mark in evidence.marks:
        if mark.name == PROBE:
            times = given(mark.detail, {}).get("round_trips_ns")
            samples = times if isinstance(times, list) else []
            probes.append([time for time in samples if isinstance(time, int) and time > 0])
    return probes


def quiet_first_token(evidence: Evidence) -> float | None:
    """Median time to first token where the fewest requests run at a time, in nanoseconds; None without any."""
    quiet: list[tuple[int, list[float]]] = []
    for phase in collect(evidence):
        times = [answer.ttft / MS for answer in phase.answers]
        if phase.doc.concurrency and times:
            quiet.append((phase.doc.concurrency, times))
    return statistics.median(min(quiet)[1]) if quiet else None
