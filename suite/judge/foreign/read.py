"""A file of another tool into a document that says what it is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, Place, Problem, SuiteError, UsageError, choices
from suite.base.visible import visible
from suite.documents.codec import convert
from suite.documents.foreign import FOREIGN_SCHEMA, ForeignLoad, ForeignNumber, ForeignResult
from suite.documents.value import stored
from suite.judge.foreign.table import CutRowError
from suite.judge.foreign.tools import TOOLS, at, first, number, scaled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from msgspec import UnsetType

    from suite.judge.foreign.tools import Members, Record, Tool

MAX_BYTES: Final = 512 << 20
MOST_LOADS: Final = 10_000


def read(path: Path, tool: str | None = None) -> ForeignResult:
    """Read a result of another tool, or what an earlier import has written of it.

    Args:
        path: the file.
        tool: which tool's it is; None tells by what the file holds.

    Raises:
        UsageError: ``tool-unknown``.
        EvidenceError: ``file-unreadable``; ``foreign-unknown`` where it is no result of these tools, or holds no number;
            ``foreign-cut`` for a table that ends in the middle of a row.
    """
    if tool is not None and tool not in TOOLS:
        raise UsageError(
            "tool-unknown",
            Sentence(f"results of {tool!r} are not read", f"不读取 {tool!r} 的结果"),
            hint=choices(tool, TOOLS),
        )
    data = jsonio.read_bytes(path, error=EvidenceError, limit=MAX_BYTES)
    value = _value(data, path)
    if isinstance(value, dict) and "foreign_schema" in value:
        return convert(value, ForeignResult, file=str(path))
    asked = [TOOLS[tool]] if tool else list(TOOLS.values())
    for candidate in asked:
        held = _candidates(candidate, value, path)
        records = [record for record in held if not candidate.lacking(record)][:MOST_LOADS]
        results = [_load(candidate, record) for record in records]
        loads = [load for load, _ in results if load is not None]
        if loads:
            return ForeignResult(
                foreign_schema=FOREIGN_SCHEMA,
                tool=candidate.id,
                title=candidate.title,
                file=visible(path.name)[:1000],
                sha256=jsonio.sha256_hex(data),
                standing="foreign",
                note=candidate.note,
                left_out=sum(count for _, count in results),
                loads=tuple(loads),
            )
    message = Sentence("is no result of a tool that is read", "不是可读取的工具结果")
    lacking = [
        Problem(sentence)
        for each in asked
        for sentence in _lacking(each, _candidates(each, value, path), named=tool is not None)
    ]
    hint = Sentence(f"known are {', '.join(TOOLS)}", f"已知的有 {', '.join(TOOLS)}")
    raise EvidenceError("foreign-unknown", message, Place(str(path)), hint=hint, problems=lacking)


def _candidates(tool: Tool, value: object, path: Path) -> list[Record]:
    try:
        return tool.candidates(value)
    except CutRowError as cause:
        message = Sentence(
            "a row has more or fewer cells than the header: the file was cut or changed",
            "有一行的单元格数与表头不同：文件被截断或更改",
        )
        raise EvidenceError("foreign-cut", message, Place(str(path), cause.args[0])) from cause


def _lacking(tool: Tool, records: list[Record], *, named: bool) -> Iterator[str]:
    """What the first record that is near to a tool's, or any of a tool that was named, has not; or that it holds no number."""
    near = next((record for record in records if named or tool.near(record)), None)
    if near is None:
        return
    names = ", ".join("/".join(path) for path in tool.lacking(near))
    if names:
        yield Sentence(
            f"for {tool.title} it lacks {names}", f"作为 {tool.title} 的结果，缺少 {names}"
        )
    else:
        yield Sentence(
            f"for {tool.title} it holds no number that can be read",
            f"作为 {tool.title} 的结果，没有可读取的数值",
        )


def _value(data: bytes, path: Path) -> Any:  # noqa: ANN401 - whatever JSON holds
    """JSON; the objects of JSON Lines as a list; anything else as text."""
    try:
        return jsonio.loads(data, name=str(path), error=EvidenceError, foreign=True)
    except SuiteError:
        pass
    lines = [line for line in data.splitlines() if line.strip()]
    try:
        return [
            jsonio.loads(line, name=str(path), error=EvidenceError, foreign=True) for line in lines
        ]
    except SuiteError:
        return data.decode("utf-8-sig", "replace")


def _text(record: Record, paths: Sequence[Members]) -> str:
    value = first(record, paths)
    return visible(value)[:200] if isinstance(value, str) else ""


def _positive(record: Record, paths: Sequence[Members]) -> float | UnsetType:
    value = number(first(record, paths))
    return stored(value) if value is not None and value >= 0 else UNSET


def _load(tool: Tool, record: Record) -> tuple[ForeignLoad | None, int]:
    """A load, and how many of its numbers are none: a latency of 0, which nothing has, too."""
    numbers: list[ForeignNumber] = []
    wrong = 0
    for place in tool.places:
        held = at(record, place.path)
        if held is None or any(known.quantity == place.quantity for known in numbers):
            continue
        plain = number(held)
        value = None if plain is None else scaled(place, record, plain)
        if value is None or (value == 0 and place.unit == "ms"):
            wrong += 1
            continue
        numbers.append(
            ForeignNumber(
                quantity=place.quantity,
                name="/".join(place.path),
                value=stored(value),
                unit=place.unit,
            )
        )
    if not numbers:
        return None, wrong
    load = ForeignLoad(
        name=_text(record, tool.name),
        model=_text(record, tool.model),
        concurrency=_positive(record, tool.concurrency),
        rate=_positive(record, tool.rate),
        numbers=tuple(numbers),
    )
    return load, wrong
