"""The files of a run directory, each read once: the bytes that are parsed are the bytes that were hashed."""

from __future__ import annotations

import errno
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.errors import EvidenceError, unreadable
from suite.base.safe import (
    MAX_FILE_BYTES,
    is_plain,
    open_plain,
    pieces,
    read_plain,
    require_size,
)
from suite.evidence.manifest import CONTENT_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.documents.manifest import ManifestFile

UNREAD = ""
"""Stands for the digest of a file that has another size than is listed: it was not read to find that out."""


@dataclass(frozen=True, slots=True)
class FileDigest:
    """What a manifest says of a file: bytes, and SHA-256 in hexadecimal or `UNREAD`."""

    size: int
    sha256: str


class RunFiles:
    """Reads the files of one run directory.

    A file that is parsed is kept from when it is hashed until its content is taken; one that is only hashed, such as
    ``engine.log``, goes through in pieces.

    Attributes:
        directory: where they lie.
    """

    def __init__(self, directory: Path) -> None:
        """Read nothing yet."""
        self.directory = directory
        self._kept: dict[str, bytes] = {}
        self._digests: dict[str, FileDigest] = {}
        self._listed: dict[str, int] | None = None

    def expect(self, listed: Sequence[ManifestFile]) -> None:
        """Take what the manifest lists: a file of another size is not read for its digest, one not listed is no evidence."""
        self._listed = {item.path: item.bytes for item in listed}

    def holds(self, name: str) -> bool:
        """Whether a file that not every run leaves is part of this one: by the manifest where it was read."""
        if self._listed is not None:
            return name in self._listed
        return is_plain(self.directory / name)

    def digests(self) -> dict[str, FileDigest]:
        """Of every file that was read so far."""
        return dict(self._digests)

    def digest(self, name: str) -> FileDigest:
        """Size and SHA-256 of a file; read now unless it was before.

        Raises:
            OSError: as `suite.base.safe.read_plain`.
        """
        if name not in self._digests:
            size = None if self._listed is None else self._listed.get(name)
            self._digests[name] = self._first(name, size)
        return self._digests[name]

    def content(self, name: str) -> bytes:
        """The bytes of a file, the very ones of its digest; given out once, then forgotten.

        Raises:
            EvidenceError: ``file-unreadable``.
        """
        if name in self._kept:
            return self._kept.pop(name)
        try:
            data = self._again(name)
        except OSError as cause:
            raise unreadable(EvidenceError, self.directory / name, cause) from cause
        return data

    def _first(self, name: str, size: int | None) -> FileDigest:
        path, limit = self.directory / name, CONTENT_BYTES.get(name, MAX_FILE_BYTES)
        with open_plain(path, below=self.directory) as stream:
            here = require_size(stream, limit)
            if size is not None and here != size:
                return FileDigest(here, UNREAD)
            if name not in CONTENT_BYTES:
                digest, total = hashlib.sha256(), 0
                for block in pieces(stream, limit):
                    digest.update(block)
                    total += len(block)
                return FileDigest(total, digest.hexdigest())
        data = self._kept[name] = self._read(name)
        return _digest(data)

    def _again(self, name: str) -> bytes:
        """Read what is not kept; where it was hashed before, it must be the same."""
        data = self._read(name)
        digest = _digest(data)
        if self._digests.setdefault(name, digest).sha256 not in (digest.sha256, UNREAD):
            raise OSError(errno.ESTALE, "another file than was hashed")
        return data

    def _read(self, name: str) -> bytes:
        limit = CONTENT_BYTES.get(name, MAX_FILE_BYTES)
        return read_plain(self.directory / name, limit, below=self.directory)


def _digest(data: bytes) -> FileDigest:
    return FileDigest(len(data), hashlib.sha256(data).hexdigest())
