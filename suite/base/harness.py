"""Who measured: the suite's own commit, and its files as one digest, where there is no git to say it."""

from __future__ import annotations

import functools
import hashlib
import subprocess
from typing import TYPE_CHECKING, Final

from suite.base import jsonio, resources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PACKAGE: Final = "suite"
DIRECTORIES: Final = (_PACKAGE, "images", "schemas", "vendors")
"""What decides how is measured and judged, by its place in a checkout."""
_MADE: Final = ("__pycache__", "_data")
"""Directories of the package that are no part of it: what Python compiles, and what stands beside it in a checkout."""


@functools.cache
def files_sha256(without: tuple[str, ...] = ()) -> str:
    """SHA-256 over name and content of every file that decides what is measured and how it is judged.

    The same for a checkout and for the wheel that is made of it. What the reviewers keep (``trust/``) is not in it:
    that changes without the suite.

    Args:
        without: beginnings of names that are left out, for whoever asks for a part of the suite.
    """
    return jsonio.digest(
        {name: digest for name, digest in file_digests().items() if not name.startswith(without)}
    )


@functools.cache
def file_digests() -> dict[str, str]:
    """SHA-256 of each of the files, by name; a check of one card asks for them as a whole and in part."""
    return {name: _digest(path) for name, path in _files()}


def _files() -> Iterator[tuple[str, Path]]:
    for name in DIRECTORIES:
        root = resources.resource(f"{name}/" if name == _PACKAGE else name)
        for path in sorted(root.rglob("*")):
            parts = path.relative_to(root).parts
            if path.is_file() and not set(parts) & set(_MADE) and path.suffix != ".pyc":
                yield "/".join((name, *parts)), path


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def commit() -> str | None:
    """The suite's own commit, with ``+dirty`` when its files were changed; None outside a checkout."""
    if resources.INSTALLED:  # whatever checkout site-packages may lie in is not the suite's
        return None
    description = _git("describe", "--always", "--abbrev=40", "--exclude=*")
    # Only the suite's own files count, and those that nobody has added too: a rule is found by lying there.
    changed = _git("status", "--porcelain", "--untracked-files=all", "--", *DIRECTORIES)
    if not description or changed is None:
        return None
    return f"{description}+dirty" if changed else description


def _git(*words: str) -> str | None:
    """What git prints in the suite's checkout; None where it cannot be asked."""
    root = str(resources.resource())
    # Whose clone it is does not matter to whoever runs its code anyway; its own hooks are not asked.
    command = ("git", "-C", root, "-c", f"safe.directory={root}", "-c", "core.fsmonitor=false")
    try:
        done = subprocess.run(
            [*command, *words], capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
