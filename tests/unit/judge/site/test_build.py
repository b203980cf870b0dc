"""A site from a tree of submissions: what is shown, what is refused, and what is made again."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.site.__main__ import made_submissions
from suite.base import jsonio, schema
from suite.base.errors import UsageError
from suite.cli.main import main
from suite.judge.report import html
from suite.judge.site import build, examine, known, pages
from tests.factories import submissions as factory
from tests.factories.pages import Outline
from tests.factories.submissions import Tree

PARQUET = ["--parquet"] if importlib.util.find_spec("pyarrow") else []
ATOM = "{http://www.w3.org/2005/Atom}"


def suite(*words: object) -> int:
    return main([*map(str, words)])


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Accepted and reviewed, withdrawn, replayed, and with a changed page."""
    root = tmp_path_factory.mktemp("tree")
    tree = Tree(root)
    tree.add(name="first")
    tree.apply("review", by="alice", decision="accept", minute=1)
    tree.add(name="second", keep=0.0, apart_ns=2003)
    tree.apply("withdraw")
    tree.add(name="third", keep=0.0, apart_ns=3001)
    tree.op_copy("cpu/no-round/copied")
    tree.add(name="fourth", keep=0.0, apart_ns=4001)
    tree.apply("append", path="scorecard.html", text="x")
    (tree.tree / "cpu" / "stray.txt").write_text("x")
    (root / "keys.json").write_bytes(factory.TRUST)
    return root


def make(place: Path, *words: object) -> int:
    tree, trust = place / "submissions", place / "keys.json"
    return suite("site", tree, "--trust", trust, "--out", place / "site", "--jobs", 1, *words)


