"""The site in a real browser, from files: axe, keyboard, narrow screens, sorting and filtering, comparison, hostile texts."""

import json
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from suite.base.language import Language
from suite.documents.check import ReviewMade, StatusMade
from suite.documents.site import SiteRefused
from suite.judge.compare import many
from suite.judge.compare.difference import compare
from suite.judge.compare.formats import html
from suite.judge.compare.many import corrected
from suite.judge.live.server import Runs, Server
from suite.judge.site import build, downloads, pages
from tests.browser.test_page import CHROMIUM
from tests.factories import evidence, nodepackages, scenarios, scorecard
from tests.factories import site as factory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.node,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

PACKAGES = ["axe-core@4.14.1", "puppeteer-core@23.11.1"]
HOSTILE = "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=2>\"'><svg onload=pwned=3>__proto__ {{7*7}}"
LOOKS = {
    "light": {},
    "dark": {"scheme": "dark"},
    "chinese": {"hash": "lang=zh"},
    "phone": {"width": 390},
}
PAGES = ("index", "compare", "card", "refused", "history", "versus")
"""The last one is what `suite compare` writes."""
PAPER = {"index": 1024, "versus": 695}
"""Pages that are printed, with the width between the margins of A4: the site's pages lie on their side."""
HISTORY = "a" * 32
AXE = [
    *(("index", look) for look in LOOKS),
    *(("compare", look) for look in ("light", "dark", "phone")),
    *(("card", look) for look in ("chinese", "phone")),
    *(("history", look) for look in ("light", "dark", "phone")),
    ("refused", "light"),
    *(("versus", look) for look in ("light", "dark", "phone")),
]


def hostile_card():
    """A card that says mischief wherever its maker may choose the words."""
    return factory.card(
        5,
        run={"id": HOSTILE[:180]},
        vendor={"name": HOSTILE[:180]},
        engine={"title": HOSTILE[:180], "version": HOSTILE[:180]},
        model={"id": HOSTILE[:180]},
        devices={"name": HOSTILE[:180]},
        verdict={"sentence": {"en": HOSTILE, "zh": HOSTILE}},
    )


CARDS = {
    "slow": lambda: factory.card(0),
    "quick": lambda: factory.card(4),
    "devices": lambda: factory.card(2, scorecard.accelerator_card),
    "scenarios": lambda: factory.card(3, scenarios.scenario_card),
    "hostile": hostile_card,
}


@pytest.fixture(scope="module")
def stated():
    return {name: make() for name, make in CARDS.items()}


@pytest.fixture(scope="module")
def rows(stated):
    time = "2026-02-01T12:00:00Z"
    review = ReviewMade(reviewer=HOSTILE[:180], decision="accept", time=time, comment=HOSTILE)
    ended = StatusMade(owner="cpu", status="withdrawn", time=time, reason=HOSTILE, successor="")
    made = {name: factory.row(card) for name, card in stated.items()}
    made["hostile"] = factory.row(stated["hostile"], reviews=(review,))
    made["gone"] = factory.row(stated["devices"], id="f" * 32, status="withdrawn", ended=ended)
    return made


