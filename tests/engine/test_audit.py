"""An audit of whole runs, with the real reference: an honest server's answers are the model's, a rounded model's are not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from suite.cli.main import main
from tests.cheats import vendor

ROOT = Path(__file__).parents[2]
PROFILE = str(vendor.PROFILE)
pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.fixture(scope="module")
def python() -> str:
    named = os.environ.get("SUITE_ENGINE_PYTHON")
    path = named or str(ROOT / ".venv-transformers" / "bin" / "python")
    if not Path(path).exists():
        pytest.skip(f"no Python with torch and transformers: {path} (set SUITE_ENGINE_PYTHON)")
    return path


@pytest.mark.parametrize(
    ("cheat", "verdict", "status"), [("honest", "same", 0), ("quantised", "different", 1)]
)
def test_the_audit_tells_the_model_from_a_rounded_one(
    tmp_path, monkeypatch, capsys, python, cheat, verdict, status
):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    run = tmp_path / "run"
    words = ["run", "--runtime", "sim", "--profile", PROFILE, "--cheat", cheat, "--quiet"]
    assert main([*words, "--out", str(run)]) in (0, 1)
    capsys.readouterr()
    options = ["--model", "mini", "--engine-python", python, "--seed", "7", "--quiet", "--json"]
    # The rounded model of the scripted server changes few answers.
    options += ["--tokens", "2500"]
    assert main(["audit", str(run), *options]) == status
    audit = json.loads(capsys.readouterr().out)
    assert audit["verdict"] == verdict
    assert audit["sample"]["tokens"] == 2500
    assert audit["calibration"]["largest_change"] < 0.001
    assert (tmp_path / "run.audit.sigstore.json").is_file()
    assert main(["verify", str(run)]) in (0, 1)


def test_under_a_challenge_new_stories_are_read_too(tmp_path, monkeypatch, capsys, python):
    """The scripted server has a table of the model's answers to known tasks, and nothing of the model for new ones."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    assert main(["round", "new", "r"]) == 0
    run = tmp_path / "run"
    words = ["run", "--runtime", "sim", "--profile", PROFILE, "--cheat", "honest", "--quiet"]
    words += ["--challenge", "r.challenge.sigstore.json"]
    assert main([*words, "--out", str(run)]) in (0, 1)
    capsys.readouterr()
    options = ["--model", "mini", "--engine-python", python, "--seed", "7", "--quiet", "--json"]
    assert main(["audit", str(run), *options]) == 1
    diverged = {item["task"] for item in json.loads(capsys.readouterr().out)["divergences"]}
    lines = [json.loads(line) for line in (run / "tasks.jsonl").read_text().splitlines()]
    new = {line["id"] for line in lines if "origin" in line}
    assert diverged
    assert diverged <= new
