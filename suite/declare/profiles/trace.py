"""Traces of real or made traffic: when requests came, and how long prompts and answers were.

Four forms, told apart by name and header:

- ``*.jsonl``, as Mooncake publishes them: one object per line with ``timestamp`` (milliseconds),
  ``input_length`` and ``output_length`` (tokens); other members mean nothing here.
- ``*.csv`` with the header ``TIMESTAMP,ContextTokens,GeneratedTokens``, as Azure publishes its LLM
  inference traces; the time is ``YYYY-MM-DD HH:MM:SS`` with up to nine decimals, UTC where it says nothing.
- ``*.csv`` with the header ``seconds`` or ``seconds,input_tokens,output_tokens``.
- ``*.trace.json``, the Chrome trace of an earlier run (``suite export RUN --trace``): when its measured requests were sent,
  and their tokens where all were counted.

Times must never decrease. What counts is the time since the first request.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHROME_SUFFIX: Final = ".trace.json"
MOST_RECORDS: Final = 1_000_000
MOST_TOKENS: Final = 10_000_000
MAX_TRACE_BYTES: Final = 256 << 20
_LISTED: Final = 20
_SECOND_NS: Final = 1_000_000_000
_AZURE: Final = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"]
_PLAIN: Final = ["seconds", "input_tokens", "output_tokens"]
_INTEGER: Final = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z")
_SECONDS: Final = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,9})?\Z")
_MOMENT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})?\Z", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace that was read.

    Attributes:
        name: the file's name.
        sha256: of the file.
        arrivals_ns: nanoseconds since the first request, never decreasing; the first is 0.
        lengths: (prompt, answer) in tokens of each request, or None when the file has none.
    """

    name: str
    sha256: str
    arrivals_ns: tuple[int, ...]
    lengths: tuple[tuple[int, int], ...] | None

    def times(self, count: int, speed: float) -> list[int]:
        """When each of the first `count` requests should be sent, nanoseconds, to the microsecond."""
        return [round(moment / speed / 1000) * 1000 for moment in self.arrivals_ns[:count]]

    def rate(self, count: int, speed: float) -> float:
        """Mean rate of the first `count` requests, per second: their number by the time of the last."""
        return round(count / (self.arrivals_ns[count - 1] / _SECOND_NS / speed), 6)


class _Record(NamedTuple):
    place: Place
    moment_ns: int
    lengths: tuple[int, int] | None


_Row = _Record | Problem