def stamps(out: Path) -> dict[str, int]:
    return {
        str(path.relative_to(out)): path.stat().st_mtime_ns
        for path in out.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def built(made: Path) -> Path:
    assert make(made, "--url", "https://example.org/site", *PARQUET) == 0
    return made


@pytest.fixture
def place(built: Path, tmp_path: Path) -> Path:
    """Tree, site and state as they were built; its files have other times than the state knows, and the same content."""
    shutil.copytree(built, tmp_path / "t")
    return tmp_path / "t"


def test_what_is_accepted_is_shown_and_the_rest_has_its_reason(built: Path) -> None:
    site = jsonio.load(built / "site/cards.json")
    schema.require(site, "site", file="cards.json")
    assert {card["run"]: card["status"] for card in site["cards"]} == {
        "first": "current",
        "second": "withdrawn",
        "third": "current",
    }
    assert {item["path"]: item["codes"] for item in site["refused"]} == {
        "cpu/no-round/copied": ["submission-name"],
        "cpu/no-round/fourth": ["page-differs"],
        "stray.txt": ["submission-stray"],
    }
    page = Outline((built / "site/refused.html").read_bytes())
    assert "the card belongs into cpu/no-round/third" in page.text
    for item in site["refused"]:
        assert item["why"] in page.text
        assert re.search("[一-鿿]{4}", item["why_zh"]), item
        assert item["why_zh"] in page.text


def test_each_card_has_its_page_with_review_badge_and_citation(built: Path) -> None:
    site = jsonio.load(built / "site/cards.json")
    cards = {card["run"]: card for card in site["cards"]}
    for run, card in cards.items():
        folder = built / "site/cards" / card["id"]
        source = built / "submissions/cpu/no-round" / run
        for name in ("scorecard.html", "scorecard.sigstore.json"):
            assert (folder / name).read_bytes() == (source / name).read_bytes()
        page = Outline((folder / "index.html").read_bytes())
        assert card["payload_sha256"] in page.text
        assert f"https://example.org/site/cards/{card['id']}/badge.svg" in page.text
        ET.parse(folder / "badge.svg")
    first, second = (
        Outline((built / "site/cards" / cards[run]["id"] / "index.html").read_bytes()).text
        for run in ("first", "second")
    )
    assert "accepted 接受 alice" in first
    assert "withdrawn 已撤回 2026-02-01T12:00:00Z, cpu: wrong driver" in second
    assert "History" in first
    (history,) = (built / "site/histories").glob("*.html")
    place = built / "site/cards" / cards["first"]["id"] / "index.html"
    assert f"../../histories/{history.name}" in place.read_text("utf-8")
    assert f"../cards/{cards['third']['id']}/index.html" in history.read_text("utf-8")


def test_downloads_and_feed_say_the_same(built: Path) -> None:
    import csv

    site = jsonio.load(built / "site/cards.json")
    rows = list(csv.DictReader((built / "site/cards.csv").read_text("utf-8").splitlines()))
    values = sum(len(result["metrics"]) for card in site["cards"] for result in card["results"])
    assert len(rows) == values > 30
    feed = ET.parse(built / "site/feed.atom").getroot()
    links = [item.find(f"{ATOM}link").get("href") for item in feed.iter(f"{ATOM}entry")]
    assert links == [
        f"https://example.org/site/cards/{card['id']}/index.html" for card in site["cards"]
    ]
    assert feed.findtext(f"{ATOM}updated") == "2026-02-01T12:00:00Z"  # the withdrawal is the newest


def test_parquet_holds_the_same_rows(built: Path) -> None:
    import csv

    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    rows = list(csv.DictReader((built / "site/cards.csv").read_text("utf-8").splitlines()))
    table = parquet.read_table(built / "site/cards.parquet").to_pylist()
    assert [row["value"] for row in table] == [float(row["value"]) for row in rows]


def test_nothing_is_made_again_that_did_not_change(place: Path) -> None:
    assert make(place) == 0
    before, bytes_before = stamps(place / "site"), (place / "site/index.js").read_bytes()
    assert make(place) == 0
    assert stamps(place / "site") == before
    shutil.rmtree(place / "site")
    assert make(place) == 0
    assert (place / "site/index.js").read_bytes() == bytes_before


def test_one_added_card_leaves_the_others_alone(place: Path, monkeypatch) -> None:
    assert make(place) == 0
    before = stamps(place / "site")
    checked = []
    monkeypatch.setattr(
        examine,
        "check",
        lambda item, setting, check=examine.check: checked.append(item.run) or check(item, setting),
    )
    added = Tree(place, runs=8)
    added.add(name="fifth", keep=0.0, apart_ns=1009)
    assert make(place) == 0
    # The stray copy has another name than its card, and is refused from what is known of it.
    assert checked == ["fifth"]
    changed = {name for name, at in stamps(place / "site").items() if before.get(name) != at}
    assert "index.js" in changed
    assert len({name.split("/")[1] for name in changed if name.startswith("cards/")}) == 1


def test_a_changed_file_or_trust_list_is_checked_again(place: Path) -> None:
    assert make(place) == 0
    page = place / "submissions/cpu/no-round/first/scorecard.html"
    page.write_bytes(page.read_bytes().replace(b"passed", b"failed", 1))
    assert make(place) == 0
    site = jsonio.load(place / "site/cards.json")
    assert [card["run"] for card in site["cards"] if card["run"] == "first"] == []
    gone = {path.name for path in (place / "site/cards").iterdir()}
    assert gone == {card["id"] for card in site["cards"]}
    trust = json.loads((place / "keys.json").read_text())
    trust["keys"] = trust["keys"][1:]  # without the vendor's
    (place / "keys.json").write_text(json.dumps(trust))
    assert make(place) == 4
    assert jsonio.load(place / "site/cards.json")["cards"] == []


def test_a_page_of_another_renderer_is_rendered_anew(place: Path) -> None:
    page = place / "submissions/cpu/no-round/first/scorecard.html"
    known_page = page.read_bytes()
    page.write_bytes(known_page.replace(html.renderer_version().encode(), b"another renderer"))
    assert make(place) == 0
    site = jsonio.load(place / "site/cards.json")
    (identity,) = (card["id"] for card in site["cards"] if card["run"] == "first")
    assert (place / "site/cards" / identity / "scorecard.html").read_bytes() == known_page


def test_a_replay_is_refused_and_what_is_refused_takes_nobodys_place(place: Path) -> None:
    added = Tree(place, runs=8)
    added.add(name="again", shift_ns=5)
    assert make(place) == 0
    site = jsonio.load(place / "site/cards.json")
    refused = {item["path"]: item["codes"] for item in site["refused"]}
    for run in ("first", "again"):
        assert refused[f"cpu/no-round/{run}"] == ["submission-replayed"]
    page = place / "submissions/cpu/no-round/again/scorecard.html"
    page.write_bytes(page.read_bytes() + b"x")
    assert make(place) == 0
    assert "first" in {card["run"] for card in jsonio.load(place / "site/cards.json")["cards"]}


def test_no_site_is_put_where_submissions_lie(place: Path, capsys) -> None:
    for out in (place / "submissions/site", place / "submissions"):
        words = ["site", str(place / "submissions"), "--out", str(out)]
        assert main(words) == 2
        assert "in the tree of submissions" in capsys.readouterr().err
    assert not (place / "submissions/site").exists()


def test_a_folder_of_somebody_else_is_left_alone(place: Path, capsys) -> None:
    shutil.rmtree(place / "site")
    (place / "site").mkdir()
    (place / "site/diary.txt").write_text("mine")
    assert make(place) == 2
    assert "site-foreign" in capsys.readouterr().err
    assert [path.name for path in (place / "site").iterdir()] == ["diary.txt"]


def test_a_broken_state_is_no_state(tmp_path: Path) -> None:
    for broken in (b"\x93nonsense", b"", b"\x80" * 9):
        (tmp_path / "site.state").write_bytes(broken)
        assert known.load(tmp_path / "site.state").entries == {}


def test_no_submission_is_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "submissions").mkdir()
    (tmp_path / "keys.json").write_bytes(factory.TRUST)
    with pytest.raises(UsageError, match="no submission"):
        build.build(
            tmp_path / "submissions",
            build_setting(),
            build.Order(out=tmp_path / "site", state=tmp_path / "state"),
        )


