"""Where shipped files lie and where the suite writes, in a checkout and as an installed package."""

import os
import subprocess
import sys

import pytest

from suite.base import resources

NOBODY = """
import pwd, sys
def unlisted(*_): raise KeyError
pwd.getpwuid = unlisted
from suite.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
"""A user without an entry in the system's list, as a container started with a bare number has."""


@pytest.mark.parametrize(
    "name",
    ["vendors/cpu/vendor.yaml", "images/base.sh", "schemas", "suite/assets/mini_model/config.json"],
)
def test_what_travels_is_there(name):
    assert resources.resource(name).exists()


def test_a_checkout_writes_beside_its_sources(root):
    assert not resources.INSTALLED
    assert resources.workspace() == resources.environments() == resources.resource() == root


def test_an_installed_package_is_not_written_to(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "INSTALLED", True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert resources.workspace() == tmp_path
    assert resources.environments() == tmp_path / "cache" / "llm-conformance" / "environments"
    assert resources.resource("schemas").parent.name == "_data"


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["--help"], 0, "exit status"),
        (["run", "--help"], 0, "--key"),
        (["vendors", "list"], 0, "mthreads"),
        (["verify", "/nothing"], 4, "run-missing"),
        (["plan", "--model", "~/no-such-model"], 2, "model-unknown"),
    ],
)
def test_a_user_without_name_and_home_can_use_every_command(words, status, says, root, tmp_path):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", NOBODY, *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert says in done.stdout + done.stderr


def test_a_private_directory_that_somebody_else_made_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(resources.tempfile, "tempdir", str(tmp_path))
    made = resources._private_directory.__wrapped__()
    assert made.stat().st_mode & 0o777 == 0o700
    made.chmod(0o777)
    other = resources._private_directory.__wrapped__()
    assert other != made
    assert other.stat().st_mode & 0o777 == 0o700
