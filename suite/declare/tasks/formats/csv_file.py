"""CSV as the Hub, spreadsheets and Spark write it: columns by header name, documents with line breaks and quotes."""

from __future__ import annotations

import csv
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import DataError, Place
from suite.declare.tasks.formats.columns import choose, derived_id, text_bytes
from suite.declare.tasks.formats.record import Candidate, Confidence, Format
from suite.declare.tasks.records import Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from suite.declare.tasks.formats.columns import Columns
    from suite.declare.tasks.records import Collector, Reading


DELIMITERS = (",", ";", "\t", "|")
_EXCEL = b"sep="
_BACKSLASH = b'\\"'


class _Lines:
    """Decoded lines with their ends, so that line breaks inside quotes stay as they are.

    Attributes:
        number: of the line that was given last.
    """

    def __init__(self, data: bytes, source: str) -> None:
        # bytes.splitlines breaks at \n, \r\n and \r alone, which are the ends that csv knows.
        self._lines = data.splitlines(keepends=True)
        self._source = source
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.number == len(self._lines):
            raise StopIteration
        self.number += 1
        return self.text(self.number)

    def text(self, number: int) -> str:
        """The line of a number."""
        try:
            return self._lines[number - 1].decode("utf-8")
        except UnicodeDecodeError as cause:
            place = Place(self._source, number)
            hint = Sentence("save the file as UTF-8", "请将文件存为 UTF-8")
            raise DataError(
                "data-encoding", Sentence("not UTF-8", "不是 UTF-8"), place, hint
            ) from cause

    def since(self, first: int) -> str:
        """The lines from a number to the last given one."""
        return "".join(self.text(number) for number in range(first, self.number + 1))

    def end(self) -> None:
        """Give no more lines."""
        self.number = len(self._lines)


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How the fields of a file are set apart."""

    delimiter: str = ","
    backslash: bool = False

    def reader(self, lines: Iterator[str]) -> Iterator[list[str]]:
        """The rows, by Python's csv."""
        escape = "\\" if self.backslash else None
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            strict=True,
            doublequote=not self.backslash,
            escapechar=escape,
        )

    def is_exact(self, record: str) -> bool:
        """Whether a record is RFC 4180 to the letter: no quote in a field that is not quoted."""
        other = re.escape(self.delimiter)
        field = rf'(?:"(?:[^"]|"")*"|[^"{other}\r\n]*)'
        return re.fullmatch(rf"{field}(?:{other}{field})*(?:\r\n|\r|\n)?", record) is not None


def _sniff(candidate: Candidate) -> Confidence:
    """Any text may be a CSV file: the header decides, and is refused with the names that are needed."""
    header = candidate.text.split(b"\n", 1)[0]
    return Confidence.POSSIBLE if header and b"\x00" not in header else Confidence.NO


def _read(path: Path, collector: Collector) -> Reading:
    """Read RFC 4180 (comma, double quotes; any line end), or what other programs write instead of it.

    Semicolon, tab and bar separate fields where the header shows them; Excel's ``sep=`` line is passed over; quotes
    that are escaped by a backslash are read as such where the file is whole in no other way. All are noted.

    Raises:
        DataError: ``data-columns``, ``data-encoding``, ``data-broken-row``, ``data-duplicate-id``,
            ``data-empty-summary``, ``data-empty``, each with the line where the record begins.
    """
    source = str(path)
    data = text_bytes(path, collector)
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    dialect = _dialect(data, source, collector)
    lines = _Lines(data, source)
    if data.startswith(_EXCEL):
        next(lines)
    at = lines.number + 1
    header = _header(dialect.reader(lines), source, at)
    columns = choose(header, Place(source, at))
    places = _Positions(header, columns)
    for row, (line, fields) in enumerate(_rows(lines, dialect, collector, source), 1):
        if fields is None:
            continue
        place = Place(source, line)
        if len(fields) != len(header):
            message = Sentence(
                f"the row has {len(fields)} fields, the header {len(header)}",
                f"该行有 {len(fields)} 个字段，表头有 {len(header)} 个",
            )
            collector.reject("broken-row", message, place)
            continue
        collector.add(places.task(fields, row), place)
    return collector.finish(has_ids=columns.id is not None, columns=columns.to_json())


def _rows(
    lines: _Lines, dialect: _Dialect, collector: Collector, source: str
) -> Iterator[tuple[int, list[str] | None]]:
    """Rows with the line where each begins; None for what is no CSV record, which is refused whole.

    After a wrong quote, only records that are RFC 4180 to the letter are taken; with a quote left open nothing
    tells where the next record begins, and nothing more is read: a row must never be the rest of another.
    """
    reader = dialect.reader(lines)
    broken = False
    while True:
        first = lines.number + 1
        place = Place(source, first)
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as cause:
            broken = True
            left_open = lines.since(first).count('"') % 2 == 1
            rest = ", and nothing tells where the next record begins" if left_open else ""
            collector.reject(
                "broken-row",
                Sentence(
                    f"not a CSV record{rest}: {cause}", f"不是 CSV 记录{chinese(rest)}：{cause}"
                ),
                place,
            )
            if left_open:
                lines.end()
            yield first, None
            continue
        if not fields:
            collector.notes["blank-lines"] += 1
        elif broken and not dialect.is_exact(lines.since(first)):
            message = Sentence(
                "a quote in a field without quotes, after a record with a wrong quote",
                "在引号有误的记录之后，未加引号的字段中出现引号",
            )
            collector.reject("broken-row", message, place)
            yield first, None
        else:
            yield first, fields


def _dialect(data: bytes, source: str, collector: Collector) -> _Dialect:
    """The dialect in which the header holds the wanted columns, and every row can be read."""
    lines = _Lines(data, source)
    delimiter = ","
    if data.startswith(_EXCEL):
        named = next(lines).rstrip("\r\n")[len(_EXCEL) :]
        delimiter = named if len(named) == 1 and named not in '"\\' else ","
    else:
        # The header's separator is the one that it holds most of, the comma before others.
        delimiter = max(DELIMITERS, key=next(lines, "").count)
    dialect = _Dialect(delimiter)
    if _BACKSLASH in data and not _is_whole(data, source, dialect):
        escaped = _Dialect(delimiter, backslash=True)
        if _is_whole(data, source, escaped):
            dialect = escaped
            collector.notes["csv-backslash-quotes"] = 1
    if delimiter != ",":
        collector.notes[f"csv-separator-{_NAMES.get(delimiter, 'other')}"] = 1
    return dialect


_NAMES = {";": "semicolon", "\t": "tab", "|": "bar"}


def _is_whole(data: bytes, source: str, dialect: _Dialect) -> bool:
    """Whether every row can be read and has as many fields as the first."""
    lines = _Lines(data, source)
    if data.startswith(_EXCEL):
        next(lines)
    widths = set()
    try:
        for fields in dialect.reader(lines):
            widths.add(len(fields))
    except csv.Error:
        return False
    return len(widths - {0}) == 1


def _header(reader: Iterator[list[str]], source: str, line: int) -> list[str]:
    try:
        return next(reader)
    except StopIteration:
        raise DataError(
            "data-empty", Sentence("the CSV file is empty", "CSV 文件为空"), Place(source)
        ) from None
    except csv.Error as cause:
        place = Place(source, line)
        raise DataError(
            "data-columns", Sentence(f"not a CSV header: {cause}", f"不是 CSV 表头：{cause}"), place
        ) from cause


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
    suffixes=(".csv", ".csv.gz", ".tsv"),
    sniff=_sniff,
    reader=_read,
)