def read_trace(path: Path, *, below: Path | None = None) -> Trace:
    """Read a trace file; `below`: the folder of the profile that names it.

    Raises:
        DataError: ``trace-wrong`` with every wrong line (at most 20 are listed); what reading refuses.
    """
    data = jsonio.read_bytes(path, error=DataError, limit=MAX_TRACE_BYTES, below=below)
    source = str(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise _wrong(source, Sentence("the file is not UTF-8", "文件不是 UTF-8")) from cause
    if path.name.endswith(CHROME_SUFFIX):
        rows = _chrome(data, source)
    elif path.suffix == ".jsonl":
        rows = _mooncake(text, source)
    elif path.suffix == ".csv":
        rows = _table(text, source)
    else:
        raise _wrong(
            source,
            Sentence(
                f"the name ends neither with .jsonl nor .csv nor {CHROME_SUFFIX}",
                f"文件名不以 .jsonl、.csv 或 {CHROME_SUFFIX} 结尾",
            ),
        )
    records = _ordered(rows, source)
    start = records[0].moment_ns
    lengths = [record.lengths for record in records if record.lengths is not None]
    if len(lengths) < len(records):  # a request of a run may have failed, or been counted by nobody
        lengths = []
    return Trace(
        name=path.name,
        sha256=jsonio.sha256_hex(data),
        arrivals_ns=tuple(record.moment_ns - start for record in records),
        lengths=tuple(lengths) if lengths else None,
    )


def _wrong(source: str, message: str, problems: list[Problem] | None = None) -> DataError:
    reasons = problems or []
    place = reasons[0].place if reasons else Place(source)
    hint = Sentence("docs/scenarios.md describes the four forms", "docs/scenarios.md 说明四种形式")
    return DataError("trace-wrong", message, place, hint, reasons[:_LISTED])


def _ordered(rows: Iterator[_Row], source: str) -> list[_Record]:
    records: list[_Record] = []
    problems: list[Problem] = []
    for row in rows:
        if isinstance(row, Problem):
            problems.append(row)
        elif records and row.moment_ns < records[-1].moment_ns:
            problems.append(
                Problem(Sentence("earlier than the line before", "早于上一行"), row.place)
            )
        else:
            records.append(row)
        if len(records) > MOST_RECORDS:
            raise _wrong(
                source,
                Sentence(f"more than {MOST_RECORDS:,} requests", f"多于 {MOST_RECORDS:,} 个请求"),
            )
    if problems:
        count = Sentence(
            "one line is" if len(problems) == 1 else f"{len(problems)} lines are",
            f"{len(problems)}",
        )
        raise _wrong(
            source,
            Sentence(f"{count} no request of a trace", f"轨迹中有 {count.zh} 行不是请求"),
            problems,
        )
    if len(records) < 2 or records[0].moment_ns == records[-1].moment_ns:
        raise _wrong(
            source,
            Sentence(
                "a trace needs requests at two moments at least", "轨迹至少需要两个时刻的请求"
            ),
        )
    return records


def _tokens(value: object) -> int | None:
    """A number of tokens, or None when it is none."""
    if isinstance(value, str):
        value = int(value) if _INTEGER.match(value) else None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_TOKENS:
        return None
    return value


def _chrome(data: bytes, source: str) -> Iterator[_Row]:
    """The measured requests of a run's Chrome trace; its other spans, marks and counters are passed over."""
    value = jsonio.loads(data, name=source, error=DataError)
    events = value.get("traceEvents") if isinstance(value, dict) else None
    if not isinstance(events, list):
        message = Sentence("the file is no Chrome trace", "文件不是 Chrome 轨迹")
        raise _wrong(source, message)
    for index, item in enumerate(events):
        event = item if isinstance(item, dict) else {}
        known = event.get("args")
        if not isinstance(known, dict) or "task" not in known or known.get("measured") is not True:
            continue
        place = Place(source, None, f"/traceEvents/{index}")
        moment = event.get("ts")
        if (
            isinstance(moment, bool)
            or not isinstance(moment, (int, float))
            or not 0 <= moment <= 1e15
        ):
            yield Problem(Sentence("ts must be microseconds", "ts 必须以微秒计"), place)
            continue
        prompt, answer = _tokens(known.get("prompt_tokens")), _tokens(known.get("generated_tokens"))
        lengths = None if prompt is None or answer is None else (prompt, answer)
        yield _Record(place, round(moment * 1000), lengths)


def _mooncake(text: str, source: str) -> Iterator[_Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _mooncake_row(line, Place(source, number))


def _mooncake_row(line: str, place: Place) -> _Row:
    try:
        value = jsonio.loads(
            line.encode("utf-8"), name=place.file, error=DataError, first_line=place.line or 1
        )
    except DataError as cause:
        return Problem(cause.message, place)
    if not isinstance(value, dict):
        return Problem(Sentence("the line is no JSON object", "该行不是 JSON 对象"), place)
    moment = value.get("timestamp")
    if isinstance(moment, bool) or not isinstance(moment, (int, float)) or not 0 <= moment <= 1e12:
        return Problem(Sentence("timestamp must be milliseconds", "timestamp 必须以毫秒计"), place)
    pair = (_tokens(value.get("input_length")), _tokens(value.get("output_length")))
    if pair[0] is None or pair[1] is None:
        return Problem(
            Sentence(
                "input_length and output_length must be numbers of tokens",
                "input_length 与 output_length 必须是 token 数",
            ),
            place,
        )
    return _Record(place, round(moment * 1_000_000), (pair[0], pair[1]))


def _table(text: str, source: str) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as cause:
        raise _wrong(
            source, Sentence(f"no CSV header: {cause}", f"没有 CSV 表头：{cause}")
        ) from cause
    if header == _AZURE:
        time_of: Callable[[str], int | None] = _moment
    elif header in (_PLAIN, _PLAIN[:1]):
        time_of = _seconds
    else:
        message = Sentence(
            f"the header is neither {','.join(_AZURE)} nor {','.join(_PLAIN)}",
            f"表头既不是 {','.join(_AZURE)}，也不是 {','.join(_PLAIN)}",
        )
        raise _wrong(source, message)
    while True:
        place = Place(source, reader.line_num + 1)
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as cause:
            yield Problem(Sentence(f"not a CSV record: {cause}", f"不是 CSV 记录：{cause}"), place)
            continue
        if fields:
            yield _table_row([field.strip() for field in fields], len(header), time_of, place)


def _table_row(
    fields: list[str], columns: int, time_of: Callable[[str], int | None], place: Place
) -> _Row:
    if len(fields) != columns:
        return Problem(
            Sentence(
                f"{len(fields)} fields, the header has {columns}",
                f"有 {len(fields)} 个字段，表头有 {columns} 个",
            ),
            place,
        )
    moment = time_of(fields[0])
    if moment is None:
        return Problem(
            Sentence(f"{fields[0]!r} is no time of this form", f"{fields[0]!r} 不是此形式的时刻"),
            place,
        )
    if columns == 1:
        return _Record(place, moment, None)
    pair = (_tokens(fields[1]), _tokens(fields[2]))
    if pair[0] is None or pair[1] is None:
        return Problem(
            Sentence("the lengths must be numbers of tokens", "长度必须是 token 数"), place
        )
    return _Record(place, moment, (pair[0], pair[1]))


def _seconds(text: str) -> int | None:
    return int(Decimal(text) * _SECOND_NS) if _SECONDS.match(text) else None


def _moment(text: str) -> int | None:
    """Nanoseconds since 1970; the decimals are kept, which `datetime` would cut to six."""
    match = _MOMENT.match(text)
    if match is None:
        return None
    day, clock, decimals, zone = match.groups()
    offset = "+00:00" if zone in (None, "Z") else zone
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return int(moment.timestamp()) * _SECOND_NS + int((decimals or "").ljust(9, "0"))
