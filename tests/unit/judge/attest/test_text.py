from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.judge.attest.text import clean_text, text_problem, value_problem


@pytest.mark.parametrize(
    "text", ["", "plain", "Größe", "摩尔线程 MTT S4000", "π ≈ 3.14", "{document}", "a b", "’"]
)
def test_what_people_write_may_be_signed(text: str) -> None:
    assert text_problem(text) is None
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a\nb", "control character U+000A"),
        ("\x1b[2J", "control character U+001B"),
        ("\x85", "control character U+0085"),
        ("a\u202eb", "format character U+202E"),
        ("a\u2066b", "format character U+2066"),
        ("a\u200bb", "format character U+200B"),
        ("a\u00adb", "format character U+00AD"),
        ("\ufeffa", "format character U+FEFF"),
        ("a\U000e0041", "format character U+E0041"),
        ("a\u2028b", "line separator U+2028"),
        ("\u3164", "invisible character U+3164"),
        ("a\ufe0f", "invisible character U+FE0F"),
        ("\ue000", "private-use character U+E000"),
        ("\ud800", "lone surrogate U+D800"),
        ("A\u0308", "text not in NFC"),
        ("\u212b", "text not in NFC"),
    ],
)
def test_what_deceives_the_reader_may_not(text: str, reason: str) -> None:
    assert text_problem(text) == reason
    assert text_problem(clean_text(text)) is None


def test_cleaning_keeps_the_words() -> None:
    assert clean_text("error:\r\n\tout of memory\x00\n") == "error: out of memory"
    assert clean_text("two  spaces") == "two  spaces"
    assert clean_text("A\u0308") == "Ä"


@given(st.text(alphabet=st.characters()))
def test_cleaned_text_may_always_be_signed_and_stays(text: str) -> None:
    cleaned = clean_text(text)
    assert text_problem(cleaned) is None
    assert clean_text(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)


def test_the_place_is_named() -> None:
    assert value_problem({"a": [{"b/c": "x\n"}]}) == ("/a/0/b~1c", "control character U+000A")
    assert value_problem({"a": {"x\u200b": 1}}) == (
        "/a",
        "format character U+200B in a member's name",
    )
    assert value_problem({"a": 2**53}) == ("/a", "integer beyond 2^53 - 1")
    assert value_problem({"a": -(2**53)}) == ("/a", "integer beyond 2^53 - 1")
    assert value_problem([float("nan")]) == ("/0", "number that is not finite")
    assert value_problem({"a": [1, 2.5, True, None, "ok", 2**53 - 1]}) is None
