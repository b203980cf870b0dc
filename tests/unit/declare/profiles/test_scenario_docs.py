"""docs/scenarios.md: every example is a phase that the suite takes, and every shipped profile is named."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from suite.declare.profiles.expand import expand_phases
from suite.declare.profiles.load import PROFILE_DIRECTORY, load_profile, profile_names
from suite.declare.profiles.points import Room
from tests.factories.synthetic_trace import made_trace

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "scenarios.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
COMMON = {
    "name": "example",
    "scenario": "soak",
    "tasks": None,
    "first_task": 0,
    "warmup": 0,
    "concurrency": None,
    "arrivals": None,
    "timeout_s": 60,
    "failure_bound": 0.01,
    "lateness_bound_ms": None,
}


def phase_of(example):
    """A whole phase: what an example leaves out is what the page says about phases in general."""
    read = yaml.safe_load(example)
    given = read[0] if isinstance(read, list) else read
    phase = {**COMMON, **given}
    if set(given) == {"stop"}:
        phase |= {"concurrency": 4, "tasks": 1000}
    if phase["arrivals"] is not None and phase["lateness_bound_ms"] is None:
        phase["lateness_bound_ms"] = 20
    return phase


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_phases(tmp_path, example):
    doc = yaml.safe_load((PROFILE_DIRECTORY / "scenarios-smoke.yaml").read_text())
    doc.update(name="mine", phases=[phase_of(example)])
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces" / "mine.jsonl").write_bytes(made_trace(2))
    (tmp_path / "mine.yaml").write_text(json.dumps(doc))
    profile = load_profile(str(tmp_path / "mine.yaml"))
    assert expand_phases(profile, 256, Room(4096, 3))


def test_examples_cover_the_scenarios():
    told = "".join(EXAMPLES)
    for word in ("sweep:", "grid:", "lengths:", "search:", "session:", "trace:", "stop:", "gamma"):
        assert word in told, word


def test_every_profile_is_named_and_every_named_one_is_there():
    table = PAGE.split("## A phase")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}
    assert named == set(profile_names()) - {"compat-xsum"}
    for row in rows:
        own, division = re.findall(r"`([a-z-]+)`", row), row.rstrip("| ").rpartition("|")[2]
        assert {load_profile(name).doc.division for name in own} == {division.strip()}
