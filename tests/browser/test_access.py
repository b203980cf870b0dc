"""The page for everyone: axe, Lighthouse, keyboard, large letters and the names that a screen reader says."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.browser.test_page import CHROMIUM
from tests.factories import nodepackages, pages, scenarios, scorecard

pytestmark = [
    pytest.mark.browser,
    pytest.mark.node,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

PACKAGES = ["axe-core@4.14.1", "lighthouse@12.2.3"]


def failed_card():
    """A run whose engine died: rules failed, a phase without any number."""
    card = scorecard.card()
    card["run"] |= {"ended": "engine-died", "error": "the engine died [engine-died]"}
    card["verdict"] |= {"conformant": False}
    phase = card["phases"][0]
    phase["metrics"] = {name: {"not_measured": "the engine died"} for name in phase["metrics"]}
    phase["series"] = {}
    for check in card["checks"][:3]:
        check["outcome"] = "fail"
    return card


CARDS = {
    "sound": scorecard.card,
    "failed": failed_card,
    "poor": scorecard.poor_card,
    "long": scorecard.long_card,
    "scenarios": scenarios.scenario_card,
}
LOOKS = {
    "light": {},
    "dark": {"scheme": "dark"},
    "chinese": {"chinese": True},
    "phone": {"width": 390},
}
AXE = [
    *((name, look) for name in ("sound", "failed", "poor") for look in LOOKS),
    ("scenarios", "dark"),
    ("long", "phone"),
]
DOUBLED = {"desk": 1280, "phone": 390}


def jobs():
    """Every question of this module: one browser answers them all."""
    yield from (
        {"name": f"axe {card} {look}", "ask": "axe", "card": card, "opened": True} | LOOKS[look]
        for card, look in AXE
    )
    for card in ("poor", "long", "scenarios"):
        for place, width in DOUBLED.items():
            wide = {"width": width, "letters": 200, "opened": True, "chinese": card == "poor"}
            yield {"name": f"doubled {card} {place}", "ask": "outside", "card": card} | wide
    yield {"name": "keyboard", "ask": "keyboard", "card": "sound"}
    links = {"def-output_throughput": "sound", "rules-pass": "sound", "R001": "poor"}
    for to, card in links.items():
        yield {"name": f"link {to}", "ask": "link", "card": card, "to": to}
    for motion in ("reduce", "no-preference"):
        yield {"name": f"motion {motion}", "ask": "motion", "card": "sound", "motion": motion}
    for language in ("english", "chinese"):
        chinese = language == "chinese"
        yield {"name": f"names {language}", "ask": "names", "card": "sound", "chinese": chinese}
    yield {"name": "lighthouse", "ask": "lighthouse", "card": "poor"}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Answers by the name of the job."""
    folder = tmp_path_factory.mktemp("access")
    nodepackages.install(folder, PACKAGES)
    shutil.copy(Path(__file__).with_name("access.mjs"), folder)
    for name, make in CARDS.items():
        (folder / f"{name}.html").write_bytes(pages.page_of(make))
    asked = [job | {"page": str(folder / f"{job['card']}.html")} for job in jobs()]
    (folder / "jobs.json").write_text(json.dumps({"chromium": CHROMIUM, "jobs": asked}))
    script = ["node", folder / "access.mjs", folder / "jobs.json"]
    done = subprocess.run(script, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("card", "look"), AXE)
def test_axe_finds_nothing(answers, card, look):
    assert answers[f"axe {card} {look}"] == []


def test_lighthouse_gives_full_marks(answers):
    assert answers["lighthouse"] == {
        "scores": {"accessibility": 100, "best-practices": 100, "seo": 100},
        "missed": [],
    }


@pytest.mark.parametrize("place", DOUBLED)
@pytest.mark.parametrize("card", ["poor", "long", "scenarios"])
def test_doubled_letters_stay_on_the_screen(answers, card, place):
    assert answers[f"doubled {card} {place}"] == []


def test_everything_is_within_reach_of_the_keyboard(answers):
    walked = answers["keyboard"]
    assert (walked["skip"]["href"], walked["skip"]["shown"]) == ("#main", True)
    assert walked["language"]["id"] == "lang-en"
    assert walked["chinese"]
    assert {"A", "SUMMARY"} <= set(walked["reached"])
    assert (walked["folded"], walked["opened"]) == (False, True)
    assert walked["main"]["id"] == "main"


@pytest.mark.parametrize("to", ["def-output_throughput", "rules-pass", "R001"])
def test_a_link_opens_what_is_folded_and_the_contents_stay_in_sight(answers, to):
    assert answers[f"link {to}"] == {"open": True, "clear": True, "contents": True}


def test_whoever_wants_no_motion_has_none(answers):
    assert (answers["motion reduce"], answers["motion no-preference"]) == ("auto", "smooth")


def test_pictures_are_called_in_the_language_that_is_shown(answers):
    english, chinese = answers["names english"], answers["names chinese"]
    assert "Contents" in english
    assert "Time to first token (TTFT)" in english
    assert len(english) == len(chinese) > 5
    assert all(any("\u4e00" <= char <= "\u9fff" for char in name) for name in chinese)
