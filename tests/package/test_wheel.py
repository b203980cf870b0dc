"""The wheel, built, installed into an empty environment and used from another directory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from suite.base import harness, uv
from suite.judge.site import pages

pytestmark = pytest.mark.package
ROOT = Path(__file__).resolve().parents[2]
LARGEST = 12 << 20
"""Bytes that the wheel may have; its mini model takes half of them."""


def run_uv(*words):
    command = [uv.program(), *map(str, words)]
    subprocess.run(command, env=uv.environment(), check=True, cwd=ROOT)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    dist = tmp_path_factory.mktemp("dist")
    run_uv("build", "--quiet", "--wheel", "--out-dir", dist, ".")
    (built,) = dist.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def suite(wheel, elsewhere, tmp_path_factory):
    """Run the installed program in a directory that is no checkout."""
    target = tmp_path_factory.mktemp("installed") / "venv"
    python = target / "bin" / "python"
    run_uv("venv", "--quiet", "--python", sys.executable, target)
    lock = ("--require-hashes", "-r", "requirements.lock")
    run_uv("pip", "install", "--quiet", "--python", python, *lock)
    run_uv("pip", "install", "--quiet", "--python", python, "--no-deps", wheel)
    variables = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "HOME": str(elsewhere / "home"),
        "XDG_CACHE_HOME": str(elsewhere / "cache"),
    }

    def call(*words, status=0):
        done = subprocess.run(
            [target / "bin" / "suite", *map(str, words)],
            cwd=elsewhere,
            env=variables,
            check=False,
            capture_output=True,
            text=True,
        )
        expected = status if isinstance(status, tuple) else (status,)
        assert done.returncode in expected, done.stdout + done.stderr
        return done.stdout

    return call


@pytest.fixture(scope="module")
def measured(suite, elsewhere):
    """A run with the scripted server: its directory, below the working directory by default."""
    suite("run", "--runtime", "sim", "--profile", "smoke", "--quiet", status=1)
    (directory,) = (path for path in (elsewhere / "runs").iterdir() if path.name != "converted")
    return directory


def test_the_wheel_is_small_and_typed(wheel):
    assert wheel.stat().st_size < LARGEST
    listed = subprocess.check_output([sys.executable, "-m", "zipfile", "-l", wheel], text=True)
    for name in (
        "suite/py.typed",
        "suite/_data/vendors/cpu/vendor.yaml",
        "suite/_data/images/base.sh",
        "suite/_data/references/mini-256.reference.sigstore.json",
        "suite/_data/trust/images.json",
        "suite/_data/trust/releases.json",
        *(f"suite/judge/site/{name}" for name in pages.LIBRARY),
        "dist-info/licenses/suite/judge/site/chartjs/LICENSE.md",
    ):
        assert name in listed
    assert "tests/" not in listed.replace("/tests/", "")


def test_the_commands_that_read_declarations(suite):
    assert "usage" in suite("--help").lower()
    assert "nvidia" in suite("vendors", "list")
    assert "vllm" in suite("plan", "--vendor", "cpu", "--runtime", "process")


def test_a_run_and_its_card(suite, measured, elsewhere):
    card = measured / "scorecard.sigstore.json"
    assert card.is_file()
    assert "not conformant" in suite("score", measured, status=1).lower()
    stated = json.loads((measured / "scorecard.json").read_text())["predicate"]
    # No commit, and known all the same: by its files, which are those of the checkout that the wheel was made of.
    assert stated["suite"] | {"version": ""} == {
        "version": "",
        "commit": "unknown",
        "files_sha256": harness.files_sha256(),
    }
    assert [c["outcome"] for c in stated["checks"] if c["rule"] == "R076"] == ["pass"]
    assert "REFUSED" in suite("verify", card, status=5)  # no key is vouched for
    vouched = ("--key", measured / "signer.pub.pem")
    assert "REFUSED" not in suite("verify", measured, *vouched, status=(0, 1))
    # The scripted server's card is not conformant, so it compares with nothing, not even itself.
    compared = json.loads(suite("diff", card, card, "--json", *vouched, status=1))
    assert compared["comparable"] == "no"


def test_nothing_is_written_into_the_installed_package(suite, measured):
    package = Path(
        subprocess.check_output(
            [Path(sys.executable), "-c", "import suite; print(suite.__file__)"], text=True, cwd=ROOT
        ).strip()
    )
    assert package.is_relative_to(ROOT)
    assert not (package.parents[1] / "suite" / "_data").exists()
