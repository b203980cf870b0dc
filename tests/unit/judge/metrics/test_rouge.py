from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from suite.base import statistics
from suite.judge.metrics import rouge

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


@given(TEXTS, TEXTS)
@settings(deadline=None, max_examples=300)
def test_equal_to_the_package_to_the_last_bit(reference, text):
    found = package_scorer().score(reference, text)
    assert rouge.score_pair(reference, text) == tuple(found[name].fmeasure for name in rouge.TYPES)


@given(TEXTS, TEXTS)
@settings(deadline=None)
def test_bounds_and_symmetry(reference, text):
    scores = rouge.score_pair(reference, text)
    assert all(0.0 <= score <= 1.0 for score in scores)
    mirrored = rouge.score_pair(text, reference)
    assert scores[:3] == pytest.approx(mirrored[:3])


def test_by_hand():
    one, two, longest, summary = rouge.score_pair("the cat sat", "the cats slept")
    assert one == pytest.approx(2 / 3)
    assert two == pytest.approx(1 / 2)
    assert longest == summary == pytest.approx(2 / 3)


def test_line_breaks_matter_to_lsum_alone():
    reference, text = "first things\nsecond matters", "second matters\nfirst things"
    one, _, longest, summary = rouge.score_pair(reference, text)
    assert one == summary == 1.0
    assert longest == 0.5


def test_empty_texts_score_nothing():
    assert rouge.score_pair("a reference", "") == (0.0, 0.0, 0.0, 0.0)
    assert rouge.score_pair("", "an answer") == (0.0, 0.0, 0.0, 0.0)


def test_processes_change_nothing():
    pairs = [(f"minister number {i} speaks", f"the ministers spoke {i % 7}") for i in range(600)]
    assert rouge.score_pairs(pairs, processes=2) == rouge.score_pairs(pairs, processes=1)


def test_all_cores_from_many_pairs_on(monkeypatch):
    """Many pairs go to as many processes as there are cores, few to none."""
    asked = []

    class Recorder(rouge.ProcessPoolExecutor):
        def __init__(self, processes, **options):
            asked.append(processes)
            super().__init__(2, **options)

    monkeypatch.setattr(rouge, "ProcessPoolExecutor", Recorder)
    monkeypatch.setattr(rouge.os, "cpu_count", lambda: 12)
    rouge.score_pairs([("a", "b")] * (rouge.POOL_FROM - 1))
    assert asked == []
    rouge.score_pairs([("a", "b")] * rouge.POOL_FROM)
    assert asked == [12]


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
    scores = rouge.score_pairs(pairs, stemmer=stemmer)
    means = [statistics.mean([row[place] for row in scores]) for place in range(3)]
    assert tuple(round(100 * mean, 3) for mean in means) == expected
