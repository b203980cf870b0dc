"""The canonical task file: a header line, then one record with its digest per line, sorted by id.

Every line is canonical JSON (``schemas/tasks.schema.json``) and ends with a line feed, so that the same
records give the same lines, whatever file they came from.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base import jsonio, schema
from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place, Problem
from suite.declare.tasks.formats.record import Candidate, Confidence, Format
from suite.declare.tasks.records import Task, id_fault, joined_sha256
from suite.documents.codec import convert
from suite.documents.tasks import TaskFileHeader, TaskRecord, TaskSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from suite.base.jsonio import JSONValue
    from suite.declare.tasks.records import Collector, Reading

TASKS_SCHEMA: Final = 1
_MEMBERS = {"id", "document", "summary", "sha256"}


@dataclass(frozen=True, slots=True)
class CanonicalFile:
    """A canonical file whose every digest was recomputed and found right."""

    header: TaskFileHeader
    tasks: tuple[Task, ...]


def canonical_lines(reading: Reading, source_sha256: str | None) -> Iterator[bytes]:
    """The lines of the canonical file of a reading, each with its line feed."""
    tasks = sorted(reading.tasks, key=lambda task: task.id)
    digests = [task.sha256 for task in tasks]
    header = TaskFileHeader(
        tasks_schema=TASKS_SCHEMA,
        records=len(tasks),
        ids_sha256=joined_sha256(task.id for task in tasks),
        records_sha256=joined_sha256(digests),
        source=TaskSource(
            kind=reading.kind,
            sha256=source_sha256,
            has_ids=reading.has_ids,
            notes=reading.notes,
            excluded=reading.excluded,
        ),
    )
    yield jsonio.canonical(header) + b"\n"
    for task, digest in zip(tasks, digests, strict=True):
        record = TaskRecord(id=task.id, document=task.document, summary=task.summary, sha256=digest)
        yield jsonio.canonical(record) + b"\n"


def write_canonical(path: Path, reading: Reading, source_sha256: str | None) -> None:
    """Write the canonical file of a reading; the file appears complete or not at all.

    Args:
        path: where to; its folder must exist.
        reading: what a reader found.
        source_sha256: digest of the source file, None for a folder.

    Raises:
        DataError: ``file-unwritable``.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            with partial.open("wb") as file:
                file.writelines(canonical_lines(reading, source_sha256))
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as cause:
        reason = cause.strerror or str(cause)
        raise DataError(
            "file-unwritable",
            Sentence(f"cannot write: {reason}", f"无法写入：{reason}"),
            Place(str(path)),
        ) from cause


def read_canonical(path: Path, data: bytes) -> CanonicalFile:
    """Read a canonical file and recompute every digest in it.

    Args:
        path: for messages.
        data: the file's bytes.

    Raises:
        DataError: ``tasks-wrong`` with every wrong line (at most 50 are listed), ``schema-violation``
            or ``json-refused`` for the header.
    """
    source = str(path)
    lines = data.split(b"\n")
    header = _header(lines[0], source)
    problems: list[Problem] = []
    if lines[-1]:
        message = Sentence(
            "the file is cut: its last line has no line feed", "文件被截断：最后一行没有换行"
        )
        problems.append(Problem(message, Place(source, len(lines))))
    tasks: list[Task] = []
    digests: list[str] = []
    for number, line in enumerate(lines[1:] if lines[-1] else lines[1:-1], 2):
        place = Place(source, number)
        record = _record(line, place)
        if isinstance(record, Problem):
            problems.append(record)
            continue
        if tasks and record.id <= tasks[-1].id:
            message = Sentence(
                f"the id {record.id!r} is out of order or repeated",
                f"编号 {record.id!r} 次序有误或重复",
            )
            problems.append(Problem(message, place))
        tasks.append(record)
        digests.append(record.sha256)
    if not problems:  # else the totals are wrong for the reasons that are known already
        problems = _totals(header, tasks, digests, source)
    if problems:
        count = Sentence(
            "one finding" if len(problems) == 1 else f"{len(problems)} findings",
            f"{len(problems)} 处",
        )
        message = Sentence(
            f"{source} is not what was written: {count}", f"{source} 与写出时有 {count.zh}不同"
        )
        raise DataError(
            "tasks-wrong",
            message,
            problems[0].place,
            Sentence("convert it again", "请重新转换"),
            problems[:50],
        )
    return CanonicalFile(header, tuple(tasks))


