"""A run's answers beside those of the reference run of its model, task by task."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.errors import SuiteError
from suite.base.statistics import mean
from suite.declare.tasks.reference import Reference, reference_for
from suite.documents.document import given
from suite.documents.value import Measured
from suite.judge import intervals
from suite.judge.log.due import is_answer
from suite.judge.log.phases import phase_logs
from suite.judge.metrics.rouge_pairs import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.documents.event import Request
    from suite.documents.reference import ReferenceAnswer
    from suite.evidence import Evidence

    Answers = dict[str, list[Request]]
    """A phase's answers by task id."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A sum over tasks over the reference's over the same tasks.

    Attributes:
        low: lower end of the 95 % interval over tasks (paired bootstrap); 0 where they are too few for one.
        high: the upper end; infinite where they are too few.
        tasks: how many.
    """

    value: float
    low: float
    high: float
    tasks: int


def reference_of(evidence: Evidence) -> Reference:
    """The reference run that a run is held against: a shipped one, or the one that it carries."""
    workload, basis = evidence.plan.workload, evidence.basis
    carried = None if basis is None else given(basis.reference)
    try:
        return reference_for(
            evidence.plan.model.files, workload.taskset, workload.decoding, carried=carried
        )
    except SuiteError as refused:  # R073 says that no plan follows from it
        return Reference(None, refused.message)


def reference_answers(evidence: Evidence) -> Mapping[str, ReferenceAnswer]:
    """What the reference run answered to the run's own tasks, by id; empty without one."""
    reference = reference_of(evidence).known
    if reference is None:
        return {}
    lines = evidence.tasks
    return {
        answer.id: answer
        for answer in reference.document.answers
        if answer.id in lines and lines[answer.id].record_sha256 == answer.record_sha256
    }


def answers_by_phase(evidence: Evidence, names: Sequence[str]) -> dict[str, Answers]:
    """The answers of measured phases, repeats together, by phase and task."""
    phases: dict[str, Answers] = {name: {} for name in names}
    for log in phase_logs(evidence).values():
        if log.doc.measured and log.doc.name in phases:
            tasks = phases[log.doc.name]
            for event in log.events:
                if is_answer(event):
                    tasks.setdefault(event.task, []).append(event)
    return phases


def tokens(event: Request) -> int | None:
    """Generated tokens of an answer by its best source: ids, the engine's usage, the suite's tokenizer."""
    usage = event.usage
    for count in (usage.ids_completion, usage.engine_completion, usage.own_completion):
        if (known := given(count)) is not None:
            return known
    return None


def goes_on(event: Request, reference: ReferenceAnswer) -> int:
    """Tokens that an answer has behind the place where the reference ended, having said its very words; 0 for none."""
    spoken = words(event.text)
    if not reference.ended or digest(spoken[: reference.words]) != reference.words_sha256:
        return 0
    behind = (tokens(event) or 0) - reference.tokens
    # One token may be the end itself, which not every source counts.
    if len(spoken) == reference.words and behind <= 1:
        return 0
    return max(behind, 1)


def digest(spoken: Sequence[bytes]) -> str:
    """What a reference keeps of an answer's words."""
    return jsonio.sha256_hex(b" ".join(spoken))


def paired(here: Sequence[float], there: Sequence[float]) -> Ratio | None:
    """The ratio of two sums over the same tasks; None where the reference's is nothing."""
    below = math.fsum(there)
    if not here or below <= 0:
        return None
    value = math.fsum(here) / below
    drawn = intervals.bootstrap_ratio(here, there, "1", len(here))
    if not isinstance(drawn, Measured) or drawn.low is None or drawn.high is None:
        return Ratio(value, 0.0, math.inf, len(here))
    return Ratio(value, drawn.low, drawn.high, len(here))


def mean_tokens(events: Sequence[Request]) -> float | None:
    """Mean length of the answers to one task; None where one was not counted."""
    counts = [tokens(event) for event in events]
    numbers = [float(count) for count in counts if count is not None]
    return mean(numbers) if numbers and len(numbers) == len(counts) else None
