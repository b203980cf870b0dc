"""JSON over many lines: one array of records, or pretty-printed records one after another."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place
from suite.declare.tasks.formats.columns import read_records, text_bytes
from suite.declare.tasks.formats.record import Candidate, Confidence, Format

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from suite.declare.tasks.records import Collector, Reading

_SPACE = re.compile(r"[ \t\r\n]*")
_BEFORE = re.compile(r"[ \t\r\n]*,?[ \t\r\n]*")


def _sniff(candidate: Candidate) -> Confidence:
    lines = candidate.text.split(b"\n", 1)
    if candidate.text.startswith(b"[") or (lines[0].strip() == b"{" and len(lines) > 1):
        return Confidence.LIKELY
    return Confidence.NO


def _read(path: Path, collector: Collector) -> Reading:
    """Read each record of the array, or of the file; places name the line where it begins.

    Raises:
        DataError: ``data-columns``, ``data-encoding``, ``data-broken-row``, ``data-duplicate-id``,
            ``data-empty-summary``, ``data-empty``.
    """
    source = str(path)
    try:
        text = text_bytes(path, collector).decode("utf-8")
    except UnicodeDecodeError as cause:
        place = Place(source, cause.object.count(b"\n", 0, cause.start) + 1)
        raise DataError(
            "data-encoding",
            Sentence("not UTF-8", "不是 UTF-8"),
            place,
            Sentence("save the file as UTF-8", "请将文件存为 UTF-8"),
        ) from cause
    values = _values(text, source, collector)
    return read_records(
        ((value.encode("utf-8"), Place(source, line)) for line, value in values), collector
    )


def _values(text: str, source: str, collector: Collector) -> Iterator[tuple[int, str]]:
    """The text of each value with its first line; stops where none can be read, for nothing tells where the next begins."""
    decoder = json.JSONDecoder(strict=False)
    at = _behind(_SPACE, text, 0)
    array = text.startswith("[", at)
    at += array
    line, counted = 1, 0
    while True:
        at = _behind(_BEFORE, text, at)
        line, counted = line + text.count("\n", counted, at), at
        if at == len(text) or (array and text.startswith("]", at)):
            break
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as cause:
            message = Sentence(
                f"not JSON, and nothing after it can be read: {cause}",
                f"不是 JSON，其后的内容均无法读取：{cause}",
            )
            collector.reject("broken-row", message, Place(source, line))
            return
        yield line, text[at:end]
        at = end
    if array and (at == len(text) or _behind(_SPACE, text, at + 1) < len(text)):
        collector.reject(
            "broken-row",
            Sentence("the array does not end with the file", "数组没有在文件末尾结束"),
            Place(source, line),
        )


def _behind(blank: re.Pattern[str], text: str, at: int) -> int:
    """Where what begins at a place and may be left out ends."""
    match = blank.match(text, at)
    return at if match is None else match.end()


FORMAT = Format(
    name="JSON file",
    name_zh="JSON 文件",
    description="an array of objects, or pretty-printed objects one after another, with members as in a JSON Lines file",
    description_zh="对象数组，或逐个排版的对象；成员同 JSON Lines 文件",
    suffixes=(".json",),
    sniff=_sniff,
    reader=_read,
)
