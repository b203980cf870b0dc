"""Characters that Unicode 14.0 does not know stay unknown, whatever Python runs."""

import unicodedata

import pytest

from suite.base.unicode14 import UNASSIGNED, composed, masked, shows
from suite.judge.attest.text import clean_text, text_problem

NEWER = "\U0001fae8"  # SHAKING FACE, Unicode 15.0
NEWER_FORMAT = "\U0001343c"  # a format character of Unicode 15.0
NEWER_COMPOSED = "\U000105c9"  # of Unicode 16.0, with a canonical decomposition


def test_newer_characters_are_masked_one_for_one():
    text = f"a{NEWER}é漢{NEWER_COMPOSED}🙂"
    assert masked(text) == f"a{UNASSIGNED}é漢{UNASSIGNED}🙂"
    assert unicodedata.category(UNASSIGNED) == "Cn"


@pytest.mark.parametrize("text", ["", "ascii", "né", "漢字かな交じり文", "🙂 𝔘 ﬁ"])
def test_known_text_is_left_alone(text):
    assert masked(text) is text or masked(text) == text


def test_composition_knows_no_newer_characters():
    assert composed("e\u0301") == "é"
    assert composed(f"e\u0301{NEWER_COMPOSED}e\u0301") == f"é{NEWER_COMPOSED}é"


def test_newer_characters_may_be_signed_but_for_those_drawn_as_nothing():
    assert text_problem(f"a {NEWER}") is None
    assert clean_text(f"a {NEWER} {NEWER_COMPOSED}") == f"a {NEWER} {NEWER_COMPOSED}"
    assert text_problem(f"a{NEWER_FORMAT}b") == "invisible character U+1343C"
    assert clean_text(f"a{NEWER_FORMAT}b") == "a b"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("", False),
        (" \t\r\n\u00a0\u3000\u2028", False),
        ("\u200b\u200c\u200d\u2060\ufeff\u00ad", False),
        ("\ufe0f\U000e0101\u034f\u180b", False),
        ("\u115f\u3164\uffa0\u2800", False),
        ("\x00\x1b", False),
        ("a", True),
        (" \u200b.", True),
        ("\u4e16", True),
        ("\ufffd", True),
        ("\U0001fae8", True),
    ],
)
def test_what_shows_nothing_is_no_text(text, seen):
    assert shows(text) is seen
