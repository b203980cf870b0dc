"""How long a run will take, as far as its plan says: from counts, arrivals and durations.

What the plan cannot say is how long the server takes for an answer. So the phases are computed for several such times,
each as a range where a stop rule or a search decides, and what is not in the figures is named.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import UNSET

from suite.base.quantities import duration
from suite.declare.analysis.bisection import planned
from suite.documents.document import given

if TYPE_CHECKING:
    from suite.documents.phase import Phase, Search
    from suite.documents.plan import Plan

ANSWERS_S: Final = (0.1, 1.0, 10.0)
"""Answer times for which the phases are computed, in seconds."""
SETTLE_S: Final = 1.0
"""Pause between two probes of a search."""


class Span(NamedTuple):
    """The least and the most that something takes, in seconds."""

    least: float
    most: float

    def __str__(self) -> str:
        """Both ends, or the one where they are equal."""
        if math.isclose(self.least, self.most, rel_tol=0.01):
            return duration(self.most)
        return f"{duration(self.least)} to {duration(self.most)}"


def phase_span(phase: Phase, answer_s: float) -> Span:
    """How long a phase takes when every answer takes `answer_s` seconds at its load.

    Args:
        phase: of a plan; one that is not run takes no time.
        answer_s: from a request's send to the end of its answer; its time-out ends a longer one.
    """
    if phase.not_run is not UNSET:
        return Span(0.0, 0.0)
    answer = min(answer_s, phase.timeout_s)
    if phase.search is not UNSET:
        return _search(phase.search, answer)
    whole = _sent(phase, phase.tasks, answer)
    stop = given(phase.stop)
    if stop is None:
        return Span(whole, whole)
    most = whole
    if stop.max_duration_s is not None:
        most = min(whole, stop.max_duration_s + answer)
    if stop.saturation:
        return Span(0.0, most)
    enough = _sent(phase, min(stop.min_requests, phase.tasks), answer)
    return Span(min(max(stop.min_duration_s, enough), most), most)


def _sent(phase: Phase, requests: int, answer_s: float) -> float:
    """Seconds until that many requests of a phase have ended."""
    if requests <= 0:
        return 0.0
    if phase.arrivals_ns:
        return phase.arrivals_ns[requests - 1] / 1e9 + answer_s
    streams = phase.concurrency or 1
    session = given(phase.session)
    if session is None:
        return math.ceil(requests / streams) * answer_s
    turns = session.turns
    rounds = math.ceil(math.ceil(requests / turns) / streams)
    return rounds * (turns * answer_s + (turns - 1) * session.think_ms / 1000)


def _search(search: Search, answer_s: float) -> Span:
    """One probe that is decided at once, up to all of them at the lowest rate, whose arrivals take longest."""
    probe = planned(search, search.min_rate) / search.min_rate + answer_s
    return Span(answer_s, search.max_probes * (probe + SETTLE_S))


def duration_lines(plan: Plan) -> list[str]:
    """The estimate as lines of text: one row for each phase and one for all of them, a column for each answer time."""
    rows: dict[str, list[Span]] = {}
    for phase in plan.workload.phases:
        name = phase.group.name if phase.group is not UNSET else phase.name
        spans = [phase_span(phase, answer) for answer in ANSWERS_S]
        earlier = rows.get(name, [Span(0.0, 0.0)] * len(spans))
        rows[name] = [_sum(pair) for pair in zip(earlier, spans, strict=True)]
    total = [_sum(column) for column in zip(*rows.values(), strict=True)]
    table = [("an answer takes", *(duration(answer) for answer in ANSWERS_S))]
    table += [(name, *map(str, spans)) for name, spans in rows.items()]
    table.append(("all phases", *map(str, total)))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "Duration of the phases, repeats and warm-up included, by how long an answer takes at their load:",
        *(
            "  "
            + "  ".join(
                f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)
            ).rstrip()
            for row in table
        ),
        *_beyond(plan),
    ]


def _sum(spans: tuple[Span, ...]) -> Span:
    return Span(sum(span.least for span in spans), sum(span.most for span in spans))


def _beyond(plan: Plan) -> list[str]:
    """What is not in the figures."""
    phases = plan.workload.phases
    lines = []
    if any(phase.search or phase.stop for phase in phases):
        lines.append("A range: a stop rule or a search ends such a phase as soon as it is decided.")
    parts = {
        "container": "getting the image, ",
        "process": "making the Python environment, ",
        "endpoint": "",
        "sim": "",
    }[plan.runtime]
    if plan.conversion is not None:
        parts += "converting the weights, "
    limit = duration(plan.engine.readiness.timeout_s)
    lines.append(f"Not in it: {parts}the engine's start ({limit} at most), scoring and signing.")
    return lines
