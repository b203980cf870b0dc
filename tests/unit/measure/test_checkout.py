"""An engine's checkout goes from commit to commit and is left as it was, whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from suite.base.errors import Interrupted, SetupError, UsageError
from suite.measure.checkout import Checkout, require_source, sources
from suite.measure.signals import Stop


def git(place: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", "-C", str(place), *who, *words], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """A checkout of two commits on the branch ``work``, the second one checked out."""
    place = tmp_path / "engine"
    place.mkdir()
    git(place, "init", "-q", "-b", "main")
    for version in ("1", "2"):
        (place / "engine.py").write_text(f"VERSION = {version}\n")
        git(place, "add", ".")
        git(place, "commit", "-q", "-m", f"version {version}")
    git(place, "checkout", "-q", "-b", "work")
    return place


def visit(place: Path, work: Callable[[], object]) -> None:
    """Put a checkout on its first commit, do something there, and restore it."""
    checkout = Checkout.at(place)
    with Stop().installed() as stop, checkout.restored(stop):
        checkout.switch(checkout.commit("main~1"))
        work()


def state(place: Path) -> tuple[str, str]:
    return git(place, "rev-parse", "--abbrev-ref", "HEAD"), (place / "engine.py").read_text()


def test_a_checkout_is_put_on_a_commit_and_back(engine: Path) -> None:
    seen = []
    first = git(engine, "rev-parse", "main~1")
    visit(engine, lambda: seen.append((Checkout.at(engine).state(), state(engine)[1])))
    assert seen == [(first, "VERSION = 1\n")]
    assert state(engine) == ("work", "VERSION = 2\n")


def test_a_checkout_without_a_branch_is_left_without_one(engine: Path) -> None:
    git(engine, "checkout", "-q", "--detach", "main")
    visit(engine, lambda: None)
    assert state(engine) == ("HEAD", "VERSION = 2\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_it_as_it_was(engine: Path, number: signal.Signals) -> None:
    before = state(engine)
    with pytest.raises(Interrupted):
        visit(engine, lambda: os.kill(os.getpid(), number))
    assert state(engine) == before


def test_a_signal_while_git_checks_out_leaves_no_lock(engine: Path) -> None:
    """Git is in the middle of it: a hook of the checkout's own sends the signal, and goes on for a while."""
    before = state(engine)
    hook = engine / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\nkill -TERM {os.getpid()}\nsleep 0.3\ntouch {engine}/.git/done\n")
    hook.chmod(0o755)
    with pytest.raises(Interrupted):
        visit(engine, lambda: pytest.fail("the signal came before"))
    assert (engine / ".git/done").exists()
    assert state(engine) == before


def test_a_tag_of_the_branch_s_name_and_a_folder_of_it(engine: Path) -> None:
    git(engine, "tag", "work", "main~1")
    (engine / "work").mkdir()
    (engine / "work/file").touch()
    visit(engine, lambda: None)
    assert git(engine, "symbolic-ref", "HEAD") == "refs/heads/work"
    assert (engine / "engine.py").read_text() == "VERSION = 2\n"


@pytest.mark.parametrize("ignored", [True, False])
def test_a_file_that_git_does_not_keep_is_not_overwritten(engine: Path, ignored: bool) -> None:
    """The first commit has the file, the last one has not: to check the first out would lose what lies there."""
    git(engine, "checkout", "-q", "-B", "main", "main~1")
    (engine / ".env").write_text("example\n")
    git(engine, "add", "-f", ".env")
    git(engine, "commit", "-q", "-m", "with")
    git(engine, "rm", "-q", ".env")
    git(engine, "commit", "-q", "-m", "without")
    (engine / ".env").write_text("SECRET\n")
    if ignored:
        (engine / ".git/info/exclude").write_text(".env\n")
    with pytest.raises(SetupError) as refused:
        visit(engine, lambda: pytest.fail("nothing may be measured"))
    assert refused.value.code == "checkout-failed"
    assert (engine / ".env").read_text() == "SECRET\n"
    assert git(engine, "symbolic-ref", "HEAD") == "refs/heads/main"


