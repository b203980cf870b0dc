"""What prompts cost: how the time to the first token grows with their length where one request runs at a time, and under load."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base.statistics import mean, median
from suite.declare.analysis.arrived import arrival, chunks, first_place
from suite.declare.profiles import controls
from suite.declare.scenarios.phase import kind
from suite.documents.document import given
from suite.judge.log.due import is_answer
from suite.judge.log.phases import phase_logs
from suite.judge.log.reuse import middle

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.documents.event import Request
    from suite.evidence import Evidence

LEAST_ANSWERS: Final = 32
"""Answers of a phase below which nothing can be told."""
LEAST_SPREAD: Final = 1.3
"""How much longer the longer half of the prompts must be."""
MOST_UNSURE: Final = 1.0
"""How far an interval may reach to either side: beyond, stalls decide."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How the time to the first token grows with the prompt, as a power of its length: 1 in proportion, 0 not at all.

    Attributes:
        low: lower end of its interval, which one honest run in a thousand lies below.
        high: upper end, which one in a thousand lies above.
        answers: how many were looked at.
        spread: length of the longer half of the prompts over that of the shorter one.
        steps: the median TTFT in the median times between two chunks.
        cost_ns: least time for one more prompt token, by the lower end.
    """

    value: float
    low: float
    high: float
    answers: int
    spread: float
    steps: float
    cost_ns: float


def growths(evidence: Evidence) -> dict[str, Growth]:
    """By phase of one request at a time, how TTFT grows with the prompt; where lengths, answers and times tell. No controls."""
    phases: dict[str, list[Request]] = {}
    for log in phase_logs(evidence).values():
        if log.doc.measured and kind(log.doc).one_at_a_time:
            hidden = controls.by_index(log.doc)
            phases.setdefault(log.doc.name, []).extend(
                event for event in log.events if is_answer(event) and event.index not in hidden
            )
    by_phase = {name: growth(answers) for name, answers in phases.items()}
    return {name: known for name, known in by_phase.items() if known is not None}


def growth(answers: Iterable[Request]) -> Growth | None:
    """How the TTFT of some answers grows with the prompt; None where nothing can be told.

    Each prompt of the shorter half is held against the one of the same rank in the longer half (Theil's incomplete method).
    """
    mine = [(tokens(event), _first(event), event) for event in answers]
    ordered = sorted((count, first) for count, first, _ in mine if count and first > 0)
    half = len(ordered) // 2
    if len(ordered) < LEAST_ANSWERS:
        return None
    pairs = list(zip(ordered[:half], ordered[-half:], strict=True))
    ratios = [(math.log(high[0] / low[0]), math.log(high[1] / low[1])) for low, high in pairs]
    longer = mean([length for length, _ in ratios])
    if longer < math.log(LEAST_SPREAD):
        return None
    # Around a first guess, so that pairs may differ in length and the interval is the noise's alone.
    guess = median([time / length for length, time in ratios if length > 0])
    drawn = middle([time - guess * length for length, time in ratios])
    if drawn is None or drawn[1] > MOST_UNSURE * longer:
        return None
    value, reach = guess + drawn[0] / longer, drawn[1] / longer
    paces = [sum(event.chunk_dt) / (chunks(event) - 1) for *_, event in mine if chunks(event) > 1]
    pace = median(paces) if paces else 0.0
    first = median([first for _, first in ordered])
    per_token = mean([first / count for count, first in ordered])
    return Growth(
        value=value,
        low=value - reach,
        high=value + reach,
        answers=len(ordered),
        spread=math.exp(longer),
        steps=first / pace if pace else 0.0,
        cost_ns=max(0.0, value - reach) * per_token,
    )


def _first(event: Request) -> int:
    return arrival(event, first_place(event)) - event.t_send


def tokens(event: Request) -> int:
    """Prompt tokens of a request that were no cache's, by the suite's own tokenizer or the engine; 0 where nobody counted them."""
    count = given(event.usage.own_prompt) or given(event.usage.engine_prompt) or 0
    return max(0, count - given(event.usage.cached_tokens, 0))


def loads(evidence: Evidence) -> dict[str, tuple[int, int]]:
    """By phase of several requests at a time: prompt tokens of its answers, and nanoseconds in which any of them ran."""
    phases: dict[str, tuple[int, int]] = {}
    for log in phase_logs(evidence).values():
        if log.doc.measured and not kind(log.doc).one_at_a_time:
            answers = [event for event in log.events if is_answer(event)]
            read, busy = phases.get(log.doc.name, (0, 0))
            phases[log.doc.name] = read + sum(map(tokens, answers)), busy + _busy(answers)
    return {name: (read, busy) for name, (read, busy) in phases.items() if read and busy}


def _busy(answers: Sequence[Request]) -> int:
    """Nanoseconds in which at least one of some requests ran."""
    total = reached = 0
    for start, end in sorted((event.t_send, event.t_end) for event in answers):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total
