"""ROUGE as the Perl tool counts it: published tables, and its own rows of three systems."""

import csv
import gzip
import os
from pathlib import Path

import pytest

from suite.base import statistics
from suite.documents.value import Measured, NotMeasured
from suite.judge.log.samples import collect
from suite.judge.metrics.rouge_pairs import PairScorer
from suite.judge.report.othertools.rouge155 import rouge_155, stemmer
from tests.factories import evidence as factory

SHARED = os.environ.get("SUITE_SHARED_DATA", "")
XSUM = next(
    (path for path in (Path(SHARED) / "data/xsum", Path(SHARED) / "xsum") if path.is_dir()),
    Path("missing"),
)
PUBLISHED = {
    "lead": (16.30, 1.60, 11.95),
    "ext-oracle": (29.79, 8.81, 22.66),
    "ptgen": (29.70, 9.21, 23.24),
}
COLUMNS = ("stem_R1_F", "stem_R2_F", "stem_RL_F")
MOST_OTHER_ROWS = 6
"""Of 11,334: words that the two ports of the stemmer read otherwise."""


@pytest.mark.parametrize(
    ("word", "stem"),
    [
        ("men", "men"),  # short
        ("children", "child"),
        ("wives", "wife"),
        ("thieves", "thief"),
        ("ministers", "minist"),
        ("relational", "relat"),
    ],
)
def test_irregular_forms_come_before_the_stemmer(word, stem):
    assert stemmer()(word) == stem


def test_the_view_scores_the_answers_of_a_phase():
    evidence = factory.evidence()
    phase = next(phase for phase in collect(evidence) if phase.repeats[0].answers)
    view = rouge_155(phase, evidence.tasks, Measured(0.3, "1", 1, None, None, "none"))
    answers = phase.repeats[0].answers
    for name in ("ROUGE-1", "ROUGE-2", "ROUGE-L"):
        value = view.field(name).value
        assert isinstance(value, Measured)
        assert (value.n, value.unit) == (len(answers), "%")
        assert 0 < value.value < 100


def test_an_answer_without_reference_has_no_score():
    evidence = factory.evidence()
    (phase, *_) = collect(evidence)
    view = rouge_155(phase, {}, Measured(0.3, "1", 1, None, None, "none"))
    assert "no answer has a reference" in str(view.field("ROUGE-1").value)


def test_answers_that_end_before_a_summary_does_have_no_score_here_either():
    evidence = factory.evidence()
    phase = next(phase for phase in collect(evidence) if phase.repeats[0].answers)
    why = NotMeasured("its answers end before a summary does")
    view = rouge_155(phase, evidence.tasks, why)
    assert [field.value for field in view.fields] == [why] * 3


@pytest.mark.skipif(not XSUM.is_dir(), reason="SUITE_SHARED_DATA names no folder with XSum in it")
@pytest.mark.parametrize("system", PUBLISHED)
def test_rows_and_means_are_the_perl_tools(system):
    def lines(name):
        return (XSUM / "predictions" / name).read_text("utf-8").rstrip("\n").split("\n")

    with gzip.open(XSUM / "golden-rouge155" / f"{system}.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    gold, answers = lines("gold-test-sentences.txt"), lines(f"{system}-test-output.txt")
    pairs = [(gold[int(row["line"])], answers[int(row["line"])]) for row in rows]
    scores = PairScorer(stem=stemmer()).score(pairs)
    for place, column in enumerate(COLUMNS):
        wanted = [float(row[column]) for row in rows]
        ours = [score[place] for score in scores]
        assert sum(abs(a - b) > 2e-5 for a, b in zip(wanted, ours, strict=True)) <= MOST_OTHER_ROWS
        mean = 100 * statistics.mean(ours)
        assert mean == pytest.approx(100 * statistics.mean(wanted), abs=0.001)
        assert mean == pytest.approx(PUBLISHED[system][place], abs=0.01)
