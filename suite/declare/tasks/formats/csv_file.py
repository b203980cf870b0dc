"""CSV as the Hub serves XSum: columns by header name, documents with line breaks, commas and quotes."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING

from suite.base.errors import DataError, Place
from suite.declare.tasks.formats.columns import choose, derived_id, text_bytes
from suite.declare.tasks.formats.record import Candidate, Confidence, Format
from suite.declare.tasks.records import Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from suite.declare.tasks.formats.columns import Columns
    from suite.declare.tasks.records import Collector, Reading


class _Lines:
    """Decoded lines with their ends, so that line breaks inside quotes stay as they are."""

    def __init__(self, data: bytes, source: str) -> None:
        self._lines = data.splitlines(keepends=True)
        self._source = source

    def __iter__(self) -> Iterator[str]:
        # bytes.splitlines breaks at \n, \r\n and \r alone, which are the ends that csv knows.
        for number, line in enumerate(self._lines, 1):
            try:
                yield line.decode("utf-8")
            except UnicodeDecodeError as cause:
                place = Place(self._source, number)
                hint = "save the file as UTF-8"
                raise DataError("data-encoding", "not UTF-8", place, hint) from cause


def _sniff(candidate: Candidate) -> Confidence:
    """Any text may be a CSV file: the header decides, and is refused with the names that are needed."""
    is_text = bool(candidate.text) and b"\x00" not in candidate.text
    return Confidence.POSSIBLE if is_text else Confidence.NO


def _read(path: Path, collector: Collector) -> Reading:
    """Read RFC 4180 (comma, double quotes; any line end).

    Raises:
        DataError: ``data-columns``, ``data-encoding``, ``data-broken-row``, ``data-duplicate-id``,
            ``data-empty-summary``, ``data-empty``, each with the line where the record ends.
    """
    source = str(path)
    data = text_bytes(path, collector)
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    reader = csv.reader(iter(_Lines(data, source)), strict=True)
    header = _header(reader, source)
    columns = choose(header, Place(source, 1))
    places = _Positions(header, columns)
    row = 0
    while True:
        place = Place(source, reader.line_num + 1)
        try:
            fields = next(reader)
        except StopIteration:
            break
        except csv.Error as cause:
            row += 1
            collector.reject("broken-row", f"not a CSV record: {cause}", place)
            continue
        if not fields:
            collector.notes["blank-lines"] += 1
            continue
        row += 1
        if len(fields) != len(header):
            message = f"the row has {len(fields)} fields, the header {len(header)}"
            collector.reject("broken-row", message, place)
            continue
        collector.add(places.task(fields, row), place)
    return collector.finish(has_ids=columns.id is not None, columns=columns.to_json())


def _header(reader: Iterator[list[str]], source: str) -> list[str]:
    try:
        return next(reader)
    except StopIteration:
        raise DataError("data-empty", "the CSV file is empty", Place(source)) from None
    except csv.Error as cause:
        place = Place(source, 1)
        raise DataError("data-columns", f"not a CSV header: {cause}", place) from cause


class _Positions:
    def __init__(self, header: list[str], columns: Columns) -> None:
        self._document = header.index(columns.document)
        self._summary = header.index(columns.summary)
        self._id = None if columns.id is None else header.index(columns.id)

    def task(self, fields: list[str], row: int) -> Task:
        identifier = derived_id(row) if self._id is None else fields[self._id]
        return Task(identifier, fields[self._document], fields[self._summary])


FORMAT = Format(
    name="CSV file",
    name_zh="CSV 文件",
    description="columns `document` or `dialogue`, `summary` and, if it has them, `id`, in any order and case",
    description_zh="列 `document`（或 `dialogue`）、`summary`，可有 `id`，顺序和大小写不限",
    suffixes=(".csv",),
    sniff=_sniff,
    reader=_read,
)