def build_setting():
    from suite.judge.submissions.check import Setting

    return Setting(trust=factory.TRUST, today="2026-02-02")


def test_one_more_card_of_a_history_writes_its_own_page_and_the_history_alone(tmp_path) -> None:
    tree = made_submissions(tmp_path, 3, models=1)
    assert make(tmp_path) == 0
    before = stamps(tmp_path / "site")
    assert len(before) == 3 * 5 + 2 + 8 + len(pages.LIBRARY)
    tree.add(name="more", keep=0.0, apart_ns=977, model="model-0")
    assert make(tmp_path) == 0
    after = stamps(tmp_path / "site")
    (card,) = {name.split("/")[1] for name in after.keys() - before.keys()}
    again = {name for name, time in before.items() if after[name] != time}
    histories = {name for name in again if name.startswith("histories/")}
    assert len(histories) == 2
    assert not any(name.startswith("cards/") for name in again)
    (data,) = (name for name in histories if name.endswith(".js"))
    assert card in (tmp_path / "site" / data).read_text()
    shutil.rmtree(tree.tree)
    made_submissions(tmp_path, 1, models=1)
    assert make(tmp_path) == 0
    assert not list((tmp_path / "site" / "histories").iterdir())


def test_a_rejection_says_why_and_a_waiver_is_shown_in_the_row(tmp_path, capsys) -> None:
    tree = Tree(tmp_path)
    tree.add(name="first")
    tree.apply("review", by="alice", decision="reject", minute=1)
    tree.add(name="second", keep=0.0, apart_ns=2003, ended="interrupted")
    tree.apply("waiver", rules=["R001"], expires="2999-01-01")
    (tmp_path / "keys.json").write_bytes(factory.TRUST)
    assert make(tmp_path) == 0
    page = Outline((tmp_path / "site/refused.html").read_bytes())
    assert "a reviewer rejected it: alice: seen" in page.text
    assert "rules waived 有豁免" in Outline((tmp_path / "site/index.html").read_bytes()).text
    (folder,) = (tmp_path / "site/cards").iterdir()
    card = Outline((folder / "index.html").read_bytes()).text
    assert "Rules failed and were waived by: 有规则未通过，由以下豁免： w-1" in " ".join(
        card.split()
    )
    words = ["check", tree.tree, "--trust", tmp_path / "keys.json", "--format", "markdown"]
    assert suite(*words) == 5
    assert "| accepted; waived by w-1 |" in capsys.readouterr().out
