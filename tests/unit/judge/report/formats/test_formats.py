from __future__ import annotations

import csv
import dataclasses
import importlib.util
import io
import json
import re
from xml.etree import ElementTree as ET

import msgspec
import pytest

from suite.base.errors import UsageError
from suite.base.language import Language
from suite.documents import codec
from suite.judge.report import html, text
from suite.judge.report.formats import registry
from suite.judge.report.formats.format import Subject
from suite.judge.score import score
from tests.factories import evidence as factory
from tests.factories import loads, pages


@pytest.fixture(scope="module")
def subject():
    evidence = factory.evidence(loads.saturated())
    card = score(evidence)
    return Subject(card, pages.bundle(card), evidence)


@pytest.fixture(scope="module")
def card(subject):
    return json.loads(registry.render("json", subject))


def test_every_format_says_what_it_is(subject):
    titles = set()
    for name in registry.formats():
        chosen = registry.load(name)
        assert all(chosen.title)
        assert chosen.suffix.startswith(".")
        if name != "parquet" or importlib.util.find_spec("pyarrow"):
            assert registry.render(name, subject)
        titles |= set(chosen.title)
    assert len(titles) == 2 * len(registry.formats())


def test_the_card_itself(subject):
    assert registry.render("json", subject) == codec.pretty(subject.card)
    assert registry.render("text", subject).decode() == f"{text.render(subject.card)}\n"
    assert registry.render("html", subject) == html.render(subject.bundle, subject.card)


def test_a_table_has_every_value_or_its_reason(subject, card):
    rows = list(csv.DictReader(io.StringIO(registry.render("csv", subject).decode())))
    values = [value for phase in card["phases"] for value in phase["metrics"].values()]
    assert len(rows) == len(values) + len(card["startup"])
    for row in rows:
        assert bool(row["value"]) != bool(row["not_measured"])
    flood = {row["metric"]: row for row in rows if row["phase"] == "flood"}
    assert flood["ttft_p50"]["not_measured"].startswith("over-saturated")


def test_other_tools_say_nothing_of_a_phase_that_is_void(subject):
    views = json.loads(registry.render("other-tools", subject))
    assert "over-saturated" in views["flood"]["not_measured"]
    fields = views["single-stream"]["vllm-serving"]["fields"]
    assert "Mean TTFT (ms)" in fields
    assert {"qwen-speed", "transformers"} <= views["single-stream"].keys()


def test_db_gpts_rows_are_of_the_phases_with_numbers(subject, card):
    rows = list(csv.DictReader(io.StringIO(registry.render("db-gpt-csv", subject).decode())))
    phases = {phase["name"]: phase for phase in card["phases"]}
    assert len(rows) == phases["single-stream"]["tasks"]


@pytest.mark.parametrize("name", ["html", "other-tools", "db-gpt-csv"])
def test_a_format_that_needs_more_refuses_a_bare_card(subject, name):
    with pytest.raises(UsageError) as caught:
        registry.render(name, Subject(subject.card))
    assert caught.value.code == "format-lacks"


def test_a_format_that_does_not_exist_is_refused_with_those_that_do(subject):
    with pytest.raises(UsageError) as caught:
        registry.render("pdf", subject)
    assert caught.value.code == "format-unknown"
    assert "db-gpt-csv" in (caught.value.hint or "")


def test_rules_are_test_cases(subject, card):
    page = ET.fromstring(registry.render("junit", subject))
    checks = card["checks"]
    outcomes = [check["outcome"] for check in checks]
    assert [case.get("classname") for case in page] == [check["rule"] for check in checks]
    assert int(page.get("failures")) == outcomes.count("fail") == len(page.findall("*/failure"))
    assert int(page.get("skipped")) == outcomes.count("not-applicable")
    assert any(
        case.findtext("system-out").startswith("warning: ")
        for case in page[1:]
        if len(case) and case[0].tag == "system-out"
    )


def test_hostile_text_stays_text(subject):
    first, *others = subject.card.checks
    bad = msgspec.structs.replace(first, outcome="fail", why='a "<b>" | & `x`')
    card = msgspec.structs.replace(subject.card, checks=(bad, *others))
    page = ET.fromstring(registry.render("junit", Subject(card)))
    assert page[0].find("failure").get("message") == 'a "<b>" | & `x`'
    shown = registry.render("markdown", Subject(card)).decode()
    assert 'R001 fail: a "\\<b\\>" \\| & \\`x\\`' in shown


@pytest.mark.parametrize("name", ["markdown", "text"])
def test_reports_for_people_speak_chinese(subject, name):
    shown = registry.render(name, dataclasses.replace(subject, language=Language.ZH)).decode()
    assert re.search("^(# )?合规", shown)
    assert subject.card.verdict.sentence.zh in shown
    assert subject.card.verdict.sentence.en not in shown


def test_markdown_leads_with_the_verdict(subject):
    lines = registry.render("markdown", subject).decode().splitlines()
    assert lines[0].startswith("# Conformant: ")
    assert "| phase | metric | value | interval |" in lines
