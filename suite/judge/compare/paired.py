"""Two runs held against each other task by task, from their evidence.

A mean over tasks has an interval that is as wide as the tasks differ; where both runs were asked the same tasks, the ratio
of the two means has a far narrower one. That holds for means over requests (latencies) and over tasks (ROUGE); percentiles,
throughput and energy are no such means.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, TypeAlias

from suite.base.statistics import mean, median
from suite.documents.comparison import Answers, TaskAnswers, ValueRatio
from suite.documents.value import stored
from suite.judge.compare.ratio import paired_ratio
from suite.judge.log.samples import collect
from suite.judge.metrics import rouge
from suite.judge.metrics.compute import questions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from suite.evidence import Evidence
    from suite.judge.log.samples import Answer, PhaseSamples

PairedRatios: TypeAlias = "Mapping[tuple[str, str, str | None], tuple[ValueRatio, int]]"
"""By phase, metric and what counted the tokens (None where that does not matter): the ratio and its number of tasks."""

MOST_SHOWN: Final = 5
_TIMES: Final[dict[str, Callable[[Answer], float | None]]] = {
    "ttft_mean": lambda answer: answer.ttft,
    "tt4t_mean": lambda answer: answer.tt4t,
    "tpot_mean": lambda answer: answer.tpot,
    "e2e_mean": lambda answer: answer.e2e,
}
"""Means over requests, and the value of one request."""
_BY_TOKENS: Final = ("tpot_mean",)


def paired_ratios(a: Sequence[Evidence], b: Sequence[Evidence]) -> PairedRatios:
    """The ratio of every metric that is a mean over requests or tasks, phase by phase.

    Args:
        a: the runs of one side, which repeat one plan.
        b: those of the other.
    """
    ratios: dict[tuple[str, str, str | None], tuple[ValueRatio, int]] = {}
    for first, second in _sides(a, b):
        for metric, read in _TIMES.items():
            source: str | None = None
            if metric in _BY_TOKENS:
                sources = {phase.arrival_source for _, phase in (*first, *second)}
                if len(sources) > 1:
                    continue
                source = sources.pop()
            key = first[0][1].name, metric, source
            _put(
                ratios,
                key,
                *([_by_task(phase, read) for _, phase in side] for side in (first, second)),
            )
        if questions(first[0][1].doc) == "tasks":
            scores = [[_rouge(run, phase) for run, phase in side] for side in (first, second)]
            for place, metric in enumerate(rouge.TYPES):
                sides = [
                    [
                        {task: [score[place] for score in given] for task, given in run.items()}
                        for run in side
                    ]
                    for side in scores
                ]
                _put(ratios, (first[0][1].name, metric, None), *sides)
    return ratios


_Phase: TypeAlias = "tuple[Evidence, PhaseSamples]"


def _sides(
    a: Sequence[Evidence], b: Sequence[Evidence]
) -> Iterator[tuple[list[_Phase], list[_Phase]]]:
    """The phases of one name that every run of both sides measured whole, with their runs."""
    runs = [(run, {phase.name: phase for phase in collect(run)}) for run in (*a, *b)]
    for name in runs[0][1]:
        phases = [(run, held[name]) for run, held in runs if name in held]
        if len(phases) == len(runs) and not any(phase.obstacle for _, phase in phases):
            yield phases[: len(a)], phases[len(a) :]


def _by_task(phase: PhaseSamples, read: Callable[[Answer], float | None]) -> dict[str, list[float]]:
    values: dict[str, list[float]] = defaultdict(list)
    for answer in phase.answers:
        value = read(answer)
        if value is not None:
            values[answer.event.task].append(value)
    return values


def _put(
    ratios: dict[tuple[str, str, str | None], tuple[ValueRatio, int]],
    key: tuple[str, str, str | None],
    a: Sequence[Mapping[str, Sequence[float]]],
    b: Sequence[Mapping[str, Sequence[float]]],
) -> None:
    """Enter a ratio where all runs have the same tasks, each as often; a task counts by its mean over a side's runs."""
    if len({frozenset((task, len(given)) for task, given in run.items()) for run in (*a, *b)}) > 1:
        return
    tasks = sorted(a[0])
    means = ([mean([mean(run[task]) for run in side]) for task in tasks] for side in (a, b))
    ratio = paired_ratio(*means)
    if ratio is not None:
        ratios[key] = ratio, len(tasks)


def _rouge(evidence: Evidence, phase: PhaseSamples) -> dict[str, list[tuple[float, ...]]]:
    texts = [
        (answer.event.task, (evidence.tasks[answer.event.task].reference, answer.event.text))
        for answer in phase.answers
        if answer.event.task in evidence.tasks
    ]
    scored = rouge.score_texts(pair for _, pair in texts)
    values: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for task, pair in texts:
        values[task].append(tuple(scored[pair]))
    return values


def answers(a: Evidence, b: Evidence) -> Iterator[Answers]:
    """The answers of both runs side by side, phase by phase; of a task asked several times the first."""
    for ((_, first),), ((_, second),) in _sides((a,), (b,)):
        if questions(first.doc) != "tasks":
            continue
        sides = [_texts(first), _texts(second)]
        tasks = sorted(task for task in sides[0].keys() & sides[1].keys() if task in a.tasks)
        if not tasks:
            continue
        rows = _scored(a, tasks, sides)
        differing = [row for row in rows if row.a != row.b]
        differing.sort(key=lambda row: -abs(row.rouge1[0] - row.rouge1[1]))
        shares = [_agreed(row.a, row.b) for row in differing]
        yield Answers(
            phase=first.name,
            tasks=len(rows),
            identical=len(rows) - len(differing),
            agreed=stored(median(shares)) if shares else None,
            furthest=tuple(differing[:MOST_SHOWN]),
        )


def _texts(phase: PhaseSamples) -> dict[str, str]:
    texts: dict[str, str] = {}
    for answer in phase.answers:
        texts.setdefault(answer.event.task, answer.event.text)
    return texts


def _scored(
    evidence: Evidence, tasks: Sequence[str], sides: Sequence[Mapping[str, str]]
) -> list[TaskAnswers]:
    pairs = [(evidence.tasks[task].reference, side[task]) for task in tasks for side in sides]
    scored = rouge.score_texts(pairs)
    return [
        TaskAnswers(
            task=task,
            reference=evidence.tasks[task].reference,
            a=sides[0][task],
            b=sides[1][task],
            rouge1=(
                stored(scored[evidence.tasks[task].reference, sides[0][task]][0]),
                stored(scored[evidence.tasks[task].reference, sides[1][task]][0]),
            ),
        )
        for task in tasks
    ]


def _common(a: str, b: str) -> int:
    """Characters that both begin with."""
    pairs = zip(a, b, strict=False)
    return next((index for index, (x, y) in enumerate(pairs) if x != y), min(len(a), len(b)))


def _agreed(a: str, b: str) -> float:
    """Share of the shorter text that both begin with."""
    shorter = min(len(a), len(b))
    return _common(a, b) / shorter if shorter else 0.0
