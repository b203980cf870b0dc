"""From the words of a command line to a plan."""

import os
import shutil
import subprocess

import pytest

from suite.base import resources
from suite.cli import inputs


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a clone to somebody else")
def test_the_commit_of_somebody_elses_clone_is_known(tmp_path, monkeypatch):
    clone = tmp_path / "clone"
    clone.mkdir()
    git = ["git", "-C", str(clone), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    for path in (clone, *clone.rglob("*")):
        shutil.chown(path, 54321, 54321)
    monkeypatch.setattr(resources, "resource", lambda: clone)
    assert inputs.commit() == head.stdout.strip()
