"""New tasks of a challenge beside those that everybody knows: times and quality of two groups, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base.statistics import mean
from suite.declare.analysis.arrived import arrival, chunks, first_place
from suite.declare.profiles import controls
from suite.declare.scenarios.phase import (
    has_exact_lengths,
    is_conversation,
    is_shortened,
    kind,
)
from suite.documents.document import given
from suite.judge.log.due import is_answer
from suite.judge.log.phases import phase_logs
from suite.judge.log.reuse import STUDENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.documents.event import Request
    from suite.documents.phase import Phase
    from suite.evidence import Evidence

FEWEST: Final = 8
"""Tasks of each group below which nothing can be told."""
_LEAST_AFTER: Final = 4
"""Chunks after the first that an answer's pace needs."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Mean of the known tasks less that of the new ones.

    Attributes:
        value: the difference.
        low: lower end of its interval, which one honest run in a thousand lies below.
        high: upper end, which one in a thousand lies above.
        known: tasks that everybody knows.
        new: tasks of the challenge.
    """

    value: float
    low: float
    high: float
    known: int
    new: int


def is_new(evidence: Evidence, task: str) -> bool | None:
    """Whether a task is one of the challenge's; None for what is no task, such as a salted control."""
    line = evidence.tasks.get(task)
    return None if line is None else given(line.origin) is not None


def alone(evidence: Evidence) -> Iterator[Request]:
    """Answers to tasks in measured phases of one request at a time; controls are left out."""
    for log in phase_logs(evidence).values():
        if log.doc.measured and kind(log.doc).one_at_a_time:
            hidden = controls.by_index(log.doc)
            yield from (
                event for event in log.events if is_answer(event) and event.index not in hidden
            )


def asks_apart(doc: Phase) -> bool:
    """Whether a phase asks something else than the tasks as they are: with history, or at other lengths."""
    return has_exact_lengths(doc) or is_shortened(doc) or is_conversation(doc)


def answers(evidence: Evidence) -> dict[str, str]:
    """The first answer to each task that a measured phase asks alone, without history or other lengths."""
    texts: dict[str, str] = {}
    for log in phase_logs(evidence).values():
        doc = log.doc
        if doc.measured and not asks_apart(doc):
            for event in log.events:
                if is_answer(event) and event.task in evidence.tasks:
                    texts.setdefault(event.task, event.text)
    return texts


def first_token(evidence: Evidence) -> Gap | None:
    """TTFT of known tasks over that of new ones, as a difference of logarithms at equal prompt length.

    None where too few of either were asked one at a time.
    """
    points: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for event in alone(evidence):
        new = is_new(evidence, event.task)
        tokens = given(event.usage.own_prompt) or given(event.usage.engine_prompt)
        took = arrival(event, first_place(event)) - event.t_send
        if new is not None and tokens and took > 0:
            points[new].append((math.log(tokens), math.log(took)))
    if min(map(len, points.values())) < FEWEST:
        return None
    slope = _slope([point for group in points.values() for point in _centred(group)])
    return gap(*([y - slope * x for x, y in points[new]] for new in (False, True)))


def pace(evidence: Evidence) -> Gap | None:
    """Time per chunk after the first, likewise."""
    times: dict[bool, list[float]] = {False: [], True: []}
    for event in alone(evidence):
        new, after = is_new(evidence, event.task), chunks(event) - 1
        took = sum(event.chunk_dt)
        if new is not None and after >= _LEAST_AFTER and took > 0:
            times[new].append(math.log(took / after))
    return gap(times[False], times[True])


def _centred(points: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    x_mean, y_mean = (mean([point[place] for point in points]) for place in (0, 1))
    return ((x - x_mean, y - y_mean) for x, y in points)


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """The middle slope between points half the range apart (Theil's incomplete method): a stalled request bends it little."""
    ordered = sorted(points)
    half = len(ordered) // 2
    slopes = sorted(
        (high[1] - low[1]) / (high[0] - low[0])
        for low, high in zip(ordered[:half], ordered[-half:], strict=True)
        if high[0] > low[0]
    )
    return slopes[len(slopes) // 2] if slopes else 0.0


def gap(known: Sequence[float], new: Sequence[float], *, cut: bool = True) -> Gap | None:
    """The difference of two groups' means with its interval (Yuen and Welch); None for too few of either.

    Args:
        known: values of the known tasks.
        new: of the new ones.
        cut: leave out the eighth part at each end of each group.
    """
    if min(len(known), len(new)) < FEWEST:
        return None
    sides = [_side(values, len(values) // 8 if cut else 0) for values in (known, new)]
    spread = sum(variance for _, variance, _ in sides)
    under = sum(variance**2 / degrees for _, variance, degrees in sides)
    degrees = spread**2 / under if under > 0 else min(side[2] for side in sides)
    half = _student(degrees) * math.sqrt(spread)
    value = sides[0][0] - sides[1][0]
    return Gap(value, value - half, value + half, len(known), len(new))


def _student(degrees: float) -> float:
    return STUDENT[max(key for key in STUDENT if key <= max(degrees, min(STUDENT)))]


def _side(values: Sequence[float], cut: int) -> tuple[float, float, int]:
    """Trimmed mean, its squared standard error from the winsorised variance, and degrees of freedom."""
    ordered = sorted(values)
    count = len(ordered)
    middle = ordered[cut : count - cut]
    drawn_in = [min(max(value, middle[0]), middle[-1]) for value in ordered]
    centre = mean(drawn_in)
    squares = math.fsum((value - centre) ** 2 for value in drawn_in)
    inner = len(middle)
    return mean(middle), squares / (inner * (inner - 1)), inner - 1
