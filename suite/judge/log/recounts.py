"""A phase as each source counts it that counts every answer, beside the sources that feed its metrics."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

from suite.declare.analysis.arrived import OWN, SOURCES
from suite.declare.scenarios.phase import has_exact_lengths
from suite.judge.log.samples import GENERATED, PROMPT, answer_of, repeat_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.declare.analysis.arrived import Arrived
    from suite.documents.card_phase import Counted
    from suite.documents.event import Request
    from suite.judge.log.samples import Count, PhaseSamples

    Claims: TypeAlias = tuple[str, Count]
    Arrivals: TypeAlias = tuple[str, Callable[[Request], Arrived | None]]


T = TypeVar("T")


class Recount(NamedTuple):
    """A phase as one source counts it.

    Attributes:
        of: what is counted of each answer: the tokens claimed, or those that arrived.
        source: see `PhaseSamples.token_source` and `PhaseSamples.arrival_source`.
        tokens: of all answers.
        differ: answers that the phase's own source counts otherwise.
        samples: makes the phase's samples by this count.
    """

    of: Counted
    source: str
    tokens: int
    differ: int
    samples: Callable[[], PhaseSamples]


def recounts(phase: PhaseSamples) -> list[Recount]:
    """The phase by every source, those that feed its metrics among them.

    Where an exact length ignores the end token, text does not show what was generated: the suite's own tokenizer says
    nothing of the claim there.
    """
    answers = phase.answers
    if not answers:
        return []
    claims: Claims = (phase.token_source, _count_of(GENERATED, phase.token_source))
    arrivals: Arrivals = (phase.arrival_source, _count_of(SOURCES, phase.arrival_source))
    counts = []
    for name, read in GENERATED:
        known = [read(answer.event) for answer in answers]
        lengths = [length for length in known if length is not None]
        if len(lengths) == len(answers) and not (name == OWN and has_exact_lengths(phase.doc)):
            differ = sum(old.claimed != new for old, new in zip(answers, lengths, strict=True))
            samples = partial(_recounted, phase, (name, read), arrivals)
            counts.append(Recount("claimed", name, sum(lengths), differ, samples))
    for name, tell in SOURCES:
        same = name == phase.arrival_source
        came = [answer.arrived if same else tell(answer.event) for answer in answers]
        firsts = [(each.tokens, each.first) for each in came if each is not None]
        if len(firsts) == len(answers):
            pairs = zip(answers, firsts, strict=True)
            differ = sum(old.arrived is None or old.arrived[:2] != new for old, new in pairs)
            samples = partial(_recounted, phase, claims, (name, tell))
            tokens = sum(tokens for tokens, _ in firsts)
            counts.append(Recount("arrived", name, tokens, differ, samples))
    return counts


def _recounted(phase: PhaseSamples, claims: Claims, arrivals: Arrivals) -> PhaseSamples:
    prompt = _count_of(PROMPT, phase.prompt_source)
    repeats = [
        repeat_of(
            mine.log,
            mine.events,
            [answer_of(old.event, claims[1], prompt, arrivals[1]) for old in mine.answers],
        )
        for mine in phase.repeats
    ]
    return replace(
        phase,
        repeats=tuple(repeats),
        token_source=claims[0],
        arrival_source=arrivals[0],
    )


def _count_of(
    sources: tuple[tuple[str, Callable[[Request], T]], ...], name: str
) -> Callable[[Request], T | None]:
    """The count of a source; one that counts nothing where there is none of that name."""
    return dict(sources).get(name, lambda _: None)
