from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.stem.porter import PorterStemmer

from suite.judge.metrics import stemmer

SHARED = os.environ.get("SUITE_SHARED_DATA")
NLTK = PorterStemmer()
ENDINGS = (
    "", "s", "ss", "sses", "ies", "ied", "eed", "ed", "ing", "y", "yy", "e", "ll", "lle", "alli", "allalli", "logi",
    "ion", "tion", "sion", *stemmer._STEP_2, *stemmer._STEP_3, *stemmer._STEP_4,
)  # fmt: skip
STARTS = st.text(alphabet="aeiouyybcdlstzwx1", max_size=6)
WORDS = st.builds(
    "{}{}{}".format, STARTS, st.sampled_from(ENDINGS), st.sampled_from(ENDINGS)
).filter(lambda word: len(word) > 2)


@given(WORDS)
@settings(deadline=None, max_examples=3000)
def test_equal_to_nltk_for_words_made_of_its_suffixes(word):
    assert stemmer.stem(word) == NLTK.stem(word)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789", min_size=3, max_size=14))
@settings(deadline=None, max_examples=1000)
def test_equal_to_nltk_for_any_word(word):
    assert stemmer.stem(word) == NLTK.stem(word)


@pytest.mark.parametrize("word", [*NLTK.pool, "dies", "died", "hopping", "falling", "enjoyment"])
def test_equal_to_nltk_for_exceptions(word):
    assert stemmer.stem(word) == NLTK.stem(word)


def test_a_long_run_of_y_takes_no_longer_than_its_length():
    assert stemmer.stem("y" * 200_000 + "ing")


def test_equal_to_nltk_for_every_word_of_the_shared_texts():
    directory = Path(SHARED or "") / "data/xsum/predictions"
    if not SHARED or not directory.is_dir():
        pytest.skip("SUITE_SHARED_DATA names no shared predictions")
    words = set()
    for path in directory.glob("*.txt"):
        words |= set(re.findall("[a-z0-9]{4,}", path.read_text("utf-8").lower()))
    assert len(words) > 20_000
    assert [word for word in sorted(words) if stemmer.stem(word) != NLTK.stem(word)] == []
