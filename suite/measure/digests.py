"""SHA-256 of large files, kept from run to run, so that weights which nobody touched are not read again.

A file is known again by path, size, inode and both its times. Whoever writes to it changes its times, and nobody
but the system's administrator can set the inode's. Where the answer must not rest on that, as before a closed run,
a store that was told so reads every file once more.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.errors import SetupError
from suite.base.safe import replace_file

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "digests.json"
_SETTLED_NS: Final = 2_000_000_000
"""A file that changed less than this ago may change again within the same tick of its time stamps."""


class DigestStore:
    """Digests of files by what identifies them; one file in the cache. What cannot be read or kept is hashed again."""

    def __init__(self, cache: Path) -> None:
        """Read what earlier runs kept.

        Args:
            cache: directory for what outlives a run.
        """
        self._path = cache / FILE
        self._kept = self._read()
        self._asked: dict[str, str] = {}
        self._own: set[str] = set()
        self._whole = False

    def verify_whole(self) -> None:
        """Believe from now on only what this process has read itself."""
        self._whole = True

    def get(self, path: Path) -> str | None:
        """The digest of a file that is what it was, in hexadecimal; None when it must be read."""
        name, identity = os.path.realpath(path), _identity(path)
        self._asked[name] = identity
        stamp, _, sha256 = self._kept.get(name, "").partition(" ")
        if not identity or stamp != identity or (self._whole and name not in self._own):
            return None
        return sha256

    def put(self, path: Path, sha256: str) -> None:
        """Keep what reading a file gave, unless it changed since `get`, or may still be changing."""
        name, identity = os.path.realpath(path), _identity(path)
        if identity and self._asked.get(name) == identity and _settled(path):
            self._kept[name] = f"{identity} {sha256}"
            self._own.add(name)

    def save(self) -> None:
        """Keep it for later runs; where that is not possible they hash again."""
        if not self._own:
            return
        entries = self._read() | {name: self._kept[name] for name in self._own}
        existing = {name: entry for name, entry in entries.items() if os.path.exists(name)}  # noqa: PTH110 - names
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._path, jsonio.pretty(existing))

    def _read(self) -> dict[str, str]:
        if not self._path.is_file():
            return {}
        try:
            value = jsonio.load(self._path, error=SetupError)
        except SetupError:  # cut, or somebody else's
            return {}
        entries = value.items() if isinstance(value, dict) else ()
        return {name: entry for name, entry in entries if isinstance(entry, str)}


def _identity(path: Path) -> str:
    """Size, device, inode and both times in nanoseconds; empty for a file that is not there."""
    try:
        status = path.stat()
    except OSError:
        return ""
    numbers = (status.st_size, status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    return "-".join(map(str, numbers))


def _settled(path: Path) -> bool:
    status = path.stat()
    return max(status.st_mtime_ns, status.st_ctime_ns) < time.time_ns() - _SETTLED_NS
