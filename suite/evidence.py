"""The hinge between measuring and judging: what a run leaves, written and read. Nothing derived is stored.

A run directory holds ``plan.json``, ``environment.json``, ``events.jsonl``, ``tasks.jsonl``,
``telemetry.jsonl`` and ``engine.log``, and what conversion and image building logged; ``manifest.json``
lists each with its size and SHA-256. Events are appended and flushed as they happen, so that a killed run keeps what it measured.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from suite.base import jsonio, schema
from suite.base.errors import EvidenceError, Place, SetupError
from suite.documents.event import EVENT_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from suite.base.jsonio import JSONObject
    from suite.documents.event import Footer, Header, Mark, Request
    from suite.documents.plan import Plan
    from suite.documents.taskline import TaskLine
    from suite.documents.telemetry import TelemetrySample


EVIDENCE_FILES = (
    "engine.log",
    "environment.json",
    "events.jsonl",
    "plan.json",
    "tasks.jsonl",
    "telemetry.jsonl",
)
"""The files that every run leaves and every manifest lists."""

OCCASIONAL_FILES = ("conversion.log", "image-build.log", "provenance.json")
"""Files that a run leaves when it converted weights or built an image; listed where they exist."""

MANIFEST = "manifest.json"

BALLAST = ".space-for-the-end"
"""Written first and removed last, so that a disk that fills up still takes the run's last words."""
BALLAST_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Evidence:
    """One run, read and checked against the schemas.

    Attributes:
        directory: where it lies.
        footer: None when the log was cut before its end.
        manifest_sha256: digest of ``manifest.json``, the subject of the signature; None without one.
    """

    directory: Path
    plan: Plan
    environment: JSONObject
    header: Header
    marks: tuple[Mark, ...]
    requests: tuple[Request, ...]
    footer: Footer | None
    tasks: Mapping[str, TaskLine]
    telemetry: tuple[TelemetrySample, ...]
    manifest_sha256: str | None


def _lines(path: Path, name: str) -> Iterator[tuple[int, JSONObject]]:
    """Yield (line number, object) of a JSON Lines file; an unfinished last line is refused."""
    data = jsonio.read_bytes(path, error=EvidenceError)
    rows = data.split(b"\n")
    tail = rows.pop()
    if tail:
        raise EvidenceError(
            "line-cut",
            f"{name} ends in the middle of a line",
            Place(str(path), len(rows) + 1),
            "the file was cut; the run's other files are untouched",
        )
    for number, row in enumerate(rows, 1):
        value = jsonio.loads(row, name=str(path), error=EvidenceError, first_line=number)
        if not isinstance(value, dict):
            raise EvidenceError("line-wrong", "not an object", Place(str(path), number))
        yield number, value


def _checked_lines(path: Path, name: str, schema_name: str) -> Iterator[tuple[int, JSONObject]]:
    for number, value in _lines(path, name):
        found = schema.problems(value, schema_name, file=str(path))
        if found:
            first = found[0]
            pointer = first.place.pointer if first.place else None
            raise EvidenceError(
                "schema-violation",
                f"{name} line {number}: {first.message}",
                Place(str(path), number, pointer),
                first.hint,
            )
        yield number, value


def _events(path: Path) -> tuple[list[JSONObject], JSONObject | None]:
    events: list[JSONObject] = []
    footer: JSONObject | None = None
    seen: set[tuple[object, ...]] = set()
    for number, event in _checked_lines(path, "events.jsonl", "event"):
        if (number == 1) != (event["type"] == "header"):
            message = "the first line, and only it, is the header"
            raise EvidenceError("header-misplaced", message, Place(str(path), number))
        if footer is not None:
            raise EvidenceError(
                "after-footer", "an event after the footer", Place(str(path), number)
            )
        if event["type"] == "footer":
            footer = event
            continue
        if event["type"] == "request":
            key = (event["phase"], event["repeat"], event["index"], event["measured"])
            if key in seen:
                message = f"request {event['index']} of {event['phase']} occurs twice"
                raise EvidenceError("request-twice", message, Place(str(path), number))
            seen.add(key)
        events.append(event)
    if not events:
        raise EvidenceError("events-empty", "events.jsonl is empty", Place(str(path)))
    return events, footer


def read(directory: Path) -> Evidence:
    """Read a run directory.

    Raises:
        EvidenceError: ``file-unreadable``, ``json-refused``, ``schema-violation``, ``line-cut``,
            ``header-misplaced``, ``after-footer``, ``request-twice``, ``plan-mismatch``, ``tasks-empty``, each with its place.
    """
    if not directory.is_dir():
        raise EvidenceError("run-missing", f"there is no run directory {directory}")
    plan = jsonio.load(directory / "plan.json", error=EvidenceError)
    schema.require(plan, "plan", file=str(directory / "plan.json"), error=EvidenceError)
    environment = jsonio.load(directory / "environment.json", error=EvidenceError)
    schema.require(
        environment, "environment", file=str(directory / "environment.json"), error=EvidenceError
    )
    events, footer = _events(directory / "events.jsonl")
    header = events[0]
    if header["plan_sha256"] != jsonio.digest(plan):
        raise EvidenceError(
            "plan-mismatch",
            "plan.json is not the plan that the event log was made under",
            Place(str(directory / "plan.json")),
        )
    tasks = {
        str(line["id"]): line
        for _, line in _checked_lines(directory / "tasks.jsonl", "tasks.jsonl", "taskline")
    }
    if not tasks:
        place = Place(str(directory / "tasks.jsonl"))
        raise EvidenceError("tasks-empty", "tasks.jsonl holds no task", place)
    telemetry_path = directory / "telemetry.jsonl"
    telemetry = [line for _, line in _checked_lines(telemetry_path, "telemetry.jsonl", "telemetry")]
    manifest_path = directory / MANIFEST
    manifest = manifest_path.read_bytes() if manifest_path.is_file() else None
    by_type = cast(
        "Callable[[str], list[Any]]", lambda kind: [e for e in events if e["type"] == kind]
    )
    return Evidence(
        directory=directory,
        plan=cast("Plan", plan),
        environment=cast("JSONObject", environment),
        header=cast("Header", header),
        marks=tuple(by_type("mark")),
        requests=tuple(by_type("request")),
        footer=cast("Footer | None", footer),
        tasks=cast("Mapping[str, TaskLine]", tasks),
        telemetry=tuple(cast("list[TelemetrySample]", telemetry)),
        manifest_sha256=None if manifest is None else jsonio.sha256_hex(manifest),
    )


