"""The files of a run directory, each read once: the bytes that are parsed are the bytes that were hashed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.errors import EvidenceError, Place
from suite.evidence.manifest import CONTENT_FILES
from suite.evidence.safe import open_plain, read_plain

if TYPE_CHECKING:
    from pathlib import Path

MAX_CONTENT_BYTES = 4 << 30
"""Largest file that is parsed: a run of millions of requests leaves less."""


@dataclass(frozen=True, slots=True)
class FileDigest:
    """What a manifest says of a file: bytes, and SHA-256 in hexadecimal."""

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

    def digests(self) -> dict[str, FileDigest]:
        """Of every file that was read so far."""
        return dict(self._digests)

    def digest(self, name: str) -> FileDigest:
        """Size and SHA-256 of a file; read now unless it was before.

        Raises:
            OSError: as `suite.evidence.safe.read_plain`.
        """
        if name not in self._digests:
            if name in CONTENT_FILES:
                self._kept[name] = self._read(name)
            else:
                self._digests[name] = self._stream(name)
        return self._digests[name]

    def content(self, name: str) -> bytes:
        """The bytes of a file, the very ones of its digest; given out once, then forgotten.

        Raises:
            EvidenceError: ``file-unreadable``.
        """
        if name in self._kept:
            return self._kept.pop(name)
        try:
            return self._read(name)
        except OSError as cause:
            place = Place(str(self.directory / name))
            reason = cause.strerror or str(cause)
            raise EvidenceError("file-unreadable", f"cannot read: {reason}", place) from cause

    def _read(self, name: str) -> bytes:
        data = read_plain(self.directory / name, MAX_CONTENT_BYTES)
        self._digests[name] = FileDigest(len(data), hashlib.sha256(data).hexdigest())
        return data

    def _stream(self, name: str) -> FileDigest:
        digest, size = hashlib.sha256(), 0
        with open_plain(self.directory / name) as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
                size += len(block)
        return FileDigest(size, digest.hexdigest())
