"""The records of the scenario kinds: complete, alike with the documents' type, and read by those who send."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from typing import get_args

import pytest

from suite.declare.scenarios import SCENARIOS
from suite.declare.scenarios.scenario import register
from suite.documents.phase import ScenarioKind
from suite.measure.phases import SENDERS


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
from suite.declare.profiles.expand import expand_phases
from suite.declare.profiles.load import load_profile
from suite.declare.scenarios import SCENARIOS
from suite.measure.telemetry import parse
phase = expand_phases(load_profile("scenarios-smoke"), 256)[-1]
print(phase.scenario, phase.tasks, SCENARIOS["overload"].title.zh)
readings = parse("xpu-smi-dump", open("tests/cases/telemetry/xpu-smi.dump.txt").read())
print([reading.values.get("power_w") for reading in readings])
"""


def test_the_diffs_of_the_documents_add_a_kind_and_a_tool(root, tmp_path):
    page = (root / "docs" / "adding-scenarios.md").read_text("utf-8")
    kind, tool = re.findall(r"^```diff\n(diff .*?)^```", page, re.DOTALL | re.MULTILINE)
    for name in ("suite", "schemas", "docs", "tests/cases/expansion", "tests/cases/telemetry"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / name, tmp_path / name, ignore=ignored)

    def python(*arguments):
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout

    for diff in (kind, tool):
        subprocess.run(["git", "apply", "-"], input=diff.encode(), cwd=tmp_path, check=True)
    assert python("-c", ADDED) == "overload 40 过载\n[214.61, None]\n"
    python("-m", "suite.documents.schemas", "--check")
    python("-m", "suite.cli.pages", "--check")