def write_manifest(directory: Path) -> str:
    """Hash every evidence file into ``manifest.json``; returns the manifest's own SHA-256."""
    files = []
    # What a full disk kept from being written is missing in the manifest too, and `read` says so.
    there = [n for n in (*EVIDENCE_FILES, *OCCASIONAL_FILES) if (directory / n).is_file()]
    for name in sorted(there):
        digest = hashlib.sha256()
        size = 0
        with (directory / name).open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
                size += len(block)
        files.append({"path": name, "bytes": size, "sha256": digest.hexdigest()})
    data = jsonio.pretty({"manifest_schema": 1, "files": files})
    try:
        _replace(directory / MANIFEST, data)
    except OSError as cause:
        message = f"cannot write {directory / MANIFEST}: {cause.strerror}"
        raise SetupError("disk-full", message) from cause
    return jsonio.sha256_hex(data)


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or, where the disk is full, as it was before."""
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def _append(descriptor: int, data: bytes) -> None:
    """Append all of the data or none: a disk that fills up in the middle must not leave half a line."""
    size = os.fstat(descriptor).st_size
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def finish(directory: Path) -> None:
    """Give a run that was killed the manifest that it could not write; what it measured stays as it is."""
    with contextlib.suppress(OSError):
        (directory / BALLAST).unlink(missing_ok=True)
    write_manifest(directory)


def require_new(directory: Path) -> None:
    """Refuse a run directory that is there already.

    Raises:
        SetupError: ``run-exists``.
    """
    if os.path.lexists(directory):
        raise _exists(directory)


def _exists(directory: Path) -> SetupError:
    hint = "choose another --out, or move the old run away; runs are never overwritten"
    return SetupError("run-exists", f"{directory} exists already", hint=hint)


class Writer:
    """Appends events to a run directory as they happen; every line is whole or absent.

    A full disk raises `SetupError` ``disk-full`` at the write that met it; what was written before stays.
    """

    def __init__(self, directory: Path) -> None:
        """Create the directory; it must not exist.

        Raises:
            SetupError: ``run-exists`` or ``run-unwritable``.
        """
        try:
            directory.mkdir(parents=True)
        except FileExistsError as cause:
            raise _exists(directory) from cause
        except OSError as cause:
            message = f"cannot create {directory}: {cause.strerror}"
            raise SetupError("run-unwritable", message) from cause
        self.directory = directory
        self._events = os.open(
            directory / "events.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644
        )
        self._closed = False
        self._ballast = directory / BALLAST
        self.requests = 0
        for name in ("engine.log", "telemetry.jsonl", "tasks.jsonl"):
            (directory / name).touch()
        # Where even this does not fit, the first document says so.
        with contextlib.suppress(OSError):
            self._ballast.write_bytes(bytes(BALLAST_BYTES))

    def release(self) -> None:
        """Give back the space kept for the end: footer, environment and manifest follow."""
        with contextlib.suppress(OSError):
            self._ballast.unlink(missing_ok=True)

    def document(self, name: str, value: object) -> None:
        """Write a whole document (``plan.json``, ``environment.json``), or leave the one before."""
        self._guard(lambda: _replace(self.directory / name, jsonio.pretty(value)))

    def lines(self, name: str, values: list[Mapping[str, object]]) -> None:
        """Append lines to a side file (``tasks.jsonl``, ``telemetry.jsonl``)."""
        data = b"".join(jsonio.canonical(value) + b"\n" for value in values)

        def append() -> None:
            descriptor = os.open(self.directory / name, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            try:
                _append(descriptor, data)
            finally:
                os.close(descriptor)

        self._guard(append)

    def event(self, event: Mapping[str, object]) -> None:
        """Append one event."""
        if event["type"] == "request":
            self.requests += 1
        data = jsonio.canonical(event) + b"\n"
        self._guard(lambda: _append(self._events, data))

    def _guard(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError as cause:
            message = f"cannot write to {self.directory}: {cause.strerror}"
            hint = "what was measured before is kept; free some space and run again"
            raise SetupError("disk-full", message, hint=hint) from cause

    def close(self) -> None:
        """Flush to the disk and close; safe to call twice.

        Raises:
            SetupError: ``disk-full``, when the system finds out only now.
        """
        self.release()
        if not self._closed:
            self._closed = True
            try:
                self._guard(lambda: os.fsync(self._events))
            finally:
                os.close(self._events)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close whatever happened."""
        self.close()


def header(run_id: str, plan_sha256: str, clock: Mapping[str, object]) -> Header:
    """The first event: the run's identity and what its clock is."""
    return cast(
        "Header",
        {
            "type": "header",
            "event_schema": EVENT_SCHEMA,
            "run_id": run_id,
            "plan_sha256": plan_sha256,
            **clock,
        },
    )
