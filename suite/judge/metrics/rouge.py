"""ROUGE of the answers against the reference summaries, by the ``rouge-score`` package with its stemmer.

`score_pairs` gives each pair's F-measures. Stems are cached, and many pairs are scored on all cores; both
change nothing in the numbers. Sentences for ROUGE-Lsum are split at line breaks, the package's own rule.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from nltk.stem import porter  # type: ignore[import-untyped]  # what rouge-score stems with
from rouge_score import rouge_scorer, tokenize

from suite.base import statistics
from suite.documents.value import NotMeasured, Value
from suite.judge import intervals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from suite.documents.taskline import TaskLine
    from suite.judge.log.samples import Answer

TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
POOL_FROM = 4000
"""Fewest pairs for which starting processes costs less than it saves."""
_CHUNK = 256

Scores = tuple[float, float, float, float]
"""F-measures in the order of `TYPES`, each from 0 to 1."""


class _CachedStemmer:
    """The package's stemmer, each word stemmed once."""

    def __init__(self) -> None:
        self.stem = functools.lru_cache(maxsize=1 << 17)(porter.PorterStemmer().stem)


class _Tokenizer:
    """What `rouge_scorer.RougeScorer` asks for."""

    def __init__(self, stemmer: _CachedStemmer | None) -> None:
        self._stemmer = stemmer

    def tokenize(self, text: str) -> list[str]:
        """Lower-case alphanumeric words, stemmed when longer than three characters."""
        words: list[str] = tokenize.tokenize(text, self._stemmer)
        return words


@functools.cache
def _scorer(*, stemmer: bool, types: tuple[str, ...]) -> rouge_scorer.RougeScorer:
    tokenizer = _Tokenizer(_CachedStemmer() if stemmer else None)
    return rouge_scorer.RougeScorer(list(types), tokenizer=tokenizer)


def score_pair(reference: str, text: str, *, stemmer: bool = True) -> Scores:
    """F-measures of one answer."""
    # With one sentence on both sides ROUGE-Lsum is ROUGE-L, and half of the work is saved.
    types = TYPES if "\n" in reference or "\n" in text else TYPES[:3]
    found = _scorer(stemmer=stemmer, types=types).score(reference, text)
    one, two, longest = (float(found[name].fmeasure) for name in TYPES[:3])
    summary = float(found["rougeLsum"].fmeasure) if "rougeLsum" in found else longest
    return one, two, longest, summary


def _score_chunk(pairs: Sequence[tuple[str, str]], *, stemmer: bool) -> list[Scores]:
    return [score_pair(reference, text, stemmer=stemmer) for reference, text in pairs]


def score_pairs(
    pairs: Sequence[tuple[str, str]], *, stemmer: bool = True, processes: int | None = None
) -> list[Scores]:
    """F-measures of many (reference, answer) pairs, in their order.

    Args:
        pairs: references and answers.
        stemmer: whether words are stemmed.
        processes: how many to use; by default all cores from `POOL_FROM` pairs on, else one.
    """
    if processes is None:
        processes = (os.cpu_count() or 1) if len(pairs) >= POOL_FROM else 1
    if processes == 1:
        return _score_chunk(pairs, stemmer=stemmer)
    work = functools.partial(_score_chunk, stemmer=stemmer)
    chunks = [pairs[start : start + _CHUNK] for start in range(0, len(pairs), _CHUNK)]
    # Fresh interpreters: forking a process that has threads can hang.
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(processes, mp_context=context) as pool:
            return [scores for chunk in pool.map(work, chunks) for scores in chunk]
    except BrokenProcessPool:
        # Helpers are killed where memory is short or programs can't be started; the numbers are the same.
        return _score_chunk(pairs, stemmer=stemmer)


def score_texts(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Scores]:
    """Each distinct pair scored once: greedy answers repeat from phase to phase."""
    distinct = list(dict.fromkeys(pairs))
    return dict(zip(distinct, score_pairs(distinct), strict=True))


def _values(by_task: Mapping[str, list[Scores]]) -> dict[str, Value]:
    """Means over tasks; a task asked several times counts once, with its mean."""
    tasks = [by_task[name] for name in sorted(by_task)]
    found: dict[str, Value] = {}
    for place, name in enumerate(TYPES):
        means = [statistics.mean([scores[place] for scores in task]) for task in tasks]
        found[name] = intervals.bootstrap_mean(means, "1")
    return found


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
            why = f"the reference of task {answer.event.task} is not in the evidence"
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