def test_a_submodule_that_would_stay_on_another_commit_is_refused(
    engine: Path, tmp_path: Path
) -> None:
    kernels = tmp_path / "kernels"
    git(tmp_path, "clone", "-q", str(engine), str(kernels))
    local = ("-c", "protocol.file.allow=always")
    git(engine, *local, "submodule", "add", "-q", str(kernels), "kernels")
    git(engine, "commit", "-q", "-m", "with kernels")
    git(engine / "kernels", "checkout", "-q", "HEAD~1")
    git(engine, "commit", "-q", "-a", "-m", "older kernels")
    git(engine, "branch", "-f", "main", "work")
    with pytest.raises(SetupError, match="submodules of"):
        visit(engine, lambda: pytest.fail("another engine would be measured"))
    assert git(engine, "status", "--porcelain") == ""
    assert git(engine, "symbolic-ref", "HEAD") == "refs/heads/work"


def test_an_error_leaves_it_as_it_was(engine: Path) -> None:
    before = state(engine)
    with pytest.raises(ZeroDivisionError):
        visit(engine, lambda: 1 // 0)
    assert state(engine) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from suite.measure.checkout import Checkout
from suite.measure.signals import Stop
checkout = Checkout.at(Path(sys.argv[1]))
with Stop().installed() as stop, checkout.restored(stop):
    checkout.switch(checkout.commit("main~1"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_left_the_next_one_restores(engine: Path) -> None:
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", KILLED, engine], check=False)
        assert done.returncode == -signal.SIGKILL
        assert state(engine) == ("HEAD", "VERSION = 1\n")
    visit(engine, lambda: None)
    assert state(engine) == ("work", "VERSION = 2\n")


def test_what_was_checked_out_since_counts_more_than_what_a_killed_run_left(engine: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, engine], check=False)
    (engine / "engine.py").write_text("VERSION = 3\n")
    git(engine, "commit", "-q", "-a", "-m", "by hand")
    visit(engine, lambda: None)
    assert state(engine) == ("HEAD", "VERSION = 3\n")
    git(engine, "checkout", "-q", "main")
    visit(engine, lambda: None)
    assert state(engine) == ("main", "VERSION = 2\n")


def test_two_runs_do_not_move_one_checkout(engine: Path) -> None:
    with pytest.raises(SetupError) as refused:
        visit(engine, lambda: visit(engine, lambda: pytest.fail("it is busy")))
    assert refused.value.code == "checkout-busy"
    assert state(engine) == ("work", "VERSION = 2\n")


def test_what_git_complains_of_is_said(engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here that the checkout belongs to somebody else."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("LC_ALL", "C")
    with pytest.raises(UsageError) as refused:
        Checkout.at(engine)
    assert "dubious ownership" in refused.value.hint


def test_work_that_is_in_no_commit_is_not_touched(engine: Path) -> None:
    (engine / "engine.py").write_text("VERSION = 3\n")
    assert Checkout.at(engine).state().endswith("+dirty")
    with pytest.raises(UsageError) as refused:
        visit(engine, lambda: pytest.fail("nothing may be measured"))
    assert refused.value.code == "checkout-dirty"
    assert (engine / "engine.py").read_text() == "VERSION = 3\n"


def test_a_checkout_that_cannot_be_restored_is_said(engine: Path) -> None:
    with pytest.raises(SetupError) as refused:
        visit(engine, lambda: git(engine, "branch", "-q", "-D", "work"))
    assert refused.value.code == "checkout-failed"
    assert "checkout work" in refused.value.message


@pytest.mark.parametrize("name", ["nothing", "--help", "", "HEAD~7"])
def test_what_is_no_commit(engine: Path, name: str) -> None:
    with pytest.raises(UsageError) as refused:
        Checkout.at(engine).commit(name)
    assert refused.value.code == "commit-unknown"


def test_what_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        Checkout.at(tmp_path)
    assert refused.value.code == "checkout-missing"


def test_an_interpreter_says_what_it_loads_from_a_checkout(engine: Path, tmp_path: Path) -> None:
    """An environment as pip leaves it: PEP 610's record names the directory and says that it is editable."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    python = tmp_path / "env/bin/python"
    checkout = Checkout.at(engine)
    assert sources(python) == {}
    with pytest.raises(UsageError) as refused:
        require_source(python, checkout)
    assert refused.value.code == "checkout-unused"
    (site,) = (tmp_path / "env/lib").glob("python*/site-packages")
    record = site / "engine-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: engine\nVersion: 1.0\n")
    (record / "direct_url.json").write_text(
        f'{{"dir_info": {{"editable": true}}, "url": "{engine.as_uri()}"}}'
    )
    assert sources(python) == {"engine": checkout}
    require_source(python, checkout)
