"""ROUGE of the answers against the reference summaries, as the ``rouge-score`` package counts with its stemmer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base import statistics
from suite.base.bilingual import Sentence
from suite.documents.value import NotMeasured, Value
from suite.judge import intervals
from suite.judge.metrics.rouge_pairs import PairScorer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from suite.documents.taskline import TaskLine
    from suite.judge.log.samples import Answer
    from suite.judge.metrics.rouge_pairs import Scores

TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")


def score_texts(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Scores]:
    """Each distinct pair scored once: greedy answers repeat from phase to phase."""
    distinct = list(dict.fromkeys(pairs))
    return dict(zip(distinct, PairScorer().score(distinct), strict=True))


def _values(by_task: Mapping[str, list[Scores]]) -> dict[str, Value]:
    """Means over tasks; a task asked several times counts once, with its mean."""
    tasks = [by_task[name] for name in sorted(by_task)]
    values: dict[str, Value] = {}
    for place, name in enumerate(TYPES):
        means = [statistics.mean([scores[place] for scores in task]) for task in tasks]
        values[name] = intervals.bootstrap_mean(means, "1")
    return values


def rouge(
    answers: Sequence[Answer],
    tasks: Mapping[str, TaskLine],
    scored: Mapping[tuple[str, str], Scores],
) -> dict[str, Value]:
    """ROUGE of a phase's answers, over the very requests that were timed.

    Args:
        answers: the phase's answers.
        tasks: reference summaries by task id.
        scored: every needed pair, from `score_texts`.
    """
    by_task: dict[str, list[Scores]] = {}
    for answer in answers:
        task = tasks.get(answer.event.task)
        if task is None:
            why = Sentence(
                f"the reference of task {answer.event.task} is not in the evidence",
                f"证据中没有任务 {answer.event.task} 的参考摘要",
            )
            return dict.fromkeys(TYPES, NotMeasured(why))
        pair = (task.reference, answer.event.text)
        by_task.setdefault(task.id, []).append(scored[pair])
    return _values(by_task)


def lead(
    tasks: Mapping[str, TaskLine], asked: set[str], scored: Mapping[tuple[str, str], Scores]
) -> dict[str, Value]:
    """ROUGE of the first sentence of every document that was asked: the baseline without a model."""
    lines = [tasks[name] for name in sorted(asked & set(tasks))]
    return _values({line.id: [scored[line.reference, line.lead]] for line in lines})
