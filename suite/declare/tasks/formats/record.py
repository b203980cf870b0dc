"""What a data format is: one record, in one module of this room, which `suite.declare.tasks.formats.registry` finds."""

from __future__ import annotations

import enum
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from suite.declare.tasks.records import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from suite.declare.tasks.records import Progress, Reading

BOM = b"\xef\xbb\xbf"
GZIP = b"\x1f\x8b"


class Confidence(enum.IntEnum):
    """How surely a file or folder is of a format; the surest format reads it."""

    NO = 0
    POSSIBLE = 1  # it is text, and nothing speaks against it
    LIKELY = 2  # it begins as such files do
    CERTAIN = 3  # it says so itself


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file or folder whose format is asked.

    Attributes:
        path: where it lies.
        head: its first 4096 bytes; empty for a folder.
    """

    path: Path
    head: bytes

    @property
    def text(self) -> bytes:
        """The head, unpacked where it is gzip, without byte order mark and leading white space."""
        return self.unpacked.removeprefix(BOM).lstrip()

    @property
    def unpacked(self) -> bytes:
        """The head, or what its gzip unpacks to: nothing when it is damaged."""
        if not self.head.startswith(GZIP):
            return self.head
        try:
            return zlib.decompressobj(wbits=31).decompress(self.head, 4096)
        except zlib.error:
            return b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One data format.

    Attributes:
        name: stable English name; evidence and canonical files hold it.
        name_zh: the same in Chinese.
        description: what such a file or folder holds, in English, without a full stop.
        description_zh: the same in Chinese.
        suffixes: lower-case ends of the names by which such a file is found in a folder.
        progress_unit: what the reader counts while it reads.
        sniff: how surely a candidate is of this format; must not read more than the head of a file or the names
            in a folder.
        reader: puts every record into the collector and finishes it.
    """

    name: str
    name_zh: str
    description: str
    description_zh: str
    suffixes: tuple[str, ...]
    sniff: Callable[[Candidate], Confidence]
    reader: Callable[[Path, Collector], Reading]
    progress_unit: Literal["bytes", "files"] = "bytes"

    def read(
        self,
        path: Path,
        *,
        ids: Collection[str] | None = None,
        keep_going: bool = False,
        progress: Progress | None = None,
    ) -> Reading:
        """Read every record, or those of the given ids.

        Args:
            path: the file or folder.
            ids: keep these alone.
            keep_going: leave broken records out and count them instead of refusing the file.
            progress: told how many `progress_unit` are done, and of how many.

        Raises:
            DataError: ``data-broken-row``, ``data-duplicate-id``, ``data-empty-summary``, ``data-empty``,
                ``file-unreadable``, and what the format's own reader refuses.
        """
        collector = Collector(
            self.name, str(path), keep_going=keep_going, ids=ids, progress=progress
        )
        return self.reader(path, collector)
