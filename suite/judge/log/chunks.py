"""When the chunks of many answers arrived and what they carried, as arrays.

Times are nanoseconds of the run's clock. Evidence that makes a time beyond 64 bits is refused by rule R004; here it
wraps around instead of ending the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.base.statistics import Floats
    from suite.documents.event import Request
    from suite.judge.intervals import Integers

LONGEST_NS = 1 << 53
"""No time of an event log is larger; a thousand times as much still fits into 64 bits."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """The chunks with text of answers, answer after answer.

    Attributes:
        times: arrival of each chunk.
        tokens: generated tokens that each carried; spread evenly over an answer's chunks where those did not say.
        firsts: place of each answer's first chunk.
        gaps: times between the chunks of each answer, answer after answer.
    """

    times: Integers
    tokens: Floats
    firsts: Integers
    gaps: Integers

    @property
    def lasts(self) -> Integers:
        """When each answer's last chunk arrived."""
        ends = np.append(self.firsts[1:], len(self.times)) - 1
        return np.asarray(self.times[ends], dtype=np.int64)


def _weights(event: Request) -> Sequence[int]:
    count = 1 + len(event.chunk_dt)
    tokens = event.chunk_tokens
    return tokens if tokens and sum(tokens) > 0 and len(tokens) == count else [1] * count


def chunks_of(answers: Sequence[Request], generated: Sequence[int | None]) -> Chunks:
    """The chunks of some answers.

    Args:
        answers: requests that ended well.
        generated: how many tokens came with the chunks of each; None where nobody counted.
    """
    counts = np.fromiter((1 + len(event.chunk_dt) for event in answers), np.int64, len(answers))
    firsts = np.cumsum(counts) - counts
    gaps = np.fromiter(chain.from_iterable(event.chunk_dt for event in answers), np.int64)
    # From chunk to chunk within an answer, and from nothing to the first: sums since then are arrival times.
    steps = np.zeros(int(counts.sum()), np.int64)
    within = np.ones(len(steps), np.bool_)
    within[firsts] = False
    steps[within] = gaps
    since = np.cumsum(steps)
    begun = np.fromiter((event.chunk_t0 for event in answers), np.int64, len(answers))
    weights = [_weights(event) for event in answers]
    shares = [(count or 0) / sum(own) for count, own in zip(generated, weights, strict=True)]
    return Chunks(
        times=since + np.repeat(begun - since[firsts], counts),
        tokens=np.fromiter(chain.from_iterable(weights), np.float64) * np.repeat(shares, counts),
        firsts=firsts,
        gaps=gaps,
    )
