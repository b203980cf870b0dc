"""The comparison of two cards in Chinese: answers, reasons, names and verdict words."""

from __future__ import annotations

import re

import pytest

from suite.base.language import Language
from suite.documents.codec import plain
from suite.judge.compare import difference, formats, many, text
from suite.judge.report.formats import registry
from tests.factories import scorecard
from tests.factories.languages import ENGLISH, HAN
from tests.unit.judge.report.test_chinese import Shown

PAIRS = {
    "alike": (scorecard.card, scorecard.card),
    "container and process": (scorecard.card, scorecard.process_card),
    "sound and poor": (scorecard.card, scorecard.poor_card),
    "poor twice": (scorecard.poor_card, scorecard.poor_card),
    "other devices": (scorecard.card, scorecard.accelerator_card),
}


def compared(name):
    return difference.compare(*(scorecard.document(make()) for make in PAIRS[name]))


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("name", PAIRS)
def test_no_english_sentence_is_left(name, every):
    lines = text.render(compared(name), Language.ZH, every=every).splitlines()
    assert HAN.search(lines[0])
    # Facts of the environment, arguments and JSON stand as they are.
    spoken = [re.sub(r'"[^"]*"|\{.*\}', "", line) for line in lines]
    assert [line for line in spoken if ENGLISH.search(line)] == []


@pytest.mark.parametrize("name", PAIRS)
def test_the_document_stays_english(name):
    assert not HAN.search(str([change["why"] for change in plain(compared(name))["metrics"]]))


def test_a_sound_card_and_a_broken_one():
    shown = text.render(compared("sound and poor"), Language.ZH)
    assert shown.startswith("这两张评分卡不可比较。")
    assert "不合规" in shown
    assert "有一方不合规" in shown


def entries(name):
    return [
        many.Entry(f"runs/{index}", scorecard.document(make()))
        for index, make in enumerate(PAIRS[name])
    ]


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("form", ["text", "markdown"])
def test_any_number_of_cards_in_chinese(name, form):
    report = registry.record(formats, form).render(many.compare(entries(name)), Language.ZH)
    lines = [re.sub(r'"[^"]*"|\{.*\}', "", line) for line in report.decode().splitlines()]
    assert [line for line in lines if ENGLISH.search(line)] == []
    assert HAN.search(report.decode())


@pytest.mark.parametrize("name", PAIRS)
def test_the_chinese_page_of_a_comparison(name):
    page = registry.record(formats, "html").render(many.compare(entries(name)), Language.ZH)
    assert b'<html lang="zh-CN">' in page
    assert b'id="lang-zh" checked>' in page
    blocks = [re.sub(r"\{.*\}", "", block) for block in Shown(page).blocks]
    assert [block for block in blocks if ENGLISH.search(block)] == []


def test_what_a_gate_says_is_a_sentence():
    reasons = many.is_worse(many.compare(entries("sound and poor")))
    assert reasons
    assert all(HAN.search(reason.zh) for reason in reasons)
