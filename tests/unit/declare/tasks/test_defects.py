from __future__ import annotations

import pytest

from suite.declare.tasks.defects import (
    count_defects,
    defects_of,
    has_mojibake,
    is_boilerplate_only,
)
from suite.declare.tasks.records import Task

GENUINE = "Déjà vu – “naïve” café’s £5, 20 °C, Ånes Ârt, Ã\u00a0la"


@pytest.mark.parametrize("char", list("£éàüñ–—’‘“”…€°½ž中😀Á\u00a0"))
def test_every_character_read_as_cp1252_is_mojibake(char):
    # cp1252 leaves five bytes undefined; readers make C1 controls of them.
    wrong = "".join(
        bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in char.encode("utf-8")
    )
    assert has_mojibake(f"before {wrong} behind")
    assert has_mojibake(char.encode("utf-8").decode("latin-1"))


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "£5 and 5€",
        "café",
        "“quoted” – dashed…",
        "ÂRT",
        "SÃO PAULO",
        "naïve façade",
        "中文",
    ],
)
def test_proper_text_is_not_mojibake(text):
    assert not has_mojibake(text)


def test_an_overlong_form_is_no_mojibake():
    assert not has_mojibake("à\u0080\u0080")  # E0 80 80 is not UTF-8


@pytest.mark.parametrize(
    "document",
    [
        "Media playback is not supported on this device",
        "Media playback is unsupported on your device\n2 November 2014 Last updated at 10:11 GMT",
        "Last updated on 5 October 2016\n\n",
        "This video can not be played\nTo play this video you need to enable JavaScript.",
        "Email\nFacebook",
    ],
)
def test_notices_alone_are_boilerplate(document):
    assert is_boilerplate_only(document)


def test_a_long_line_of_notices_is_taken_apart_in_one_way():
    notices = "Turn on JavaScript. Media requires JavaScript to play. Share this with email " * 60
    assert is_boilerplate_only(notices)
    assert not is_boilerplate_only(f"{notices}today")


@pytest.mark.parametrize(
    "document",
    [
        "",
        "Media playback is not supported on this device\nA man has been found.",
        "Email addresses were stolen, the firm said.",
        "19 January 2016 Last updated at 19:50 GMT\nA man was found in his home.",
    ],
)
def test_an_article_is_not_boilerplate(document):
    assert not is_boilerplate_only(document)


def test_a_record_shows_each_of_its_defects():
    task = Task("1", "\ufeffIt costs Â£5\r\n\ufffd", "One two three four five six.")
    assert defects_of(task) == (
        "short-document", "mojibake", "byte-order-mark", "carriage-return", "replacement-char",
    )  # fmt: skip
    assert defects_of(Task("1", "One two three.", "One two.")) == ()


def test_duplicates_count_every_record_concerned():
    records = [
        Task("1", "a b", "x"), Task("2", "a b ", "x "), Task("3", "c d", "x"), Task("4", "", "y"),
        Task("5", "", "z"),
    ]  # fmt: skip
    assert count_defects(records) == {
        "duplicate-document": 2,
        "duplicate-summary": 3,
        "empty-document": 2,
    }
