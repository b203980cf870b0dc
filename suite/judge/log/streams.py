"""How the chunks of answers follow each other where one request runs at a time: what a stream shows of its server."""

from __future__ import annotations

import collections
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.statistics import mean, median, percentile
from suite.base.unicode14 import shows
from suite.declare.analysis.arrived import chunks
from suite.declare.scenarios.phase import kind
from suite.documents.document import given
from suite.judge.log.due import is_answer
from suite.judge.log.phases import phase_logs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.documents.event import Request
    from suite.evidence import Evidence

LEAST_CHUNKS: Final = 6
"""Chunks that an answer needs for its gaps to say anything."""
EVEN: Final = 0.2
"""An answer comes in bursts when a quarter of its gaps is shorter than this share of their mean."""
LEAST_GAPS: Final = 100
"""Gaps that a phase needs."""
RUN: Final = 3
"""Gaps in a row that no two answers have alike, to the nanosecond."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How the chunks of a phase's answers follow each other.

    Attributes:
        bursts: share of the answers that come in bursts.
        quarter: 25th percentile of their gaps, nanoseconds.
        upper: 90th percentile.
        several: share of the chunks between the first and the last that carry more than one token; None where the
            engine does not say.
    """

    bursts: float
    quarter: float
    upper: float
    several: float | None


def streams(evidence: Evidence) -> dict[str, list[Request]]:
    """Answers of measured phases in which one request runs at a time, by phase."""
    phases: dict[str, list[Request]] = {}
    for log in phase_logs(evidence).values():
        doc = log.doc
        alone = doc.concurrency == 1 and not kind(doc).overlaps and doc.session is UNSET
        if doc.measured and alone:
            phases.setdefault(doc.name, []).extend(filter(is_answer, log.events))
    return phases


def pace(answers: Iterable[Request]) -> Pace | None:
    """How the chunks of some answers follow each other; None where there are too few of them."""
    mine = [event for event in answers if chunks(event) > LEAST_CHUNKS]
    gaps = [sorted(map(float, event.chunk_dt[1:])) for event in mine]
    every = sorted(chain.from_iterable(gaps))
    if len(every) < LEAST_GAPS:
        return None
    carried = [
        tokens
        for event in mine
        if event.chunk_tokens is not None
        for tokens in event.chunk_tokens[1:-1]
    ]
    return Pace(
        sum(percentile(own, 25.0) < EVEN * mean(own) for own in gaps) / len(gaps),
        percentile(every, 25.0),
        percentile(every, 90.0),
        sum(tokens > 1 for tokens in carried) / len(carried) if carried else None,
    )


def blank_first(event: Request) -> bool:
    """Whether an answer's first chunk holds no token, or shows nothing and came before its time.

    A first token of white space is a token like others: then the next one follows at the answer's usual pace.
    """
    if not event.lead_chars:
        return False
    carried = event.chunk_tokens
    if carried and carried[0] == 0:
        return True
    if shows(event.text[: event.lead_chars[0]]) or event.lead_chars[0] == 0:
        return False
    wait = waited(event)
    return carried is None or wait is None or wait[0] > HASTE * wait[1]


HASTE: Final = 3.0
"""By how much the gap behind the first chunk may exceed the usual one: a first step of decoding may be slower."""


def waited(event: Request) -> tuple[float, float] | None:
    """The gap behind the first chunk, and the usual gap after it, nanoseconds; None for a short answer."""
    if chunks(event) < LEAST_CHUNKS:
        return None
    return float(event.chunk_dt[0]), median([float(gap) for gap in event.chunk_dt[1:]])


def first_token(event: Request) -> float:
    """From sending to the first chunk, nanoseconds."""
    return float((event.chunk_t0 or 0) - event.t_send)


def repeated(answers: Sequence[Request]) -> tuple[int, int]:
    """Runs of gaps that occur more than once to the nanosecond, and all runs; those with equal or no gaps left out."""
    runs: collections.Counter[tuple[int, ...]] = collections.Counter()
    for event in answers:
        gaps = event.chunk_dt
        for start in range(len(gaps) - RUN + 1):
            run = gaps[start : start + RUN]
            if 0 not in run:
                runs[run] += 1
    total = sum(runs.values())
    return sum(count for count in runs.values() if count > 1), total


def rounded(answers: Sequence[Request], unit: int) -> tuple[int, int]:
    """Gaps that are whole multiples of a unit of nanoseconds, and all of them; merged chunks left out."""
    gaps = [gap for event in answers for gap in event.chunk_dt if gap]
    return sum(gap % unit == 0 for gap in gaps), len(gaps)


def alone_and_among(evidence: Evidence) -> list[tuple[Request, Request]]:
    """The same task answered alone and among others: pairs of the first answers, prompt by prompt."""
    alone: dict[str, Request] = {}
    for events in streams(evidence).values():
        for event in events:
            alone.setdefault(event.prompt_sha256, event)
    names = streams(evidence).keys()
    among: dict[str, Request] = {}
    for log in phase_logs(evidence).values():
        doc = log.doc
        if doc.measured and doc.name not in names and doc.max_new_tokens is UNSET:
            for event in filter(is_answer, log.events):
                if event.prompt_sha256 in alone:
                    among.setdefault(event.prompt_sha256, event)
    return [(alone[prompt], event) for prompt, event in among.items()]


def divergence(first: Request, second: Request) -> tuple[int, bool]:
    """Steps until two answers part, and whether they do; in tokens where both have ids, else in words."""
    ids = given(first.token_ids or UNSET), given(second.token_ids or UNSET)
    reference: Sequence[object] = ids[0] if ids[0] and ids[1] else first.text.split()
    other: Sequence[object] = ids[1] if ids[0] and ids[1] else second.text.split()
    for place, (mine, theirs) in enumerate(zip(reference, other, strict=False)):
        if mine != theirs:
            return place + 1, True
    return max(1, min(len(reference), len(other))), len(reference) != len(other)
