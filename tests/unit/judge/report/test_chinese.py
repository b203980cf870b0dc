"""Chinese readers meet no English sentence: on the page, in the summary, in what rules and metrics say."""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import suite
from suite.base.bilingual import Sentence, chinese
from suite.base.language import Language
from suite.documents.engine import CLAIMED, RUNNING_SERVER, engine_title
from suite.documents.plan import UNKNOWN
from suite.judge.metrics.registry import REGISTRY
from suite.judge.report import html, text
from suite.judge.report.html import GENERATOR
from suite.judge.report.words import WORDS
from suite.judge.rules.registry import RULES
from tests.factories import pages, scenarios, scorecard
from tests.factories.languages import ENGLISH, HAN

JSON_TEXT = re.compile(r'"[^"]*"')
"""A member's value, quoted as it stands in a document."""
QUOTED = frozenset({"style", "script", "title", "pre"})
"""What quotes a command or a prompt word for word."""
INLINE = frozenset({"span", "b", "strong", "code", "a"})


def endpoint_card() -> dict:
    """A server that ran already, of which nobody said what it is or what it computes on."""
    card = scorecard.process_card()
    card["runtime"] = "endpoint"
    card["engine"]["title"] = str(RUNNING_SERVER)
    card["devices"] |= {"count": None, "accelerator": UNKNOWN, "name": UNKNOWN}
    return card


def claimed_card() -> dict:
    """One of which somebody says both."""
    card = endpoint_card()
    card["engine"]["title"] = f"vLLM{CLAIMED}"
    card["devices"] |= {"count": None, "accelerator": "l4", "name": "NVIDIA L4", "claimed": True}
    return card


CARDS = {
    "sound": scorecard.card,
    "endpoint": endpoint_card,
    "claimed": claimed_card,
    "process": scorecard.process_card,
    "poor": scorecard.poor_card,
    "accelerator": scorecard.accelerator_card,
    "scenarios": scenarios.scenario_card,
    "grid": scenarios.grid_card,
}


class Shown(HTMLParser):
    """The blocks of text that a page shows when its reader chose Chinese."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, list[str]]] = []
        self.parts: list[str] = []
        self.blocks: list[str] = []
        self.feed(page.decode("utf-8"))

    def close_block(self) -> None:
        shown = JSON_TEXT.sub("", "".join(self.parts).replace(GENERATOR, ""))
        self.blocks.append(" ".join(shown.split()))
        self.parts = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in INLINE:
            self.close_block()
        if tag not in pages.Outline.VOID:
            self.open.append((tag, (dict(attrs).get("class") or "").split()))

    def handle_endtag(self, tag: str) -> None:
        if tag not in INLINE:
            self.close_block()
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if not any(tag in QUOTED or "en" in classes for tag, classes in self.open):
            self.parts.append(data)


@pytest.mark.parametrize("name", CARDS)
def test_the_chinese_page_shows_no_english_sentence(name):
    shown = Shown(pages.page_of(CARDS[name]))
    assert [block for block in shown.blocks if ENGLISH.search(block)] == []


def test_a_chinese_page_says_so_before_anything_else():
    card = scorecard.document(scorecard.card())
    page = html.render(pages.bundle(card), card, Language.ZH).decode()
    head = page.partition("</head>")[0]
    assert '<html lang="zh-CN">' in head
    title, description = re.search(
        r'<title>(.*)</title>\n<meta name="description" content="(.*)">', head
    ).groups()
    assert HAN.search(title)
    assert HAN.search(description)
    assert not ENGLISH.search(description)
    assert re.findall(r'id="lang-(..)"( checked)?', page) == [("en", ""), ("zh", " checked")]


def test_both_pages_hold_both_languages():
    card = scorecard.document(scorecard.card())
    english, other = (
        html.render(pages.bundle(card), card, language).decode().partition("</head>")[2]
        for language in Language
    )
    assert english.replace(' id="lang-en" checked>', ' id="lang-en">') == other.replace(
        ' id="lang-zh" checked>', ' id="lang-zh">'
    )


def test_an_english_sentence_would_be_seen():
    card = scorecard.card()
    card["checks"][0]["why"] = "nobody said this in Chinese"
    shown = Shown(pages.rendered(card))
    assert any("nobody said this" in block for block in shown.blocks if ENGLISH.search(block))


@pytest.mark.parametrize("name", CARDS)
def test_the_chinese_summary_has_no_english_sentence(name):
    summary = text.render(scorecard.document(CARDS[name]()), Language.ZH)
    lines = JSON_TEXT.sub("", summary).splitlines()
    assert [line for line in lines if ENGLISH.search(line)] == []
    assert HAN.search(lines[0])


def test_engine_and_devices_that_nobody_saw_are_named_in_chinese():
    for make, engine, devices in (
        (endpoint_card, "运行中的服务器", "设备未知"),
        (claimed_card, "vLLM（仅为声称）", "数量未知的 NVIDIA L4（仅为声称，未经观测）"),
    ):
        card = scorecard.document(make())
        assert engine_title(card.engine.title).zh == engine
        assert card.devices.title.zh == devices
        summary = text.render(card, Language.ZH)
        assert engine in summary
        assert devices in " ".join(summary.split())
        shown = "".join(Shown(pages.rendered(make())).blocks)
        assert engine in shown


def test_every_metric_is_explained_in_chinese():
    for metric in REGISTRY.values():
        assert isinstance(metric.definition, Sentence), metric.id
        assert HAN.search(metric.definition.zh), metric.id


def test_every_rule_is_titled_in_chinese():
    for rule in RULES:
        for words in (rule.title, rule.asks, rule.reason):
            assert HAN.search(words.zh), rule.number


def test_every_phrase_with_english_words_is_translated():
    same = {key for key, (en, zh) in WORDS.items() if ENGLISH.search(en) and not HAN.search(zh)}
    assert same == set()


SPEAKERS = frozenset({"passed", "failed", "warned", "not_applicable", "NotMeasured", "Unknown"})


def _spoken(tree: ast.AST) -> list[ast.expr]:
    return [
        node.args[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in SPEAKERS
        and node.args
    ]


@pytest.mark.parametrize("wing", ["judge", "declare", "measure"])
def test_findings_and_reasons_are_sentences_and_no_bare_english(wing):
    bare = []
    for path in sorted((Path(suite.__file__).parent / wing).rglob("*.py")):
        if "othertools" in path.parts:  # other tools' own tables, in English
            continue
        for argument in _spoken(ast.parse(path.read_text("utf-8"))):
            if isinstance(argument, ast.Constant | ast.JoinedStr):
                bare.append(f"{path.name}:{argument.lineno}")
    assert bare == []


def test_a_sentence_is_its_english_text_everywhere_and_keeps_its_chinese():
    sentence = Sentence("no samples", "没有样本")
    assert sentence == "no samples"
    assert chinese(sentence + Sentence(", n = 0", "，n = 0")) == "没有样本，n = 0"
