"""What another tool would print of a phase.

Every view takes the first repeat of a phase, since those tools know no repeats, and follows the tool's own
formula and percentile rule, without this suite's floors and intervals. Nothing here feeds the scorecard.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.declare.analysis.arrived import arrival
from suite.documents.value import Measured, Value
from suite.judge.log.samples import MS, NO_COUNT, NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.judge.log.samples import Answer, PhaseSamples

OTHERS_RULE = "the other tool's rule, no interval"


@dataclass(frozen=True, slots=True)
class Field:
    """One number under the name that the tool prints it by."""

    name: str
    value: Value
    formula: str


@dataclass(frozen=True, slots=True)
class View:
    """What one tool would print of a phase.

    Attributes:
        name: stable id, e.g. ``vllm-serving``.
        tool: the tool, for people.
        note: what to know before comparing, "" for nothing.
    """

    name: str
    tool: str
    fields: tuple[Field, ...]
    note: str

    def field(self, name: str) -> Field:
        """A field by its name.

        Raises:
            KeyError: when the view has no such field.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the first repeat that most tools start from."""

    answers: tuple[Answer, ...]
    prompt: int
    generated: int
    seconds: float

    @classmethod
    def of(cls, phase: PhaseSamples) -> Totals:
        """Of a phase without obstacle whose tokens are counted."""
        answers = phase.repeats[0].answers
        return cls(
            answers,
            sum(answer.prompt or 0 for answer in answers),
            sum(answer.claimed or 0 for answer in answers),
            phase.repeats[0].window_s,
        )


def first(answer: Answer) -> int:
    """When the first chunk with text arrived, whatever it shows: the first token of every one of these tools."""
    return arrival(answer.event, 0)


def ttft(answer: Answer) -> float:
    """From the send to there, milliseconds."""
    return (first(answer) - answer.sent) * MS


def per_token(answers: Sequence[Answer]) -> list[float]:
    """(E2E − TTFT) / (n − 1) of each answer of two tokens or more, milliseconds, n as claimed."""
    return [
        (answer.last - first(answer)) * MS / (answer.claimed - 1)
        for answer in answers
        if answer.claimed is not None and answer.claimed > 1
    ]


def plain(value: float, unit: str, n: int) -> Measured:
    """A number by somebody else's rule."""
    return Measured(value, unit, n, None, None, OTHERS_RULE)


def obstacle(phase: PhaseSamples) -> str:
    """Why no tool's terms apply to a phase; "" where they do."""
    if phase.obstacle or phase.over:
        return phase.obstacle or phase.over
    if not phase.counts_tokens:
        return NO_COUNT
    return NO_TIME if phase.repeats[0].window_s <= 0 else ""
