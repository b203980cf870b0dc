"""ShareGPT: conversations as JSON, an array or one a line; the first question and the first answer of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place
from suite.declare.tasks.formats.columns import derived_id, read_record, text_bytes
from suite.declare.tasks.formats.record import Candidate, Confidence, Format
from suite.declare.tasks.records import Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from suite.base.jsonio import JSONObject, JSONValue
    from suite.declare.tasks.records import Collector, Reading

_MEMBERS: Final = ("conversations", "conversation", "messages")
_ASKS: Final = ("human", "user")
_ANSWERS: Final = ("gpt", "chatgpt", "bing", "bard", "assistant", "model")
_TELLS: Final = ("system", "developer")
_SHORT: Final = "no-first-exchange"


def _sniff(candidate: Candidate) -> Confidence:
    text = candidate.text
    has_member = any(f'"{member}"'.encode() in text for member in _MEMBERS)
    return Confidence.CERTAIN if has_member and text[:1] in (b"[", b"{") else Confidence.NO


def _read(path: Path, collector: Collector) -> Reading:
    """Read each conversation; one that does not begin with a question and its answer is counted and left out.

    Ids of a file may occur twice, as the parts of a split conversation do: then the place in the file is the id.

    Raises:
        DataError: ``data-encoding``, ``data-broken-row``, ``data-empty``.
    """
    source = str(path)
    data = text_bytes(path, collector)
    ids: set[str] = set()
    for row, (place, record) in enumerate(_records(data, source, collector), 1):
        exchange = _exchange(record)
        if exchange is None:
            collector.notes[_SHORT] += 1
            continue
        identifier = record.get("id")
        name = str(identifier) if isinstance(identifier, str | int) else derived_id(row)
        if not name or name in ids:
            name = derived_id(row)
        ids.add(name)
        collector.add(Task(name, *exchange), place)
    return collector.finish(has_ids=False, columns=None)


def _records(data: bytes, source: str, collector: Collector) -> Iterator[tuple[Place, JSONObject]]:
    if data.lstrip()[:1] == b"{":
        for number, line in enumerate(data.split(b"\n"), 1):
            record = read_record(line, Place(source, number), collector) if line.strip() else None
            if record is not None:
                yield Place(source, number), record
        return
    try:
        # By the standard reader: these files have surrogates and members of any depth, and nothing of them is signed.
        rows = json.loads(data)
    except (ValueError, RecursionError) as cause:
        raise DataError(
            "data-broken-row", Sentence(f"not JSON: {cause}", f"不是 JSON：{cause}"), Place(source)
        ) from cause
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            yield Place(source), row


def _exchange(record: JSONObject) -> tuple[str, str] | None:
    """The first question and its answer."""
    turns = next((record[member] for member in _MEMBERS if member in record), None)
    opening = [_turn(turn) for turn in turns[:3]] if isinstance(turns, list) else []
    if opening and opening[0] is not None and opening[0][0] in _TELLS:
        opening = opening[1:]
    if len(opening) < 2 or opening[0] is None or opening[1] is None:
        return None
    (asks, question), (answers, answer) = opening[0], opening[1]
    if asks not in _ASKS or answers not in _ANSWERS or not question.strip() or not answer.strip():
        return None
    return _sound(question), _sound(answer)


def _turn(turn: JSONValue) -> tuple[str, str] | None:
    if not isinstance(turn, dict):
        return None
    who, text = turn.get("from", turn.get("role")), turn.get("value", turn.get("content"))
    if isinstance(text, list):  # parts, of which an image is none that can be asked
        parts = [part.get("text") if isinstance(part, dict) else None for part in text]
        text = (
            "".join(map(str, parts)) if parts and all(isinstance(p, str) for p in parts) else None
        )
    return (who, text) if isinstance(who, str) and isinstance(text, str) else None


def _sound(text: str) -> str:
    """The text without halves of characters, which no request can carry."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


FORMAT = Format(
    name="ShareGPT file",
    name_zh="ShareGPT 文件",
    description="conversations as a JSON array or one a line (`conversations` of `from` and `value`, or `messages`); the first question and answer of each",
    description_zh="对话的 JSON 数组，或每行一个（`conversations` 含 `from` 与 `value`，或 `messages`）；取每个对话的首个提问与回答",
    suffixes=(".json", ".jsonl", ".json.gz", ".jsonl.gz"),
    sniff=_sniff,
    reader=_read,
)
