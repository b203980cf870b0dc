"""Packages from PyPI that one test alone opens a format with, in a folder of their own: beside the suite's tools they would hold those back."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from suite.base import uv

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_UNREACHABLE = ("dns error", "Connection refused", "timed out", "Network is unreachable")


def install(folder: Path, python: Path, packages: Sequence[str], *words: str) -> None:
    """Install packages for an interpreter into a folder; skips the test where the registry cannot be reached."""
    command = [uv.program(), "pip", "install", "--quiet", "--python", str(python)]
    command += ["--target", str(folder), *words, *packages]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env=uv.environment()
    )
    if any(reason in done.stderr for reason in _UNREACHABLE):
        pytest.skip("PyPI cannot be reached")
    assert done.returncode == 0, done.stderr
