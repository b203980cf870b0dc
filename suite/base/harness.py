"""The suite's own files as one digest: who measured, where there is no git to say it."""

from __future__ import annotations

import functools
import hashlib
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
    digests = {name: _digest(path) for name, path in _files() if not name.startswith(without)}
    return jsonio.digest(digests)


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
