"""How a log grew: digests of its beginnings, taken while a run goes on and again when it is read back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.safe import open_plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.documents.event import Event
    from suite.documents.logstamp import LogStamp

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Grown:
    """A line of ``stamps.jsonl`` beside the log's own beginning of that length.

    Attributes:
        stamp: the line.
        sha256: of the log's first bytes, as many as it names; "" where they do not end with a line.
        last: the event that they end with; None where they do not end with a line.
    """

    stamp: LogStamp
    sha256: str
    last: Event | None


class Hasher:
    """Digests of a log that grows: each call reads what was added since, so that none reads the whole again."""

    def __init__(self, path: Path) -> None:
        """Take the log as it is at the first call."""
        self._path, self._digest, self._size = path, hashlib.sha256(), 0

    def __call__(self) -> tuple[int, str]:
        """Bytes that the log has now, and their SHA-256.

        Raises:
            OSError: it cannot be read.
        """
        with open_plain(self._path, below=self._path.parent) as stream:
            stream.seek(self._size)
            while piece := stream.read(_PIECE):
                self._digest.update(piece)
                self._size += len(piece)
        return self._size, self._digest.hexdigest()


class Beginnings:
    """Takes a log line by line, and gives its digest at the lengths that are asked for."""

    def __init__(self, stamps: Sequence[LogStamp]) -> None:
        """Ask for the lengths that stamps name."""
        self._stamps = stamps
        self._wanted = {stamp.stated.bytes for stamp in stamps}
        self._digest, self._size = hashlib.sha256(), 0
        self._ends: dict[int, tuple[str, Event]] = {}

    def add(self, row: bytes, event: Event) -> None:
        """Take a whole line, its line feed included."""
        if not self._wanted:
            return
        self._digest.update(row)
        self._size += len(row)
        if self._size in self._wanted:
            self._ends[self._size] = self._digest.hexdigest(), event

    def grown(self) -> tuple[Grown, ...]:
        """Every stamp beside what the log holds."""
        return tuple(
            Grown(stamp, *self._ends.get(stamp.stated.bytes, ("", None))) for stamp in self._stamps
        )
