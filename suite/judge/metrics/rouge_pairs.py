"""F-measures of many answers at once, the very numbers of the ``rouge-score`` package with its stemmer.

Words become integers, each stemmed once by the package's own tokenizer; texts are read once. Overlaps of one and two
words are counted by NumPy over all pairs of a batch, longest common subsequences by RapidFuzz; the arithmetic on the counts is the
package's, in the same order. Sentences for ROUGE-Lsum are split at line breaks, the package's own rule.
"""

from __future__ import annotations

import contextlib
import functools
import string
import sys
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np
from rapidfuzz.distance import LCSseq
from rapidfuzz.process import cpdist

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nltk.stem.porter import PorterStemmer
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

Scores = tuple[float, float, float, float]
"""F-measures of ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum, each from 0 to 1."""
Words = list[int]
"""A text, each word by the number of its stem."""

_BATCH: Final = 4096
"""Pairs counted together: enough that NumPy's calls cost nothing, few enough for a few megabytes."""
_KEPT: Final = 1 << 16
"""Texts kept between batches, since references come again; a long run's answers need not all be kept."""
_SHORT: Final = 3
"""Letters of the longest word that is not stemmed."""
_STEPS: Final = ("_step2", "_step3", "_step4")
"""Steps of NLTK's stemmer that are a list of rules, each for an ending."""
# Of characters beyond ASCII only two have a lower case within it, in every version of Unicode.
_TO_SPACES: Final = bytes(
    code if chr(code) in string.ascii_lowercase + string.digits else ord(" ") for code in range(256)
)
"""All but the letters and digits of words, byte by byte."""


def words(text: str) -> list[bytes]:
    """The words of a text as the package reads them, not stemmed: runs of ASCII letters and digits in lower case."""
    return text.lower().encode("ascii", "replace").translate(_TO_SPACES).split()


@contextlib.contextmanager
def _absent(module: str) -> Iterator[None]:
    """Let imports find a module missing, unless it is loaded already."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment] # None is how imports are told so
    try:
        yield
    finally:
        del sys.modules[module]


@functools.cache
def _stemmer() -> PorterStemmer:
    # NLTK takes SciPy, where it is installed, for collocations and parsing: over a second for nothing.
    with _absent("scipy"):
        from rouge_score.tokenizers import DefaultTokenizer

    stemmer: PorterStemmer = DefaultTokenizer(use_stemmer=True)._stemmer  # noqa: SLF001 - no other way to it
    for step in _STEPS:
        _spare(stemmer, step)
    return stemmer


def _spare(stemmer: PorterStemmer, step: str) -> None:
    """Keep from a step of the stemmer the words that it returns as they are: those with none of its endings.

    A step makes its list of rules anew for every word, which takes most of its time. The endings are read from the
    list that the installed version makes.
    """
    apply = getattr(stemmer, step)
    endings: list[str] = []

    def note(word: str, rules: Sequence[tuple[str, object, object]]) -> str:
        """Take each rule's ending and apply none."""
        endings.extend(ending for ending, _, _ in rules)
        return word

    stemmer._apply_rule_list = note  # noqa: SLF001 - as above
    apply("")
    del stemmer._apply_rule_list  # noqa: SLF001 - as above
    ends = tuple(endings)
    setattr(stemmer, step, lambda word: apply(word) if word.endswith(ends) else word)


def _stemmed(word: str) -> str:
    """The stem of a lower-case word; the package leaves words of up to three letters as they are."""
    return str(_stemmer().stem(word)) if len(word) > _SHORT else word


class _Numbers(dict[bytes, int]):
    """The number of each word's stem, given out as words appear."""

    def __init__(self, stem: Callable[[str], str]) -> None:
        super().__init__()
        self._stem = stem
        self._stems: dict[str, int] = {}

    def __missing__(self, word: bytes) -> int:
        stemmed = self._stem(word.decode("ascii"))
        number = self[word] = self._stems.setdefault(stemmed, len(self._stems))
        return number


