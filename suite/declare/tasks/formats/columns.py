"""Which column is what: chosen by name, the same for CSV and JSON; and what their readers share."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import DataError, Place
from suite.declare.tasks.formats.record import BOM, GZIP
from suite.declare.tasks.records import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from suite.base.jsonio import JSONObject
    from suite.declare.tasks.records import Collector, Reading

DOCUMENT_NAMES = ("document", "dialogue", "prompt", "question", "instruction")
SUMMARY_NAMES = ("summary", "completion", "answer", "output", "response")
ID_NAMES = ("id", "bbcid")
MAX_UNPACKED_BYTES: Final = 4 * 2**30
"""XSum whole has 0.5 GB; a small file that unpacks to more than this is no task set."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the chosen columns as the file writes them; `id` is None when the file has none."""

    document: str
    summary: str
    id: str | None

    def to_json(self) -> dict[str, str]:
        """Role to name, without what is missing."""
        chosen = {"document": self.document, "summary": self.summary}
        return chosen if self.id is None else chosen | {"id": self.id}


def text_bytes(path: Path, collector: Collector) -> bytes:
    """The bytes of a text file, unpacked where it is gzip, without its byte order mark; both are noted.

    Raises:
        DataError: ``file-unreadable``, ``archive-damaged``, ``data-too-large``.
    """
    data = jsonio.read_bytes(path, error=DataError)
    if data.startswith(GZIP):
        data = _unpacked(data, Place(str(path)))
        collector.notes["file-gzip"] = 1
    if data.startswith(BOM):
        collector.notes["file-byte-order-mark"] = 1
    return data.removeprefix(BOM)


def _unpacked(data: bytes, place: Place) -> bytes:
    # Several members one after another are one file, as gzip has it.
    unpacked = bytearray()
    try:
        while data:
            member = zlib.decompressobj(wbits=31)
            unpacked += member.decompress(data, MAX_UNPACKED_BYTES - len(unpacked) + 1)
            if len(unpacked) > MAX_UNPACKED_BYTES:
                message = Sentence(
                    f"unpacked it has more than {MAX_UNPACKED_BYTES >> 30} GiB",
                    f"解压后超过 {MAX_UNPACKED_BYTES >> 30} GiB",
                )
                raise DataError("data-too-large", message, place)
            if not member.eof:
                raise DataError(
                    "archive-damaged", Sentence("the gzip file is cut", "gzip 文件被截断"), place
                )
            data = member.unused_data
    except zlib.error as cause:
        raise DataError(
            "archive-damaged",
            Sentence(f"the gzip file is damaged: {cause}", f"gzip 文件已损坏：{cause}"),
            place,
        ) from cause
    return bytes(unpacked)


def read_record(line: bytes, place: Place, collector: Collector) -> JSONObject | None:
    """The object that a text holds, or None when it was left out.

    Raises:
        DataError: ``data-broken-row``, unless the collector keeps going.
    """
    try:
        value = jsonio.loads(line, name=place.file, error=DataError, first_line=place.line or 1)
    except DataError as cause:
        collector.reject("broken-row", cause.message, place)
        return None
    if not isinstance(value, dict):
        collector.reject(
            "broken-row", Sentence("the line is not a JSON object", "该行不是 JSON 对象"), place
        )
        return None
    return value


def read_records(texts: Iterable[tuple[bytes, Place]], collector: Collector) -> Reading:
    """Read the objects of some texts, each with its place; the first that is readable decides which members are taken.

    Raises:
        DataError: ``data-columns``, ``data-empty``, and what the collector refuses.
    """
    columns: Columns | None = None
    for row, (text, place) in enumerate(texts, 1):
        record = read_record(text, place, collector)
        if record is not None:
            columns = columns or choose(list(record), place)
            _take(record, columns, row, place, collector)
    has_ids = columns is not None and columns.id is not None
    return collector.finish(has_ids=has_ids, columns=columns.to_json() if columns else None)


def _take(
    record: JSONObject, columns: Columns, row: int, place: Place, collector: Collector
) -> None:
    """Add a record with the chosen members; ids may be text or whole numbers.

    Raises:
        DataError: ``data-broken-row`` and what `Collector.add` refuses, unless it keeps going.
    """
    identifier = derived_id(row) if columns.id is None else record.get(columns.id)
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        identifier = str(identifier)
    document, summary = record.get(columns.document), record.get(columns.summary)
    members = ((columns.id or "id", identifier), (columns.document, document))
    for name, value in (*members, (columns.summary, summary)):
        if not isinstance(value, str):
            what = (
                Sentence("is missing", "缺失")
                if name not in record
                else Sentence("is not text", "不是文本")
            )
            collector.reject(
                "broken-row",
                Sentence(f"the member {name!r} {what}", f"成员 {name!r} {chinese(what)}"),
                place,
            )
            return
    collector.add(Task(str(identifier), str(document), str(summary)), place)


def derived_id(row: int) -> str:
    """The id of record number `row` (from 1) of a file that has no ids."""
    return f"row-{row:06d}"


def choose(names: Sequence[str], place: Place) -> Columns:
    """Choose columns by name, whatever their case and order.

    Raises:
        DataError: ``data-columns`` when document or summary is missing or a name occurs twice.
    """
    by_name: dict[str, str] = {}
    for name in names:
        key = name.strip().lower()
        if key in by_name and key in (*DOCUMENT_NAMES, *SUMMARY_NAMES, *ID_NAMES):
            raise DataError(
                "data-columns",
                Sentence(f"the column {key!r} occurs twice", f"列 {key!r} 出现两次"),
                place,
            )
        by_name[key] = name
    document = _first(by_name, DOCUMENT_NAMES)
    summary = _first(by_name, SUMMARY_NAMES)
    if document is None or summary is None:
        listed = ", ".join(name.strip()[:40] for name in names[:12]) or Sentence("none", "无")
        hint = Sentence(
            "needed: document or dialogue, and summary (or prompt and completion); id is optional",
            "需要：document 或 dialogue，以及 summary（或 prompt 与 completion）；id 可省略",
        )
        raise DataError(
            "data-columns",
            Sentence(f"wrong columns: {listed}", f"列有误：{chinese(listed)}"),
            place,
            hint,
        )
    return Columns(document, summary, _first(by_name, ID_NAMES))


def _first(by_name: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((by_name[name] for name in names if name in by_name), None)
