"""ROUGE as the Perl tool of the papers counts: ROUGE-1.5.5 with ``-m``, for readers who compare with published tables.

Its stemmer is Martin Porter's, after a list of irregular forms from WordNet 2.0, and leaves words of up to three
letters alone. The list travels with the package ``py-rouge``. Words, overlaps and F-measures are those of the
suite's own scores.
"""

from __future__ import annotations

import functools
import importlib.metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nltk.stem.porter import PorterStemmer

from suite.base import jsonio, statistics
from suite.documents.value import NotMeasured
from suite.judge.metrics.rouge_pairs import PairScorer
from suite.judge.report.othertools.view import Field, View, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from suite.documents.taskline import TaskLine
    from suite.documents.value import Value
    from suite.judge.log.samples import PhaseSamples

PACKAGE: Final = "py-rouge"
_LISTS: Final = ("wordnet_key_value.txt", "wordnet_key_value_special_cases.txt")
"""WordNet's irregular forms, then the words that NLTK's port of the stemmer reads otherwise than the tool."""
SHORT: Final = 3
"""Words of so many letters are left as they are."""
_ROWS: Final = (("ROUGE-1", 0), ("ROUGE-2", 1), ("ROUGE-L", 2))


@functools.cache
def _stems() -> Mapping[str, str]:
    stems: dict[str, str] = {}
    for file in importlib.metadata.files(PACKAGE) or ():
        if file.name in _LISTS:
            lines = jsonio.read_bytes(Path(str(file.locate()))).decode("utf-8").splitlines()
            for line in lines:
                form, bar, stem = line.strip().partition("|")
                if bar:
                    stems[form] = stem
    return stems


@functools.cache
def stemmer() -> Callable[[str], str]:
    """What makes a lower-case word its stem."""
    stems = _stems()
    porter = PorterStemmer(mode=PorterStemmer.MARTIN_EXTENSIONS)

    def stem(word: str) -> str:
        if len(word) <= SHORT:
            return word
        return stems.get(word) or str(porter.stem(word))

    return stem


def rouge_155(phase: PhaseSamples, tasks: Mapping[str, TaskLine], card: Value) -> View:
    """F-measures of the first repeat, averaged over its answers.

    Args:
        phase: the phase.
        tasks: with the references.
        card: the suite's own ROUGE-1 of the phase; where it is not measured these are not either, for its reason.
    """
    pairs = [
        (tasks[answer.event.task].reference, answer.event.text)
        for answer in phase.repeats[0].answers
        if answer.event.task in tasks
    ]
    scores = [] if isinstance(card, NotMeasured) else PairScorer(stem=stemmer()).score(pairs)
    why = card if isinstance(card, NotMeasured) else NotMeasured("no answer has a reference")
    fields = [
        Field(
            name,
            plain(100 * statistics.mean([score[place] for score in scores]), "%", len(scores))
            if scores
            else why,
            "mean F over the answers, words stemmed",
        )
        for name, place in _ROWS
    ]
    return View(
        "rouge-1.5.5",
        "ROUGE-1.5.5 -m",
        tuple(fields),
        "published tables count lower-cased text that was tokenised first; this counts the texts as they are",
    )