class PairScorer:
    """Scores pairs of texts; keeps what it learnt of words and texts for the next call."""

    def __init__(self, *, stem: Callable[[str], str] | None = None) -> None:
        """Begin without words.

        Args:
            stem: what makes a lower-case word its stem; by default the package's own stemmer.
        """
        self._numbers = _Numbers(stem or _stemmed)
        self._texts: dict[str, Words] = {}

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[Scores]:
        """F-measures of (reference, answer) pairs, in their order."""
        return [
            scores
            for start in range(0, len(pairs), _BATCH)
            for scores in self._batch(pairs[start : start + _BATCH])
        ]

    def _read(self, text: str) -> Words:
        numbers = self._texts.get(text)
        if numbers is None:
            numbers = self._texts[text] = [*map(self._numbers.__getitem__, words(text))]
        return numbers

    def _batch(self, pairs: Sequence[tuple[str, str]]) -> Iterator[Scores]:
        if len(self._texts) > _KEPT:
            self._texts.clear()
        references = [self._read(reference) for reference, _ in pairs]
        answers = [self._read(answer) for _, answer in pairs]
        lengths = (_lengths(references), _lengths(answers))
        flat = _flat(references), _flat(answers)
        columns = [
            _fmeasures(_overlaps(flat, lengths, size, len(self._numbers)), lengths, size)
            for size in (1, 2)
        ]
        common = cpdist(references, answers, scorer=LCSseq.similarity)
        columns.append(_fmeasures(common.astype(np.int64), lengths, 1))
        columns.append(self._summary_level(pairs, columns[-1]))
        return zip(*(column.tolist() for column in columns), strict=True)

    def _summary_level(self, pairs: Sequence[tuple[str, str]], longest: Floats) -> Floats:
        """ROUGE-Lsum: ROUGE-L itself unless a side has several sentences."""
        column = longest.copy()
        for place, pair in enumerate(pairs):
            if "\n" in pair[0] or "\n" in pair[1]:
                reference, answer = (self._sentences(text) for text in pair)
                if max(len(reference), len(answer)) > 1:
                    column[place] = _summary_fmeasure(reference, answer)
        return column

    def _sentences(self, text: str) -> list[Words]:
        """The sentences that hold a word; the others add nothing to any count."""
        return [numbers for line in text.split("\n") if (numbers := self._read(line))]


def _lengths(texts: Sequence[Words]) -> Integers:
    return np.fromiter(map(len, texts), np.int64, len(texts))


def _flat(texts: Sequence[Words]) -> Integers:
    return np.fromiter(chain.from_iterable(texts), np.int64)


def _overlaps(
    texts: tuple[Integers, Integers], lengths: tuple[Integers, Integers], size: int, vocabulary: int
) -> Integers:
    """How many runs of `size` words each pair has in common, every run as often as the side has it that has it less."""
    (left, left_counts), (right, right_counts) = (
        _runs(flat, counts, size, vocabulary) for flat, counts in zip(texts, lengths, strict=True)
    )
    common, here, there = np.intersect1d(left, right, assume_unique=True, return_indices=True)
    least = np.minimum(left_counts[here], right_counts[there])
    overlaps = np.zeros(len(lengths[0]), np.int64)
    np.add.at(overlaps, common // vocabulary**size, least)
    return overlaps


def _runs(
    flat: Integers, lengths: Integers, size: int, vocabulary: int
) -> tuple[Integers, Integers]:
    """Each run of words of each text once, as one number that begins with the text's place, and how often it occurs."""
    texts = np.repeat(np.arange(len(lengths)), lengths)
    if size == 1:
        keys = texts * vocabulary + flat
    else:
        within = texts[1:] == texts[:-1]
        keys = ((texts[1:] * vocabulary + flat[:-1]) * vocabulary + flat[1:])[within]
    return np.unique(keys, return_counts=True)


def _fmeasures(common: Integers, lengths: tuple[Integers, Integers], size: int) -> Floats:
    """As `rouge_score.scoring.fmeasure`, operation by operation."""
    recall, precision = (common / np.maximum(counts - (size - 1), 1) for counts in lengths)
    both = precision + recall
    return np.divide(2 * precision * recall, both, out=np.zeros(len(common)), where=both > 0)


def _summary_fmeasure(references: Sequence[Words], answers: Sequence[Words]) -> float:
    """ROUGE-Lsum of sentences with words: the union of the longest common subsequences of each reference sentence."""
    if not references or not answers:
        return 0.0
    left = Counter(chain.from_iterable(references))
    right = Counter(chain.from_iterable(answers))
    hits = 0
    for reference in references:
        places = set().union(*(_subsequence(reference, answer) for answer in answers))
        for place in sorted(places):
            word = reference[place]
            # A word is counted no more often than both sides have it.
            if left[word] > 0 and right[word] > 0:
                hits += 1
                left[word] -= 1
                right[word] -= 1
    recall, precision = hits / sum(map(len, references)), hits / sum(map(len, answers))
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def _subsequence(reference: Words, answer: Words) -> Iterator[int]:
    """Places in the reference of the longest common subsequence that the package reads out of its table.

    The table is kept as one integer for each word of the answer (Hyyrö's bit-parallel form): bit i is 0 where
    the subsequence grows by one with word i of the reference. The package walks back from the end; beside a
    match it goes one word back in the answer where the table's value grew, else one back in the reference.
    """
    shared = set(answer).intersection(reference)
    if not shared:
        return
    places: dict[int, int] = {}
    for place, word in enumerate(reference):
        places[word] = places.get(word, 0) | 1 << place
    full = (1 << len(reference)) - 1
    column, columns = full, []
    for word in answer:
        matches = column & places.get(word, 0)
        column = ((column + matches) | (column - matches)) & full
        columns.append(column)
    row, place = len(reference) - 1, len(answer) - 1
    while row >= 0 and place >= 0:
        if reference[row] == answer[place]:
            yield row
            row, place = row - 1, place - 1
        elif columns[place] >> row & 1:
            row -= 1
        else:
            place -= 1
