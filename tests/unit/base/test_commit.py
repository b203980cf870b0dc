"""Which commit the suite is at."""

import os
import shutil
import subprocess

import pytest

from suite.base import harness, resources


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A checkout of one commit, which the suite takes for its own."""
    made = tmp_path / "clone"
    for path in (made / "suite" / "rule.py", made / "docs" / "page.md"):
        path.parent.mkdir(parents=True)
        path.write_text("committed\n")
    git = ["git", "-C", str(made), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    monkeypatch.setattr(resources, "resource", lambda: made)
    return made


def head(directory):
    command = ["git", "-C", str(directory), "rev-parse", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a clone to somebody else")
def test_the_commit_of_somebody_elses_clone_is_known(clone):
    commit = head(clone)
    for path in (clone, *clone.rglob("*")):
        shutil.chown(path, 54321, 54321)
    assert harness.commit() == commit


def test_a_changed_or_further_file_of_the_suite_is_said(clone):
    (clone / "docs" / "page.md").write_text("other words\n")
    assert harness.commit() == head(clone), "what no run reads changes no run"
    (clone / "suite" / "rule.py").write_text("passes\n")
    assert harness.commit() == f"{head(clone)}+dirty"
    (clone / "suite" / "rule.py").write_text("committed\n")
    (clone / "suite" / "another.py").write_text("found by lying there\n")
    assert harness.commit() == f"{head(clone)}+dirty"
