"""A card of an earlier release, whose declaration is shipped no more, verified by today's suite."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING

import pytest

from suite import evidence
from suite.base import jsonio
from suite.cli import releases
from suite.declare import known
from suite.declare.plan.basis import plan_of, profile_of, vendor_of
from suite.documents.basis import Basis
from suite.documents.card import Scorecard
from suite.documents.codec import convert, plain
from suite.judge.attest import earlier, sign
from suite.judge.attest.verify_run import verify_run
from suite.judge.score import score
from tests.cases.bundle_verify.cases import VENDOR_A
from tests.factories import evidence as factory
from tests.factories import shipped

if TYPE_CHECKING:
    from pathlib import Path

SUITE = {"version": "0.1.9", "commit": "c" * 40, "files_sha256": "1" * 64}
LATER_RULE, LATER_METRIC = "R022", "itl_mean"
NUMBERS = "The numbers follow from the evidence"


@pytest.fixture(scope="module")
def parts() -> dict:
    """A run of release 0.1.9, whose declaration and profile differ from today's."""
    made = shipped.kept()
    basis = copy.deepcopy(made["basis"]) | {"suite": SUITE}
    basis["declaration"]["accelerators"][0]["name"] += " of old"
    basis["profile"]["title"]["en"] += ", of old"
    plan = plain(plan_of(convert(basis, Basis)))
    return factory.document(plan, made["tasks"]) | {"basis": basis}


@pytest.fixture(scope="module")
def today() -> dict:
    """This version as the list of releases would enter it."""
    return plain(releases.release("2026-01-31"))


@pytest.fixture
def release(
    parts: dict, today: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> known.Release:
    basis = convert(parts["basis"], Basis)
    today = today | {
        "version": SUITE["version"],
        "files_sha256": SUITE["files_sha256"],
        "rules": [number for number in today["rules"] if number != LATER_RULE],
        "metrics": [name for name in today["metrics"] if name != LATER_METRIC],
        "vendors": {"cpu": vendor_of(basis).sha256},
        "profiles": {"smoke": profile_of(basis).sha256},
    }
    path = tmp_path / "releases.json"
    path.write_text(json.dumps({"releases_schema": 1, "releases": [today]}))
    monkeypatch.setattr(known, "RELEASES", path)
    return convert(today, known.Release)


def changed(card: dict, pointer: str, value: object = None) -> dict:
    """A card with another value at a place; None takes the member away."""
    *above, last = [int(part) if part.isdigit() else part for part in pointer.split("/")]
    card = node = copy.deepcopy(card)
    for part in above:
        node = node[part]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return card


@pytest.fixture
def signed(parts: dict, release: known.Release, tmp_path: Path):
    directory = factory.write(tmp_path / "run", parts)

    def sign_card(card: dict) -> object:
        sign.sign_run(directory, convert(card, Scorecard), VENDOR_A)
        result = verify_run(directory, key=VENDOR_A.public, recompute=score, render=None)
        return next(step for step in result.steps if step.what == NUMBERS)

    return plain(score(evidence.read(directory))), sign_card


def test_it_is_asked_the_rules_of_its_time_and_held_against_what_it_shipped(signed):
    card, _ = signed
    checks = {check["rule"]: check["outcome"] for check in card["checks"]}
    assert LATER_RULE not in checks
    assert {checks["R038"], checks["R039"], checks["R073"], checks["R076"]} <= {"pass", "warn"}
    assert checks["R039"] == checks["R073"] == checks["R076"] == "pass"


def test_it_verifies_without_what_came_later(signed):
    card, sign_card = signed
    card = changed(card, "phases/0/metrics/" + LATER_METRIC)
    card = changed(card, "checks/0/why", "in the words of its time")
    step = sign_card(card)
    assert step.outcome.value == "pass", step
    assert "release 0.1.9" in step.detail
    assert LATER_RULE in step.detail


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("phases/0/metrics/ttft_mean/value", 0.001),
        ("phases/0/metrics/ttft_mean", None),
        ("environment/host.cores", None),
        ("checks/0/outcome", "warn"),
        ("checks/0", None),
        ("verdict/conformant", "other"),
        ("devices/name", "another"),
    ],
)
def test_what_does_not_follow_is_refused(signed, pointer, value):
    card, sign_card = signed
    if pointer == "verdict/conformant":
        value = not card["verdict"]["conformant"]
    if pointer.startswith("environment/"):
        pointer = f"environment/{next(iter(card['environment']))}"
    step = sign_card(changed(card, pointer, value))
    assert step.outcome.value == "fail"
    assert step.code == "numbers-differ"


def test_numbers_of_an_older_definition_are_told_and_not_compared(signed, release):
    card, _ = signed
    other = changed(card, "phases/0/metrics/ttft_mean/value", 0.001)
    beside = earlier.compare(other, card, release, schema=release.metric_schema + 1)
    assert (beside.wrong, beside.older) == ((), 1)
    beside = earlier.compare(
        changed(other, "devices/name", "x"), card, release, schema=release.metric_schema + 1
    )
    assert [item.pointer for item in beside.wrong] == ["/devices/name"]


def test_a_release_that_nobody_lists_is_judged_by_todays_rules(parts, tmp_path):
    directory = factory.write(tmp_path / "run", parts)
    checks = {check.rule: check for check in score(evidence.read(directory)).checks}
    assert LATER_RULE in checks
    assert checks["R039"].outcome == "warn"


def test_a_release_is_entered_once(tmp_path, monkeypatch):
    path = tmp_path / "releases.json"
    path.write_text('{"releases_schema": 1, "releases": []}')
    monkeypatch.setattr(releases, "RELEASES", path)
    releases.main(["2026-01-31"])
    releases.main(["2026-02-01"])
    (entry,) = jsonio.load(path)["releases"]
    assert entry["date"] == "2026-02-01"
    assert entry["rules"][0] == "R001"
    assert set(entry["images"]) == {
        "images/cpu-vllm",
        "images/cpu-transformers",
        "images/cpu-llamacpp",
        "images/cpu-openvino",
        "images/sim",
    }
