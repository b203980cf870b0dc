"""One record of a task set, and what a reader hands over."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import DataError, Place, Problem
from suite.declare.tasks.characters import UNPRINTABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from suite.documents.taskline import Origin

Progress: TypeAlias = "Callable[[int, int | None], None]"
"""Told how much is done and, when known, of how much (in the `progress_unit` of the format)."""

MAX_ID_LENGTH = 128


@dataclass(frozen=True, slots=True)
class Task:
    """One record.

    Attributes:
        id: key of the record, printable, without surrounding space.
        document: the article, exactly as the source has it (line breaks and defects included).
        summary: the reference summary, likewise.
        origin: of a new task of a challenge; None of a task of the set.
    """

    id: str
    document: str
    summary: str
    origin: Origin | None = None

    @property
    def sha256(self) -> str:
        """`record_sha256` of the record."""
        document = hashlib.sha256(self.document.encode("utf-8")).hexdigest()
        return record_sha256(self.id, document, self.summary)


def record_sha256(identifier: str, document_sha256: str, summary: str) -> str:
    """Digest of a record: SHA-256 of the canonical JSON of its id, the document's SHA-256 and its summary.

    The document enters by its digest, so that evidence without the text still binds id and reference.
    """
    return jsonio.digest({"document_sha256": document_sha256, "id": identifier, "summary": summary})


def joined_sha256(items: Iterable[str]) -> str:
    """SHA-256 of the UTF-8 of items joined by line feeds: the digest of a list of ids or digests."""
    return hashlib.sha256("\n".join(items).encode("utf-8")).hexdigest()


def id_fault(identifier: str) -> str | None:
    """Why a text cannot be a record's id, or None. Ids are joined by line feeds and put into logs."""
    if not identifier:
        return "the id is empty"
    if len(identifier) > MAX_ID_LENGTH:
        return f"the id is longer than {MAX_ID_LENGTH} characters"
    if identifier != identifier.strip() or UNPRINTABLE.search(identifier):
        return f"the id {identifier[:40]!r} has surrounding space or characters that do not print"
    return None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader found in a file or folder.

    Attributes:
        kind: what the source turned out to be: the name of a data format.
        source: its path.
        tasks: every readable record, in the source's order.
        has_ids: False when ids were derived from row numbers (``row-000001``).
        notes: counts of peculiarities of the file that are in no record (byte order mark, line ends).
        excluded: counts of what was left out, by reason; empty unless the caller asked to keep going.
        problems: each record that was left out, with its place.
        columns: which columns or members were taken, by role; empty where there is no choice.
    """

    kind: str
    source: str
    tasks: tuple[Task, ...]
    has_ids: bool
    notes: dict[str, int]
    excluded: dict[str, int]
    problems: tuple[Problem, ...]
    columns: dict[str, str] = field(default_factory=dict)


class Collector:
    """Gathers the records of one source; refuses bad ones, or leaves them out and counts them.

    Attributes:
        kind: name of the source's data format.
        source: its path.
        keep_going: leave bad records out and count them.
        ids: the only records to keep; None keeps all.
        progress: told by the reader how far it is.
        tasks: the records so far.
        notes: counts of peculiarities of the file that are in no record.
        excluded: counts of records left out, by reason.
    """

    def __init__(
        self,
        kind: str,
        source: str,
        *,
        keep_going: bool = False,
        ids: Collection[str] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.kind = kind
        self.source = source
        self.keep_going = keep_going
        self.ids = None if ids is None else frozenset(ids)
        self.progress = progress
        self.tasks: list[Task] = []
        self.notes: Counter[str] = Counter()
        self.excluded: Counter[str] = Counter()
        self._problems: list[Problem] = []
        self._seen: set[str] = set()

    def wants(self, identifier: str) -> bool:
        """Whether a record of this id is to be kept: a reader may pass over the others unread."""
        return self.ids is None or identifier in self.ids

    def add(self, task: Task, place: Place) -> None:
        """Take a record; a bad or repeated id and a missing summary are refused like a broken row."""
        fault = id_fault(task.id)
        if fault:
            self.reject("broken-row", fault, place)
        elif "\x00" in task.document or "\x00" in task.summary:
            message = Sentence(
                f"record {task.id!r} holds a NUL, which is no character of a text",
                f"记录 {task.id!r} 含有 NUL，它不是文本字符",
            )
            self.reject("broken-row", message, place)
        elif task.id in self._seen:
            self.reject(
                "duplicate-id",
                Sentence(f"the id {task.id!r} occurs twice", f"编号 {task.id!r} 出现两次"),
                place,
            )
        elif not task.summary.strip():
            self.reject(
                "empty-summary",
                Sentence(f"record {task.id!r} has no summary", f"记录 {task.id!r} 没有摘要"),
                place,
            )
        else:
            self._seen.add(task.id)
            if self.wants(task.id):
                self.tasks.append(task)

    def reject(self, reason: str, message: str, place: Place) -> None:
        """Refuse a record, or leave it out with its reason when the caller keeps going.

        Raises:
            DataError: code ``data-`` and the reason, unless keeping going.
        """
        if not self.keep_going:
            hint = Sentence(
                "repair it, or leave such records out: suite data convert FILE --to NEW.jsonl --keep-going",
                "请修复，或略去此类记录：suite data convert FILE --to NEW.jsonl --keep-going",
            )
            raise DataError(f"data-{reason}", message, place, hint)
        self.excluded[reason] += 1
        self._problems.append(Problem(message, place))

    def finish(self, *, has_ids: bool = True, columns: dict[str, str] | None = None) -> Reading:
        """Close the reading.

        Raises:
            DataError: ``data-empty`` when no record was readable.
        """
        if not self.tasks:
            what = (
                Sentence("usable record", "可用的记录")
                if self.ids is None
                else Sentence("usable record with a wanted id", "编号在所求之列的可用记录")
            )
            raise DataError(
                "data-empty",
                Sentence(
                    f"the {self.kind} holds no {what}", f"{chinese(self.kind)}中没有{chinese(what)}"
                ),
                Place(self.source),
                problems=tuple(self._problems[:20]),
            )
        if self.ids is not None and len(self.tasks) < len(self.ids):
            self.notes["missing-ids"] = len(self.ids) - len(self.tasks)
        return Reading(
            kind=self.kind,
            source=self.source,
            tasks=tuple(self.tasks),
            has_ids=has_ids,
            notes=dict(sorted(self.notes.items())),
            excluded=dict(sorted(self.excluded.items())),
            problems=tuple(self._problems),
            columns=columns or {},
        )
