"""The journal of a fleet: appended line by line, each on the disk before the controller goes on, each bound to the one before.

A controller that is killed in the middle of a line leaves a piece without a line feed: it is cut off, because nothing
was done that only this piece would know of. Any other damage is refused.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
from typing import TYPE_CHECKING, Any, Final, Self

from suite.base import jsonio, safe
from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, Place, SetupError, unwritable
from suite.documents.codec import Lines, canonical, pretty
from suite.documents.fleet import JournalEntry
from suite.evidence import fleetstate

if TYPE_CHECKING:
    from pathlib import Path

    from suite.documents.fleet import EntryKind, Fleet

FLEET: Final = "fleet.json"
JOURNAL: Final = "journal.jsonl"
_OPEN: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


class Journal:
    """A journal that is written to; one controller at a time.

    Attributes:
        entries: all of it, in order.
    """

    def __init__(self, directory: Path, fleet: Fleet) -> None:
        """Open the journal of a fleet, or begin one.

        Args:
            directory: of the fleet.
            fleet: its fleet.json.

        Raises:
            SetupError: ``fleet-busy``, ``run-unwritable``.
            EvidenceError: as `read_journal`.
        """
        path = directory / JOURNAL
        try:
            with contextlib.ExitStack() as stack:
                self._file = os.open(path, _OPEN, 0o644)
                stack.callback(os.close, self._file)
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                data = safe.read_plain(path, safe.MAX_FILE_BYTES, below=directory)
                whole = data[: data.rfind(b"\n") + 1]
                self.entries = parse(whole, fleet, str(path))
                os.ftruncate(self._file, len(whole))
                stack.pop_all()
        except BlockingIOError as cause:
            message = Sentence(
                f"another controller works on {directory}", f"另有控制器正在处理 {directory}"
            )
            raise SetupError("fleet-busy", message, Place(str(path))) from cause
        except OSError as cause:
            raise SetupError("run-unwritable", unwritable(path, cause), Place(str(path))) from cause
        self._path = path
        last = whole.splitlines()[-1] if whole else pretty(fleet)
        self._previous = jsonio.sha256_hex(last)

    def __enter__(self) -> Self:
        """Enter a block at whose end another controller may take over."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        os.close(self._file)

    def append(self, kind: EntryKind, **members: Any) -> JournalEntry:
        """Write an entry; it is on the disk when this returns.

        Raises:
            SetupError: ``run-unwritable``.
        """
        entry = JournalEntry(
            sequence=len(self.entries),
            previous=self._previous,
            time=dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            kind=kind,
            **members,
        )
        line = canonical(entry)
        try:
            safe.append_whole(self._file, line + b"\n")
            os.fsync(self._file)
        except OSError as cause:
            place = Place(str(self._path))
            raise SetupError("run-unwritable", unwritable(self._path, cause), place) from cause
        self.entries.append(entry)
        self._previous = jsonio.sha256_hex(line)
        return entry


def read_journal(directory: Path, fleet: Fleet) -> tuple[list[JournalEntry], str]:
    """The journal of a fleet and its digest; nobody needs to have written one yet.

    Raises:
        EvidenceError: as `parse`; ``file-unreadable``.
    """
    path = directory / JOURNAL
    if not path.exists():
        return [], jsonio.sha256_hex(b"")
    data = jsonio.read_bytes(path, error=EvidenceError, below=directory)
    whole = data[: data.rfind(b"\n") + 1]
    return parse(whole, fleet, str(path)), jsonio.sha256_hex(data)


def parse(data: bytes, fleet: Fleet, name: str) -> list[JournalEntry]:
    """The entries of a journal.

    Raises:
        EvidenceError: ``json-refused``, ``line-wrong``, ``schema-violation``; ``fleet-journal-broken`` where a line does not
            follow from those before.
    """
    reader = Lines(JournalEntry, file=name)
    previous = jsonio.sha256_hex(pretty(fleet))
    entries: list[JournalEntry] = []
    now, known = fleetstate.state(fleet, ()), fleetstate.known_jobs(fleet)
    for number, line in enumerate(data.splitlines(), 1):
        entry: JournalEntry = reader.read(line, number)
        follows = fleetstate.may_follow(now, known, entry)
        if not follows or (entry.sequence, entry.previous) != (number - 1, previous):
            message = Sentence(
                f"line {number} does not follow from those before",
                f"第 {number} 行与此前各行不衔接",
            )
            raise EvidenceError("fleet-journal-broken", message, Place(name, number))
        previous = jsonio.sha256_hex(line)
        entries.append(entry)
        fleetstate.advance(now, entry)
    return entries
