"""A run directory read back: strict, checked against the documents' types, each file read once.

What is refused is refused with the file, the line and the member; the run's other files are untouched.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from suite.base import jsonio
from suite.base.errors import EvidenceError, Place
from suite.documents.basis import Basis
from suite.documents.codec import Lines, convert
from suite.documents.container import ContainerRecord
from suite.documents.document import Document
from suite.documents.enginesample import EngineSample
from suite.documents.environment import Environment
from suite.documents.event import Event, Footer, Header, Mark, Request
from suite.documents.logstamp import LogStamp
from suite.documents.plan import Plan
from suite.documents.provenance import Provenance
from suite.documents.sentences import in_both
from suite.documents.taskline import TaskLine
from suite.documents.telemetry import TelemetrySample
from suite.evidence.files import RunFiles
from suite.evidence.growth import Beginnings, Grown
from suite.evidence.manifest import (
    BASIS,
    CONTAINER,
    ENGINE_METRICS,
    MANIFEST,
    PROVENANCE,
    STAMPS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from suite.base.jsonio import JSONValue

MAX_LINE_BYTES = 64 << 20
"""Longest line that is parsed: the client keeps no answer as long as that."""


D = TypeVar("D", bound=Document)


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Evidence:
    """One run, read and checked; equal to itself alone.

    Attributes:
        directory: where it lies.
        footer: None when the log was cut before its end.
        manifest_sha256: digest of ``manifest.json``, the subject of the signature; None without one.
        provenance: of converted weights; None where none were.
        basis: what the plan was made from; None where the run did not keep it.
        container: what the Docker engine said of it; None where none ran, or nothing was kept.
        growth: digests of the log that were taken during the run, in their order.
    """

    directory: Path
    plan: Plan
    environment: Environment
    header: Header
    marks: tuple[Mark, ...]
    requests: tuple[Request, ...]
    footer: Footer | None
    tasks: Mapping[str, TaskLine]
    telemetry: tuple[TelemetrySample, ...]
    manifest_sha256: str | None
    provenance: Provenance | None = None
    engine_metrics: tuple[EngineSample, ...] = ()
    basis: Basis | None = None
    container: ContainerRecord | None = None
    growth: tuple[Grown, ...] = ()


def read(directory: Path, files: RunFiles | None = None) -> Evidence:
    """Read a run directory.

    Args:
        directory: where it lies.
        files: its files, where some have been hashed already; their bytes are not read again.

    Raises:
        EvidenceError: ``file-unreadable``, ``json-refused``, ``schema-violation``, ``line-cut``,
            ``line-wrong``, ``header-misplaced``, ``after-footer``, ``request-twice``, ``events-empty``,
            ``plan-mismatch``, ``tasks-empty``, each with its place; ``run-missing``.
    """
    if not directory.is_dir():
        raise EvidenceError("run-missing", f"there is no run directory {directory}")
    files = files or RunFiles(directory)
    plan_json = _json(files, "plan.json")
    plan = convert(plan_json, Plan, file=str(directory / "plan.json"))
    environment = convert(
        _json(files, "environment.json"),
        Environment,
        file=str(directory / "environment.json"),
    )
    beginnings = Beginnings(_sidelines(files, STAMPS, LogStamp))
    log = _events(files, beginnings)
    if log.header.plan_sha256 != jsonio.digest(plan_json):
        raise EvidenceError(
            "plan-mismatch",
            "plan.json is not the plan that the event log was made under",
            Place(str(directory / "plan.json")),
        )
    tasks_path = directory / "tasks.jsonl"
    tasks: dict[str, TaskLine] = {
        line.id: line for _, line in _lines(files, "tasks.jsonl", TaskLine)
    }
    if not tasks:
        raise EvidenceError("tasks-empty", "tasks.jsonl holds no task", Place(str(tasks_path)))
    telemetry = _lines(files, "telemetry.jsonl", TelemetrySample)
    basis = _occasional(files, BASIS, Basis)
    return Evidence(
        directory=directory,
        plan=in_both(plan),
        environment=in_both(environment),
        header=log.header,
        marks=tuple(log.marks),
        requests=tuple(log.requests),
        footer=log.footer,
        tasks=tasks,
        telemetry=tuple(sample for _, sample in telemetry),
        manifest_sha256=_manifest_sha256(files),
        provenance=_occasional(files, PROVENANCE, Provenance),
        basis=None if basis is None else in_both(basis),
        container=_occasional(files, CONTAINER, ContainerRecord),
        engine_metrics=_sidelines(files, ENGINE_METRICS, EngineSample),
        growth=beginnings.grown(),
    )


def _sidelines(files: RunFiles, name: str, kind: type[D]) -> tuple[D, ...]:
    """The lines of a file that not every run leaves."""
    if not files.holds(name):
        return ()
    return tuple(line for _, line in _lines(files, name, kind))


def _occasional(files: RunFiles, name: str, kind: type[D]) -> D | None:
    """A document that not every run leaves."""
    if not files.holds(name):
        return None
    return convert(_json(files, name), kind, file=str(files.directory / name))


def _json(files: RunFiles, name: str) -> JSONValue:
    path = str(files.directory / name)
    return jsonio.loads(files.content(name), name=path, error=EvidenceError)


def _manifest_sha256(files: RunFiles) -> str | None:
    try:
        return files.digest(MANIFEST).sha256
    except FileNotFoundError:
        return None
    except OSError as cause:
        place = Place(str(files.directory / MANIFEST))
        message = f"cannot read: {cause.strerror or cause}"
        raise EvidenceError("file-unreadable", message, place) from cause


@dataclass(slots=True)
class _Log:
    header: Header
    marks: list[Mark]
    requests: list[Request]
    footer: Footer | None


def _lines(
    files: RunFiles, name: str, kind: object, each: Callable[[bytes, Any], None] | None = None
) -> Iterator[tuple[int, Any]]:  # of the kind
    """Yield (line number, document) of a JSON Lines file; an unfinished last line is refused.

    Args:
        files: of the run.
        name: of the file.
        kind: of its documents.
        each: told of every line, its line feed included, and of what it holds.
    """
    path = files.directory / name
    data = files.content(name)
    if data and not data.endswith(b"\n"):
        raise EvidenceError(
            "line-cut",
            f"{path.name} ends in the middle of a line",
            Place(str(path), data.count(b"\n") + 1),
            "the file was cut; the run's other files are untouched",
        )
    reader = Lines(kind, file=str(path))
    # Line by line, so that a large file is held once and not twice.
    for number, row in enumerate(io.BytesIO(data), 1):
        if len(row) > MAX_LINE_BYTES:
            message = f"a line of {len(row):,} bytes; at most {MAX_LINE_BYTES:,} are read"
            raise EvidenceError("line-wrong", message, Place(str(path), number))
        document = reader.read(row[:-1], number)
        if each is not None:
            each(row, document)
        yield number, document


def _events(files: RunFiles, beginnings: Beginnings) -> _Log:
    path = files.directory / "events.jsonl"
    log: _Log | None = None
    seen: set[tuple[str, int, int, bool]] = set()
    event: Event
    for number, event in _lines(files, "events.jsonl", Event, beginnings.add):
        place = Place(str(path), number)
        if log is None and isinstance(event, Header):
            log = _Log(event, [], [], None)
            continue
        if log is None or isinstance(event, Header):
            raise EvidenceError(
                "header-misplaced", "the first line, and only it, is the header", place
            )
        if log.footer is not None:
            raise EvidenceError("after-footer", "an event after the footer", place)
        match event:
            case Mark():
                log.marks.append(event)
            case Request():
                key = (event.phase, event.repeat, event.index, event.measured)
                if key in seen:
                    message = f"request {event.index} of {event.phase} occurs twice"
                    raise EvidenceError("request-twice", message, place)
                seen.add(key)
                log.requests.append(event)
            case Footer():
                log.footer = event
    if log is None:
        raise EvidenceError("events-empty", "events.jsonl is empty", Place(str(path)))
    return log