def jobs(rows):
    """Every question of this module: one browser answers them all."""
    places = {
        "index": ("index.html", ""),
        "compare": ("compare.html", f"cards={rows['slow'].id},{rows['hostile'].id}"),
        "card": (f"cards/{rows['hostile'].id}/index.html", ""),
        "refused": ("refused.html", ""),
        "history": (f"histories/{HISTORY}.html", ""),
        "versus": ("versus.html", ""),
    }
    for name, look in AXE:
        page, hash_ = places[name]
        address = "#" + "&".join(filter(None, (hash_, LOOKS[look].get("hash", ""))))
        question = {"name": f"axe {name} {look}", "ask": "axe", "page": page}
        yield question | LOOKS[look] | {"hash": address}
    for name, (page, hash_) in places.items():
        phone = {"width": 390, "letters": 200, "hash": f"#{hash_}"}
        yield {"name": f"outside {name}", "ask": "outside", "page": page} | phone
        yield {"name": f"harm {name}", "ask": "harm", "page": page, "hash": f"#{hash_}"}
    for name, width in PAPER.items():
        page, hash_ = places[name]
        about = {"page": page, "width": width, "hash": f"#{hash_}"}
        yield {"name": f"paper {name}", "ask": "paper"} | about
    yield {"name": "no script", "ask": "harm", "page": "index.html", "script": False}
    yield {"name": "leaderboard", "ask": "leaderboard", "page": "index.html"}
    yield {"name": "charts", "ask": "charts", "page": "index.html"}
    yield {"name": "no library", "ask": "charts", "page": "../bare/index.html"}
    for name, site in (("history", ""), ("bare history", "../bare/")):
        page = f"{site}cards/{rows['slow'].id}/index.html"
        yield {"name": name, "ask": "history", "page": page}
    page = places["history"][0]
    yield {"name": "history without script", "ask": "harm", "page": page, "script": False}
    for name in ("quick", "devices", "scenarios"):
        chosen = f"#cards={rows['slow'].id},{rows[name].id}"
        yield {
            "name": f"compare {name}",
            "ask": "comparison",
            "page": "compare.html",
            "hash": chosen,
        }


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A run of which the log is half written, served; the browser's script writes the rest."""
    runs = tmp_path_factory.mktemp("runs")
    parts = evidence.document()
    parts["telemetry"] = [
        {"t": second * 10**9, "tool": "smi", "device": "npu 0", "power_w": 300.0 + second}
        for second in range(20)
    ]
    log = evidence.write(runs / "half", parts) / "events.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    half = next(i for i, line in enumerate(lines) if '"request"' in line) + 3
    log.write_text("".join(lines[:half]))
    question = {"name": "live", "ask": "live", "page": "runs/half/", "log": str(log)}
    rest = {"rest": "".join(lines[half:]), "card": str(log.with_name("scorecard.html"))}
    with Server(Runs([runs]), 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield question | rest | {"server": server.address}
        server.shutdown()


@pytest.fixture(scope="module")
def answers(tmp_path_factory, stated, rows, watched):
    folder = tmp_path_factory.mktemp("site")
    nodepackages.install(folder, PACKAGES)
    shutil.copy(Path(__file__).with_name("site.mjs"), folder)
    refused = SiteRefused(path=HOSTILE, codes=("submission-stray",), why=HOSTILE, why_zh=HOSTILE)
    by_id = {row.id: stated.get(name, stated["devices"]) for name, row in rows.items()}
    factory.write(folder / "site", factory.site(list(rows.values()), (refused,)), by_id)
    alike = [rows["slow"], rows["quick"], rows["hostile"]]
    data = downloads.script("history", downloads.history(alike))
    build.write(folder / f"site/histories/{HISTORY}.js", data)
    page = pages.history_page(alike, HISTORY, 2)
    build.write(folder / f"site/histories/{HISTORY}.html", page)
    shutil.copytree(folder / "site", folder / "bare", ignore=shutil.ignore_patterns("chartjs"))
    versus = many.compare([many.Entry(name, stated[name]) for name in ("slow", "quick", "hostile")])
    (folder / "site/versus.html").write_bytes(html.FORMAT.render(versus, Language.EN))
    asked = [job | {"page": str(folder / "site" / job["page"])} for job in jobs(rows)]
    asked.append(watched)
    pictures = os.environ.get("SUITE_SCREENSHOTS")
    if pictures:
        Path(pictures).mkdir(parents=True, exist_ok=True)
        for job in asked:
            job["picture"] = str(Path(pictures) / f"site {job['name']}.png")
    (folder / "jobs.json").write_text(json.dumps({"chromium": CHROMIUM, "jobs": asked}))
    script = ["node", folder / "site.mjs", folder / "jobs.json"]
    done = subprocess.run(script, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("page", "look"), AXE)
def test_axe_finds_nothing(answers, page, look):
    assert answers[f"axe {page} {look}"]["answer"] == []


@pytest.mark.parametrize("page", PAGES)
def test_doubled_letters_stay_on_a_phone(answers, page):
    assert answers[f"outside {page}"]["answer"] == []


@pytest.mark.parametrize("page", PAPER)
def test_no_column_is_cut_on_paper(answers, page):
    assert answers[f"paper {page}"]["answer"] == []


def test_nothing_is_asked_of_anybody_and_nothing_goes_wrong(answers):
    troubles = {name: item["trouble"] for name, item in answers.items() if item["trouble"]}
    lacking = ["Failed to load resource: net::ERR_FILE_NOT_FOUND"]
    assert troubles == {"no library": lacking, "bare history": lacking}


@pytest.mark.parametrize("page", PAGES)
def test_hostile_texts_are_shown_and_do_nothing(answers, page):
    harm = answers[f"harm {page}"]["answer"]
    assert (harm["pwned"], harm["scripts"]) == (None, 0)
    assert "<img src=x onerror=window.pwned=2>" in harm["text"]


def test_without_its_script_the_page_shows_the_newest_cards(answers):
    assert "run-00004" in answers["no script"]["answer"]["text"]


def test_sorted_filtered_and_shared(answers):
    seen = answers["leaderboard"]["answer"]
    assert seen["first"][1:] == ["run-00004", "run-00003", "run-00002", "run-00000"]
    assert seen["sorted"] == "descending"
    assert seen["fastest"] != seen["first"]
    assert seen["slowest"] != seen["fastest"]
    assert len(seen["filtered"]) == 1
    assert len(seen["gone"]) == 2
    assert seen["compare"].startswith("compare.html#cards=")
    for word in ("sort=output_throughput", "order=asc", "gone=1", "cards=", "devices="):
        assert word in seen["address"]
    assert (seen["chinese"], seen["language"]) == ("排行榜", "zh-Hans")
    assert (seen["again"], seen["still"]) == (seen["gone"], "排行榜")


def test_charts_draw_what_is_chosen(answers, rows):
    frontier, mfu, *others = answers["charts"]["answer"]["first"]
    assert all(item["shown"] for item in (frontier, mfu, *others))
    points = frontier["values"]
    assert any(HOSTILE[:180] in point["name"] for point in points)
    assert {(point["x"], point["y"]) for point in points} == {
        tuple(float(f"{metrics[it].value:.4g}") for it in ("tpot_p50", "output_throughput"))
        for name, row in rows.items()
        if name != "gone"
        for metrics in (result.metrics for result in row.results[1:])
        if {"tpot_p50", "output_throughput"} <= metrics.keys()
    }
    assert len(frontier["rows"]) < len(points)
    held = rows["devices"].results[0].metrics["mfu"].value
    assert mfu["values"] == [pytest.approx(100 * held, rel=1e-3)]
    assert mfu["rows"] == [[rows["devices"].devices, f"{100 * held:.2f}"]]
    assert mfu["named"].startswith("MFU by devices")


def test_charts_follow_language_theme_paper_and_width(answers):
    seen = {name: items[1] for name, items in answers["charts"]["answer"].items()}
    light, dark = "29,78,137", "132,179,234"
    assert (seen["first"]["colour"], seen["chinese"]["colour"]) == (light, light)
    assert (seen["dark"]["colour"], seen["after"]["colour"]) == (dark, dark)
    assert seen["paper"]["colour"] == light
    width = seen["dark"]["width"]
    assert seen["after"]["width"] == width < seen["paper"]["width"] / 2.9
    assert seen["chinese"]["named"] == "各设备最高 MFU"
    assert answers["charts"]["answer"]["chinese"][0]["axis"] == "TPOT，毫秒"
    assert seen["phone"]["width"] <= 390


def test_a_chart_is_drawn_again_only_where_it_changed(answers):
    kept = {item["named"]: item["kept"] for item in answers["charts"]["answer"]["filtered"]}
    assert set(kept.values()) == {True, False}


def test_without_the_library_the_tables_say_the_same(answers):
    whole, bare = (answers[name]["answer"]["first"] for name in ("charts", "no library"))
    assert [item["rows"] for item in bare] == [item["rows"] for item in whole]
    assert not any(item["shown"] for item in bare)


def test_the_library_is_what_the_registry_has(tmp_path):
    bundled = pages.LIBRARY["chartjs/origin.json"].parent
    origin = json.loads((bundled / "origin.json").read_text())
    nodepackages.install(tmp_path, [f"{origin['name']}@{origin['version']}"])
    lock = json.loads((tmp_path / "package-lock.json").read_text())["packages"]
    assert lock["node_modules/chart.js"]["integrity"] == origin["integrity"]
    for name, file in origin["files"].items():
        published = tmp_path / "node_modules/chart.js" / file["from"]
        assert (bundled / name).read_bytes() == published.read_bytes()


@pytest.mark.parametrize("name", ["quick", "devices", "scenarios"])
def test_the_page_compares_as_the_command_does(answers, stated, name):
    page = answers[f"compare {name}"]["answer"]
    (known,), _ = corrected([compare(stated["slow"], stated[name])])
    changes = {(change.phase, change.metric): change for change in known.metrics}
    assert page["outcomes"]
    for phase, metric, outcome in page["outcomes"]:
        change = changes[phase, metric]
        # Where another count of the tokens or a bracket is needed, the page leaves it to the command.
        lesser = change.counted_by or "slo_rate" in metric
        assert outcome == change.outcome or (lesser and outcome == "not-comparable"), (
            phase,
            metric,
        )
    assert len(page["stops"]) == len(known.differences)
    better = [item for item in page["outcomes"] if item[2] in ("better-once", "worse-once")]
    assert bool(better) == (name == "quick")
    assert page["once"].startswith("ONE RUN OF EACH") == bool(better)


def test_a_run_is_watched_to_its_card(answers):
    seen = answers["live"]["answer"]
    assert seen["before"][0][0] in ("running", "ended")
    assert {state for state, _ in seen["before"]} != {"ended"}
    assert {state for state, _ in seen["after"]} == {"ended"}
    assert seen["before"] != seen["after"]
    assert seen["curves"] == [{"named": "npu 0 · Power, W: 319", "drawn": 20, "rows": 10}]
    assert seen["axe"] == []
    assert seen["title"] == "card"


def test_a_card_shows_the_history_of_its_kind(answers, rows):
    seen = answers["history"]["answer"]
    speed = next(item for item in seen["first"] if "throughput" in item["named"].lower())
    runs = [rows[name] for name in ("slow", "scenarios", "quick")]
    assert [row[0] for row in speed["rows"]] == [run.run for run in runs]
    values = [run.results[0].metrics["output_throughput"].value for run in runs]
    assert speed["points"] == pytest.approx(values, rel=1e-3)
    assert speed["radii"] == [6, 3, 3], "this card's own point is the larger one"
    assert [item["rows"] for item in seen["chinese"]] == [item["rows"] for item in seen["first"]]
    assert all(re.search("[一-鿿]", item["named"]) for item in seen["chinese"])
    bare = answers["bare history"]["answer"]["first"]
    assert [item["rows"] for item in bare] == [item["rows"] for item in seen["first"]]
    assert {item.get("points") for item in bare} == {None}


def test_the_history_needs_no_script(answers, rows):
    text = answers["history without script"]["answer"]["text"]
    assert rows["slow"].run in text
    assert rows["quick"].run in text
