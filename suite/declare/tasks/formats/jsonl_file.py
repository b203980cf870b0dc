"""JSON Lines: one record per line, as data-set tools write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.errors import DataError, Place
from suite.declare.tasks.formats.columns import choose, derived_id, text_bytes
from suite.declare.tasks.formats.record import Candidate, Confidence, Format
from suite.declare.tasks.records import Task

if TYPE_CHECKING:
    from pathlib import Path

    from suite.base.jsonio import JSONObject
    from suite.declare.tasks.formats.columns import Columns
    from suite.declare.tasks.records import Collector, Reading


def _sniff(candidate: Candidate) -> Confidence:
    return Confidence.LIKELY if candidate.text.startswith(b"{") else Confidence.NO


def _read(path: Path, collector: Collector) -> Reading:
    """Read one record per line; the first readable line decides which members are taken.

    Ids may be text or whole numbers. Records of a file without ids are called ``row-000001`` and so on.

    Raises:
        DataError: ``data-columns``, ``data-broken-row``, ``data-duplicate-id``,
            ``data-empty-summary``, ``data-empty``, each with the line.
    """
    source = str(path)
    data = text_bytes(path, collector)
    columns: Columns | None = None
    row = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        row += 1
        place = Place(source, number)
        if line.endswith(b"\r"):
            collector.notes["file-crlf-lines"] += 1
        record = _record(line, place, collector)
        if record is None:
            continue
        columns = columns or choose(list(record), place)
        _take(record, columns, row, place, collector)
    has_ids = columns is not None and columns.id is not None
    return collector.finish(has_ids=has_ids, columns=columns.to_json() if columns else None)


def _record(line: bytes, place: Place, collector: Collector) -> JSONObject | None:
    try:
        value = jsonio.loads(line, name=place.file, error=DataError, first_line=place.line or 1)
    except DataError as cause:
        collector.reject("broken-row", cause.message, place)
        return None
    if not isinstance(value, dict):
        collector.reject("broken-row", "the line is not a JSON object", place)
        return None
    return value


def _take(
    record: JSONObject, columns: Columns, row: int, place: Place, collector: Collector
) -> None:
    identifier = derived_id(row) if columns.id is None else record.get(columns.id)
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        identifier = str(identifier)
    document, summary = record.get(columns.document), record.get(columns.summary)
    members = ((columns.id or "id", identifier), (columns.document, document))
    for name, value in (*members, (columns.summary, summary)):
        if not isinstance(value, str):
            what = "is missing" if name not in record else "is not text"
            collector.reject("broken-row", f"the member {name!r} {what}", place)
            return
    collector.add(Task(str(identifier), str(document), str(summary)), place)


FORMAT = Format(
    name="JSON Lines file",
    name_zh="JSON Lines 文件",
    description="one JSON object per line with `document` or `dialogue`, `summary` and, if it has them, `id`",
    description_zh="每行一个 JSON 对象，成员为 `document`（或 `dialogue`）、`summary`，可有 `id`",
    suffixes=(".jsonl",),
    sniff=_sniff,
    reader=_read,
)
