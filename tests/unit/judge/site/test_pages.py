"""Hostile texts, policies and the index, without a browser."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from base64 import b64encode
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from suite.judge.site import downloads, pages
from suite.judge.site.comparable import comparable, definitions
from tests.factories import site as factory
from tests.factories.pages import Outline

EVIL = "</script><script>alert(1)</script><!--\"'><img src=x onerror=alert(1)>]]>&\u2028__proto__"


@pytest.fixture(scope="module")
def stated():
    words = EVIL[:180]
    return factory.card(
        1, run={"id": words}, engine={"title": words}, model={"id": words}, vendor={"name": words}
    )


@pytest.fixture(scope="module")
def row(stated):
    return factory.row(stated, owner=EVIL[:180])


def every_page(row):
    site = factory.site([row])
    return {
        "index": pages.index_page(site, parquet=True),
        "refused": pages.refused_page(site),
        "compare": pages.compare_page(),
        "card": pages.card_page(row, "a" * 32, "", "https://example.org/"),
        "history": pages.history_page([row, row], "a" * 32, 1),
    }


def test_every_page_allows_its_own_script_and_nothing_else(row) -> None:
    for data in every_page(row).values():
        page = Outline(data)
        (policy,) = (meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
        (script,) = re.findall(rb"<script>(.*?)</script>", data, re.DOTALL)
        (style,) = re.findall(rb"<style>(.*?)</style>", data, re.DOTALL)
        for kind, text in (("script", script), ("style", style)):
            digest = b64encode(hashlib.sha256(text).digest()).decode()
            assert f"{kind}-src 'sha256-{digest}'" in policy
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert len(page.all("script")) == 1
        assert page.all("img") == []
        for attributes in (item for _, item in page.elements):
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for link in (*page.all("a"), *page.all("link")):
            assert not re.match(r"[a-z]+:", link["href"]), "pages name nothing outside"


def test_the_bundled_library_is_the_recorded_one_and_pages_without_pictures_bring_none(row) -> None:
    origin = json.loads(pages.LIBRARY["chartjs/origin.json"].read_text())
    assert {"chartjs/origin.json", *(f"chartjs/{name}" for name in origin["files"])} == set(
        pages.LIBRARY
    )
    held = {
        name: hashlib.sha256(pages.LIBRARY[f"chartjs/{name}"].read_bytes()).hexdigest()
        for name in origin["files"]
    }
    assert held == {name: file["sha256"] for name, file in origin["files"].items()}
    program = pages.LIBRARY["chartjs/chart.umd.min.js"].read_text()
    assert program.startswith(f"/*!\n * Chart.js v{origin['version']}\n")
    assert "The MIT License" in pages.LIBRARY["chartjs/LICENSE.md"].read_text()
    brought = {name for name, data in every_page(row).items() if b"chartjs/" in data}
    assert brought == {"index", "card", "history"}


def test_hostile_texts_are_shown_as_they_are(row) -> None:
    made = every_page(row)
    for name in ("index", "card"):
        assert "<img src=x onerror=alert(1)>" in Outline(made[name]).text
    for data in (pages.badge(row), pages.feed(factory.site([row]), "")):
        ET.fromstring(data)


def test_data_for_the_page_cannot_leave_its_text(stated, row) -> None:
    for name, value in (
        ("index", downloads.columnar([row])),
        ("card", comparable(stated, row)),
    ):
        script = downloads.script(name, value)
        assert script.isascii()
        assert b"<" not in script
        text = re.fullmatch(rb'window\.suiteSite\.\w+\(JSON\.parse\((".*")\)\);\n', script)[1]
        assert json.loads(json.loads(text)) == json.loads(json.dumps(value))


def test_a_spreadsheet_reads_no_formula(stated) -> None:
    row = factory.row(stated, vendor_name="=HYPERLINK(1)", owner="@x", run="-1+1")
    (first, *_) = csv.DictReader(downloads.as_csv(factory.site([row])).decode().splitlines())
    assert (first["vendor_name"], first["owner"], first["run"]) == (
        "'=HYPERLINK(1)",
        "'@x",
        "'-1+1",
    )


@pytest.mark.parametrize(
    "text", ['a "quoted" word', "a, b", "two\nlines", "", " ", "é，", "'", '"', "\r=1", "\t=1"]
)
def test_a_table_gives_back_every_text(stated, text) -> None:
    """Whatever a name holds, cells and rows stay where they are; a formula alone gets its apostrophe."""
    row = factory.row(stated, owner=text)
    listed = list(
        csv.DictReader(io.StringIO(downloads.as_csv(factory.site([row])).decode(), newline=""))
    )
    site = downloads.rows(factory.site([row]))
    assert len(listed) == len(site)
    for read, made in zip(listed, site, strict=True):
        inert = f"'{text}" if text.startswith(("\r", "\t")) else text
        assert read == {
            name: "" if value is None else str(value) for name, value in made.items()
        } | {"owner": inert}


def test_the_index_gives_back_what_it_was_made_of() -> None:
    rows = [factory.row(factory.card(number)) for number in (3, 1)]
    index = json.loads(json.dumps(downloads.columnar(rows)))
    for place, row in enumerate(rows):
        for name in ("model", "devices", "engine", "division", "trust"):
            column = index["texts"][name]
            assert column["words"][column["at"][place]] == getattr(row, name)
        for result in row.results:
            for metric, value in result.metrics.items():
                shown = index["results"][result.scenario][metric][place]
                assert shown == pytest.approx(value.value, rel=5e-4)


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        ({}, 0),
        ({"/devices/name": "asserted"}, 1),
        ({"/devices/name": "asserted", "/engine/title": "asserted", "/model/id": "asserted"}, 3),
    ],
)
def test_what_rests_on_a_word_alone_has_the_word_beside_it(standing, expected: int) -> None:
    seen = dict.fromkeys(("/devices/name", "/engine/title", "/model/id"), "observed")
    stated = factory.card(1, standing=seen | standing)
    row = factory.row(stated)
    numbers = {name for name in row.asserted if name in row.results[0].metrics}
    assert "mfu" in row.asserted
    made = every_page(row)
    mark = b'<span class="standing standing-asserted">'
    assert made["index"].count(mark) == expected + len(numbers)
    assert made["card"].partition(b"<section")[0].count(mark) == expected
    index = downloads.columnar([row])["texts"]["asserted"]
    assert index["words"][index["at"][0]].split() == list(row.asserted)
    assert set(row.asserted) <= set(comparable(stated, row)["asserted"])


def test_a_card_that_says_nothing_of_its_facts_asserts_them() -> None:
    row = factory.row(factory.card(1, standing={}))
    silent = replace(factory.card(1), standing={}, metrics={})
    assert set(factory.row(silent).asserted) >= {"devices", "engine", "model", "output_throughput"}
    assert "output_throughput" not in row.asserted


def test_the_comparison_says_why_in_both_languages() -> None:
    known = definitions()
    for word in ("closed", "self-reported", "process", "accept", "throughput", "asserted"):
        english, chinese = known["words"][word]
        assert english != chinese
    stated = factory.card(1)
    (phase, *_) = comparable(stated, factory.row(stated))["phases"]
    reasons = [value[0] for value in phase["metrics"].values() if len(value) == 1]
    assert reasons
    assert all(len(reason) == 2 for reason in reasons)
