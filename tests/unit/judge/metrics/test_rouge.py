from __future__ import annotations

import functools
import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from suite.base import statistics
from suite.judge.metrics import rouge, rouge_pairs
from suite.judge.metrics.rouge_pairs import PairScorer

SHARED = os.environ.get("SUITE_SHARED_DATA")
WORDS = st.sampled_from(
    [
        "Run",
        "running",
        "runs",
        "the",
        "a",
        "of",
        "ministers",
        "minister's",
        "1999",
        "é",
        "Zürich",
        "x\n-y",
        "\n",
    ]
)
TEXTS = st.lists(WORDS, max_size=25).map(" ".join)


@functools.cache
def package_scorer():
    return rouge_scorer.RougeScorer(list(rouge.TYPES), use_stemmer=True)


def package(reference, text):
    result = package_scorer().score(reference, text)
    return tuple(float(result[name].fmeasure) for name in rouge.TYPES)


def score_pair(reference, text):
    return PairScorer().score([(reference, text)])[0]


@given(TEXTS, TEXTS)
@settings(max_examples=1000)
def test_equal_to_the_package_to_the_last_bit(reference, text):
    assert score_pair(reference, text) == package(reference, text)


@given(TEXTS, TEXTS)
def test_bounds_and_symmetry(reference, text):
    scores = score_pair(reference, text)
    assert all(0.0 <= score <= 1.0 for score in scores)
    mirrored = score_pair(text, reference)
    assert scores[:3] == pytest.approx(mirrored[:3])


def test_by_hand():
    item, two, longest, summary = score_pair("the cat sat", "the cats slept")
    assert item == pytest.approx(2 / 3)
    assert two == pytest.approx(1 / 2)
    assert longest == summary == pytest.approx(2 / 3)


def test_line_breaks_matter_to_lsum_alone():
    reference, text = "first things\nsecond matters", "second matters\nfirst things"
    item, _, longest, summary = score_pair(reference, text)
    assert item == summary == 1.0
    assert longest == 0.5


def test_empty_texts_score_nothing():
    assert score_pair("a reference", "") == (0.0, 0.0, 0.0, 0.0)
    assert score_pair("", "an answer") == (0.0, 0.0, 0.0, 0.0)


def test_a_word_of_any_length_is_stemmed():
    """An answer is a stranger's text: a recursive stemmer would end the judging."""
    word = "y" * 20_000 + "ing"
    assert score_pair(word, word) == (1.0, 0.0, 1.0, 1.0)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=12))
def test_many_pairs_at_once_give_what_each_gives_alone(pairs):
    assert PairScorer().score(pairs) == [score_pair(*pair) for pair in pairs]


def test_more_pairs_than_a_batch(monkeypatch):
    pairs = [
        (f"minister number {i % 50} speaks", f"the ministers\nspoke {i % 7}") for i in range(90)
    ]
    whole = PairScorer().score(pairs)
    monkeypatch.setattr(rouge_pairs, "_BATCH", 7)
    monkeypatch.setattr(rouge_pairs, "_KEPT", 3)
    assert PairScorer().score(pairs) == whole == [package(*pair) for pair in pairs]


def test_two_characters_beyond_ascii_have_a_lower_case_within_it():
    """In every version of Unicode, so that words are the same wherever they are read."""
    beyond = (chr(code) for code in range(128, sys.maxunicode + 1))
    assert {char for char in beyond if re.search("[a-z0-9]", char.lower())} == {"\u0130", "\u212a"}


@pytest.fixture(scope="module")
def predictions():
    if not SHARED:
        pytest.skip("SUITE_SHARED_DATA is not set: no shared predictions")
    directory = Path(SHARED) / "data/xsum/predictions"
    if not directory.is_dir():
        pytest.skip(f"no {directory}")

    def read(name):
        # Only line feeds end a line here; the texts hold other characters that splitlines would split at.
        return (directory / name).read_text(encoding="utf-8").rstrip("\n").split("\n")

    return {
        "gold": read("gold-test-sentences.txt"),
        "LEAD": read("lead-test-output.txt"),
        "EXT-ORACLE": read("ext-oracle-test-output.txt"),
        "PtGen": read("ptgen-test-output.txt"),
    }


TABLE = [
    ("LEAD", True, (16.008, 1.583, 11.787)),
    ("EXT-ORACLE", True, (29.357, 8.716, 22.399)),
    ("PtGen", True, (29.338, 9.170, 23.044)),
    ("LEAD", False, (15.200, 1.489, 11.339)),
    ("EXT-ORACLE", False, (27.859, 8.242, 21.491)),
    ("PtGen", False, (28.461, 8.976, 22.552)),
]


@pytest.mark.parametrize(("system", "stemmer", "expected"), TABLE)
def test_known_systems_on_the_test_split(predictions, system, stemmer, expected):
    pairs = list(zip(predictions["gold"], predictions[system], strict=True))
    assert len(pairs) == 11_334
    scores = PairScorer(stem=None if stemmer else str).score(pairs)
    means = [statistics.mean([row[place] for row in scores]) for place in range(3)]
    assert tuple(round(100 * mean, 3) for mean in means) == expected


@pytest.mark.slow
@pytest.mark.parametrize("breaks", [False, True])
def test_equal_to_the_package_over_the_shared_predictions(predictions, breaks):
    pairs = [
        pair
        for name in ("LEAD", "EXT-ORACLE", "PtGen")
        for pair in zip(predictions["gold"][:1500], predictions[name][:1500], strict=True)
    ]
    if breaks:
        # Sentences of seven words on both sides, so that ROUGE-Lsum has unions to form.
        pairs = [tuple(re.sub(r"((?:\S+ ){7})", r"\1\n", text) for text in pair) for pair in pairs]
    assert PairScorer().score(pairs) == [package(*pair) for pair in pairs]
