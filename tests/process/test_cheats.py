"""The cheating vendor: every cheat in a whole run against the scripted server, held against what the threat model says of it."""

import json

import pytest

from suite.documents.standing import LEVELS
from suite.judge.rules.registry import RULES
from suite.measure.engine.sim_cheats import CHEATS
from suite.measure.engine.sim_page import AUDITED, SEEN
from tests.cheats import vendor
from tests.factories import runs

SERVERS = [cheat.name for cheat in CHEATS.values() if cheat.apply is not None]
TABLE = json.loads(SEEN.read_bytes())
KNOW_THE_TASKS = {"R097", "R098", "R099"}


def broken(tmp_path, cheat, challenge=None):
    """The rules that name such a vendor, on its own word or under a challenge."""
    card = vendor.measured(tmp_path, cheat, vendor.SLOW_READER, challenge)
    assert card["runtime"] == "sim"
    assert {served["fingerprint"] for served in card["engine"]["served"]} == {"simulated"}
    outcomes = {check["rule"]: check["outcome"] for check in card["checks"]}
    assert all(outcomes[rule] in ("fail", "warn") for rule in vendor.SIMULATED)
    held = not vendor.naming(card, vendor.SIMULATED) & KNOW_THE_TASKS
    assert card["level"]["level"] == ("challenged" if challenge and held else "self-reported")
    return vendor.naming(card, vendor.SIMULATED)


@pytest.mark.slow
@pytest.mark.parametrize("name", [vendor.HONEST, *SERVERS])
def test_a_cheat_is_named_by_the_rules_of_the_table_and_by_no_other(tmp_path, name):
    assert broken(tmp_path, name) == set(TABLE[name]["self-reported"])


UNDER = [name for name in SERVERS if set(TABLE[name].get("challenged", ())) & KNOW_THE_TASKS]


@pytest.fixture(scope="module")
def challenge(tmp_path_factory):
    folder = tmp_path_factory.mktemp("round")
    file = folder / "challenge.json"
    key = runs.key(folder / "reviewer.pem")
    done = runs.suite("round", "new", "a-round", "--key", key, "--out", file)
    assert done.returncode == 0, done.stderr
    return file


@pytest.mark.slow
@pytest.mark.parametrize("name", [vendor.HONEST, *UNDER])
def test_under_a_challenge_tables_of_the_public_tasks_are_named(tmp_path, challenge, name):
    named = broken(tmp_path, name, challenge)
    alone, under = (set(TABLE[name][level]) for level in ("self-reported", "challenged"))
    # Of eight tasks asked again about half are public, so that R080 names a table of them in some rounds only.
    assert under & KNOW_THE_TASKS <= named <= alone | under


def test_the_table_holds_every_cheat_that_a_server_can_commit_and_no_alarm():
    assert set(TABLE) == {vendor.HONEST, *SERVERS}
    assert not any(TABLE[vendor.HONEST].values())
    known = {*(rule.number for rule in RULES), "reproduction", "audit"}
    for seen in TABLE.values():
        assert {"self-reported"} <= set(seen) <= {*LEVELS, AUDITED}
        assert {name for names in seen.values() for name in names} <= known


def test_every_cheat_has_words_in_both_languages():
    assert all(cheat.does.zh and cheat.left.zh for cheat in CHEATS.values())


def test_a_cheat_goes_with_the_scripted_server(tmp_path):
    done = runs.suite("plan", "--cheat", "memo")
    assert done.returncode == 2
    assert "--cheat goes with --runtime sim or --vendor sim" in done.stderr
    for words in (["--runtime", "sim"], ["--vendor", "sim"]):
        done = runs.suite("plan", *words, "--cheat", "second_device")
        assert done.returncode == 2
        assert "there is no cheat 'second_device' for a server" in done.stderr
