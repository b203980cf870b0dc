"""The cheating vendor: every cheat in a whole run against the scripted server, and the honest vendor beside it."""

import json
from pathlib import Path

import pytest

from suite.judge.rules.registry import RULES
from suite.measure.engine.sim_cheats import CHEATS
from tests.factories import runs

PROFILE = Path(__file__).with_name("cheats.yaml")
ALWAYS = {"R030", "R035", "R038"}
"""A simulated run of a profile of one's own is warned so, whoever is behind it."""
MACHINE = {"R005", "R011", "R018", "R048", "R051", "R052", "R076"}
"""What a busy machine and a working copy with changes give away: the suite's, not the vendor's."""
SERVERS = [cheat.name for cheat in CHEATS.values() if cheat.apply is not None]


SLOW_READER = {"prompt_us": 200.0}
"""A device that takes so long to read a prompt that a busy machine hardly matters: for what is told by TTFT alone."""


def broken(tmp_path, cheat, script=None, challenge=None):
    """The rules that a run of such a vendor breaks, on its own word or under a challenge."""
    run = tmp_path / "run"
    words = ["--cheat", cheat, "--sim-script", json.dumps(script or {})]
    words += ["--challenge", challenge] if challenge else []
    done = runs.suite(
        "run", "--runtime", "sim", *words, "--profile", PROFILE, "--out", run,
        "--key", runs.key(tmp_path / "key.pem"),
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    card = json.loads((run / "scorecard.json").read_bytes())["predicate"]
    assert card["runtime"] == "sim"
    assert {served["fingerprint"] for served in card["engine"]["served"]} == {"simulated"}
    checks = {check["rule"]: check for check in card["checks"]}
    wrong = {name for name, check in checks.items() if check["outcome"] in ("fail", "warn")}
    assert wrong >= ALWAYS
    held = not wrong & {"R097", "R098", "R099"}
    assert card["level"]["level"] == ("challenged" if challenge and held else "self-reported")
    return wrong - ALWAYS - MACHINE


@pytest.mark.slow
def test_an_honest_vendor_raises_no_alarm(tmp_path):
    assert broken(tmp_path, "honest") == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", SERVERS)
def test_a_cheat_is_named_by_its_rules_and_by_no_other(tmp_path, name):
    script = SLOW_READER if CHEATS[name].rules == ("R080",) else None
    assert broken(tmp_path, name, script) == set(CHEATS[name].rules)


UNDER = [cheat.name for cheat in CHEATS.values() if cheat.under]


@pytest.fixture(scope="module")
def challenge(tmp_path_factory):
    folder = tmp_path_factory.mktemp("round")
    file = folder / "challenge.json"
    key = runs.key(folder / "reviewer.pem")
    done = runs.suite("round", "new", "a-round", "--key", key, "--out", file)
    assert done.returncode == 0, done.stderr
    return file


@pytest.mark.slow
@pytest.mark.parametrize("name", ["honest", *UNDER])
def test_under_a_challenge_tables_of_the_public_tasks_are_named(tmp_path, challenge, name):
    named = broken(tmp_path, name, SLOW_READER, challenge)
    if name == "honest":
        assert named == set()
    else:
        # Of eight tasks asked again about half are public, so that R080 names a table of them in some rounds only.
        cheat = CHEATS[name]
        assert set(cheat.under) <= named <= {*cheat.under, *cheat.rules}


def test_a_cheat_that_the_public_knows_is_named_by_rules_that_exist():
    numbers = {rule.number for rule in RULES}
    for cheat in CHEATS.values():
        assert {*cheat.rules, *cheat.under} <= numbers
        assert cheat.does.zh
        assert cheat.left.zh


def test_a_cheat_goes_with_the_scripted_server(tmp_path):
    done = runs.suite("plan", "--cheat", "memo")
    assert done.returncode == 2
    assert "--cheat goes with --runtime sim" in done.stderr
    done = runs.suite("plan", "--runtime", "sim", "--cheat", "second_device")
    assert done.returncode == 2
    assert "there is no cheat 'second_device' for a server" in done.stderr
