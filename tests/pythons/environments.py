"""Interpreters and environments for the checks in this directory, made with uv below ``.cache/pythons``."""

import os
import subprocess
import sys
from pathlib import Path

from suite.base import uv

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "pythons"
SUBSET = [
    "tests/unit/base",
    "tests/unit/judge/attest",
    "tests/unit/judge/metrics",
    "tests/unit/declare/tasks/test_characters.py",
    "tests/unit/declare/tasks/test_defects.py",
    "tests/unit/declare/tasks/test_lead.py",
]
"""What is tested with each: strict reading, text cleaning, signatures, metrics and ROUGE."""


def run_uv(*words: str) -> subprocess.CompletedProcess[str]:
    command = [uv.program(), *words]
    return subprocess.run(
        command, cwd=ROOT, env=uv.environment(), check=False, capture_output=True, text=True
    )


def interpreter(version: str) -> str | None:
    """An interpreter of this version on this machine; uv finds it, or pyenv has it."""
    found = run_uv("python", "find", "--no-python-downloads", "--no-project", version)
    if found.returncode == 0:
        return found.stdout.strip()
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    programs = sorted(pyenv.glob(f"{version}.*/bin/python"))
    return str(programs[-1]) if programs else None


def environment(name: str, python: str, *install: str) -> Path:
    """Make an environment anew and install into it; its interpreter."""
    target = CACHE / name
    for words in (
        ("venv", "--quiet", "--clear", "--no-project", "--python", python, str(target)),
        ("pip", "install", "--quiet", "--python", str(target / "bin" / "python"), *install),
    ):
        done = run_uv(*words)
        if done.returncode != 0:
            sys.exit(f"uv {words[0]} for {name} failed:\n{done.stderr[-2000:]}")
    return target / "bin" / "python"


def test(python: Path) -> int:
    """Run the subset of the tests with an interpreter; pytest's status."""
    command = [
        str(python),
        "-m",
        "pytest",
        "-q",
        "-m",
        "not slow and not node",
        "-p",
        "no:cacheprovider",
        *("-n", "auto", "--dist", "worksteal"),
    ]
    return subprocess.run([*command, *SUBSET], cwd=ROOT, check=False).returncode
