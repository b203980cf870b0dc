"""The records of the scenario kinds: complete, alike with the documents' type, and read by those who send."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from suite.declare.scenarios import SCENARIOS
from suite.declare.scenarios.scenario import register
from suite.documents.phase import ScenarioKind
from suite.measure.phases import SENDERS
from tests.factories.adding import grow, python


def test_a_record_for_every_kind_that_documents_can_name(root):
    assert sorted(SCENARIOS) == sorted(get_args(ScenarioKind))
    schema = json.loads((root / "schemas" / "profile.schema.json").read_text("utf-8"))
    for name in SCENARIOS:
        assert f'"{name}"' in json.dumps(schema)


def test_a_sender_for_every_source():
    assert {scenario.source for scenario in SCENARIOS.values()} == set(SENDERS)


def test_no_member_has_two_owners_or_is_forbidden_to_its_owner():
    owned = [member for scenario in SCENARIOS.values() for member in scenario.own]
    assert len(owned) == len(set(owned))
    for scenario in SCENARIOS.values():
        assert not set(scenario.forbidden) & {*scenario.own, *scenario.required, *scenario.load}


def test_places_for_throughput_and_latency_are_unambiguous():
    for place in ("throughput", "latency"):
        taken = [getattr(scenario.headline, place) for scenario in SCENARIOS.values()]
        taken = [number for number in taken if number is not None]
        assert len(taken) == len(set(taken))


def test_titles_are_in_both_languages_and_tell_kinds_apart():
    for language in ("en", "zh"):
        titles = [getattr(scenario.title, language) for scenario in SCENARIOS.values()]
        assert all(titles)
        assert len(set(titles)) == len(titles)


def test_a_name_is_registered_once():
    with pytest.raises(ValueError, match="two scenario kinds are called soak"):
        register(SCENARIOS["soak"])


ADDED = """
from suite.base.errors import SetupError
from suite.declare.profiles.expand import expand_phases
from suite.declare.profiles.load import load_profile
from suite.declare.scenarios import SCENARIOS
from suite.measure.telemetry import parse
phase = expand_phases(load_profile("scenarios-smoke"), 256)[-1]
print(phase.scenario, phase.tasks, SCENARIOS["overload"].title.zh)
readings = parse("acme-smi", open("tests/cases/telemetry/acme-smi/table.txt").read())
print([reading.values.get("power_w") for reading in readings])
print(SetupError("clock-unsteady", "the clock went back by 3 s").exit_status)
"""


def test_the_diffs_of_the_documents_add_a_kind_a_tool_and_an_error(tmp_path):
    others = ("tests/cases/expansion", "tests/cases/telemetry")
    grow(tmp_path, "scenario", "telemetry", "error", others=others)
    assert python(tmp_path, "-c", ADDED) == "overload 40 过载\n[61.5, None]\n3\n"
    python(tmp_path, "-m", "suite.documents.schemas", "--check")
    python(tmp_path, "-m", "suite.cli.pages")
    errors = (tmp_path / "docs/errors.md").read_text("utf-8")
    assert "| `clock-unsteady` |" in errors