def _header(line: bytes, source: str) -> TaskFileHeader:
    value = jsonio.loads(line, name=source, error=DataError)
    schema.require(value, "tasks", file=source, lines={"": 1}, error=DataError)
    return convert(value, TaskFileHeader, file=source, error=DataError)


def _record(line: bytes, place: Place) -> Task | Problem:
    try:
        value: JSONValue = jsonio.loads(
            line, name=place.file, error=DataError, first_line=place.line or 1
        )
    except DataError as cause:
        return Problem(cause.message, place)
    if not isinstance(value, dict) or set(value) != _MEMBERS:
        return Problem(
            Sentence(
                "the members must be id, document, summary and sha256",
                "成员必须是 id、document、summary 与 sha256",
            ),
            place,
        )
    if not all(isinstance(member, str) for member in value.values()):
        return Problem(Sentence("every member must be text", "每个成员都必须是文本"), place)
    record = convert(value, TaskRecord, file=place.file, error=DataError)
    task = Task(record.id, record.document, record.summary)
    fault = id_fault(task.id)
    if fault:
        return Problem(fault, place)
    if task.sha256 != record.sha256:
        hint = Sentence(
            f"it hashes to {task.sha256[:16]}…, the line says {record.sha256[:16]}…",
            f"其散列为 {task.sha256[:16]}…，该行所载为 {record.sha256[:16]}…",
        )
        return Problem(
            Sentence(f"record {task.id!r} was changed", f"记录 {task.id!r} 被更改过"), place, hint
        )
    return task


def _totals(
    header: TaskFileHeader, tasks: list[Task], digests: list[str], source: str
) -> list[Problem]:
    place = Place(source, 1)
    if header.records != len(tasks):
        return [
            Problem(
                Sentence(
                    f"the header says {header.records} records, found {len(tasks)}",
                    f"文件头称有 {header.records} 条记录，实有 {len(tasks)} 条",
                ),
                place,
            )
        ]
    problems = []
    if header.ids_sha256 != joined_sha256(task.id for task in tasks):
        problems.append(
            Problem(
                Sentence(
                    "the ids are not those of the header's ids_sha256",
                    "编号与文件头的 ids_sha256 不符",
                ),
                place,
            )
        )
    if header.records_sha256 != joined_sha256(digests):
        problems.append(
            Problem(
                Sentence(
                    "the records are not those of the header's records_sha256",
                    "记录与文件头的 records_sha256 不符",
                ),
                place,
            )
        )
    return problems


def _sniff(candidate: Candidate) -> Confidence:
    first_line = candidate.head.partition(b"\n")[0]
    says_so = first_line.startswith(b"{") and b'"tasks_schema"' in first_line
    return Confidence.CERTAIN if says_so else Confidence.NO


def _read(path: Path, collector: Collector) -> Reading:
    """As any other file; notes and exclusions of its source are carried on."""
    file = read_canonical(path, jsonio.read_bytes(path, error=DataError))
    source = file.header.source
    for line, task in enumerate(file.tasks, 2):
        collector.add(task, Place(str(path), line))
    collector.notes.update(source.notes)
    collector.excluded.update(source.excluded)
    return collector.finish(has_ids=source.has_ids)


FORMAT = Format(
    name="canonical file",
    name_zh="规范文件",
    description="what `suite data convert` writes: a header, then one record with its digest per line",
    description_zh="`suite data convert` 的输出：首行为文件头，其后每行一条带摘要的记录",
    suffixes=(".jsonl",),
    sniff=_sniff,
    reader=_read,
)
