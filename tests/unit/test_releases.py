"""Runs of every release, signed then, verify with today's suite: docs/policy.md promises it."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.base import jsonio
from suite.cli.main import main
from suite.declare import known

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/cases/releases"
VERSIONS = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())


def test_every_release_is_listed_and_has_runs():
    listed = [release["version"] for release in jsonio.load(known.RELEASES)["releases"]]
    assert sorted(listed) == VERSIONS
    for version in VERSIONS:
        assert len(list((GOLDEN / version / "submissions").glob("*/*/*/*.sigstore.json"))) >= 2, (
            version
        )


@pytest.mark.parametrize("version", VERSIONS)
def test_its_runs_verify(version, capsys):
    folder = GOLDEN / version
    status = main(["check", str(folder / "submissions"), "--trust", str(folder / "keys.json")])
    shown = capsys.readouterr().out
    assert status == 0, shown
    assert "2 accepted" in shown
