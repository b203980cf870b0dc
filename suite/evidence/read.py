"""A run directory read back: strict, checked against the documents' types, each file read once.

What is refused is refused with the file, the line and the member; the run's other files are untouched.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import UNSET
from msgspec.structs import replace

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, Place, unreadable
from suite.base.safe import is_plain
from suite.documents.attempt import Attempt
from suite.documents.basis import Basis
from suite.documents.codec import Lines, convert
from suite.documents.container import ContainerRecord
from suite.documents.deviceevidence import MOST_ANSWER_BYTES, DeviceEvidence
from suite.documents.document import Document
from suite.documents.enginesample import EngineSample
from suite.documents.environment import Environment
from suite.documents.event import Event, Footer, Header, Mark, Request
from suite.documents.logstamp import LogStamp
from suite.documents.nodes import Nodes
from suite.documents.plan import Plan
from suite.documents.provenance import Provenance
from suite.documents.sentences import in_both
from suite.documents.taskline import TaskLine
from suite.documents.telemetry import TelemetrySample
from suite.evidence.attempts import ATTEMPT, MOST_ATTEMPTS, EarlierAttempt, key, phase_key, stays
from suite.evidence.farm import Farm
from suite.evidence.files import RunFiles
from suite.evidence.growth import Beginnings, Grown
from suite.evidence.manifest import (
    ATTEMPTS,
    BASIS,
    CONTAINER,
    DEVICE_EVIDENCE,
    ENGINE_METRICS,
    MANIFEST,
    NODES,
    PROVENANCE,
    STAMPS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping
    from pathlib import Path

    from suite.base.jsonio import JSONValue
    from suite.evidence.attempts import Key

MAX_LINE_BYTES = 64 << 20
"""Longest line that is parsed: the client keeps no answer as long as that."""
LINE_BYTES = {DEVICE_EVIDENCE: 2 * MOST_ANSWER_BYTES + (1 << 16)}
"""The same of files with less in a line: of a tool's longest answer, every byte of which may be escaped."""


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
        nodes: what is known of the nodes of an engine over several; None for one.
        farm: load clients on other machines; None where the run sent everything itself. Their requests are in `requests`,
            on the run's clock.
        log_sha256: digest of ``events.jsonl``.
        device_evidence: what the devices' maker's tool answered; empty where none was asked.
        growth: digests of the log that were taken during the run, in their order.
        attempts: those before the last, which were cut; what they measured of phases that were repeated is not in
            `marks`, `requests` and `engine_metrics`.
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
    nodes: Nodes | None = None
    farm: Farm | None = None
    growth: tuple[Grown, ...] = ()
    log_sha256: str = ""
    device_evidence: tuple[DeviceEvidence, ...] = ()
    attempts: tuple[EarlierAttempt, ...] = ()

    @property
    def logged(self) -> int:
        """Requests in the log, those included that were set aside."""
        return len(self.requests) + sum(attempt.requests for attempt in self.attempts)


def require_run(directory: Path) -> None:
    """Refuse what is no run directory, before anything is read from it or written into it.

    Raises:
        EvidenceError: ``run-missing``; ``run-wrong`` for a directory in which nothing of a run lies.
    """
    if not directory.is_dir():
        raise EvidenceError(
            "run-missing",
            Sentence(f"there is no run directory {directory}", f"没有运行目录 {directory}"),
        )
    if not any(is_plain(directory / name) for name in (MANIFEST, "plan.json")):
        message = Sentence(
            f"{directory} is no run: it holds neither {MANIFEST} nor plan.json",
            f"{directory} 不是运行：既没有 {MANIFEST}，也没有 plan.json",
        )
        hint = Sentence(
            "give the directory that `suite run` named, runs/<id>",
            "请给出 `suite run` 所示的目录 runs/<id>",
        )
        raise EvidenceError("run-wrong", message, hint=hint)


def read(directory: Path, files: RunFiles | None = None) -> Evidence:
    """Read a run directory.

    Args:
        directory: where it lies.
        files: its files, where some have been hashed already; their bytes are not read again.

    Raises:
        EvidenceError: ``file-unreadable``, ``json-refused``, ``schema-violation``, ``line-cut``,
            ``line-wrong``, ``header-misplaced``, ``after-footer``, ``request-twice``, ``client-unknown``,
            ``events-empty``, ``attempt-wrong``, ``plan-mismatch``, ``tasks-empty``, ``task-twice``, each with its place; ``run-missing``, ``run-wrong``.
    """
    require_run(directory)
    files = files or RunFiles(directory)
    plan_json = _json(files, "plan.json")
    plan = convert(plan_json, Plan, file=str(directory / "plan.json"))
    environment = convert(
        _json(files, "environment.json"),
        Environment,
        file=str(directory / "environment.json"),
    )
    beginnings = Beginnings(_sidelines(files, STAMPS, LogStamp))
    log = _events(files, plan, beginnings)
    if log.header.plan_sha256 != jsonio.digest(plan_json):
        raise EvidenceError(
            "plan-mismatch",
            Sentence(
                "plan.json is not the plan that the event log was made under",
                "plan.json 不是事件日志所依据的计划",
            ),
            Place(str(directory / "plan.json")),
        )
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
        tasks=_tasks(files),
        telemetry=tuple(sample for _, sample in telemetry),
        manifest_sha256=_manifest_sha256(files),
        provenance=_occasional(files, PROVENANCE, Provenance),
        basis=None if basis is None else in_both(basis),
        container=_occasional(files, CONTAINER, ContainerRecord),
        nodes=_occasional(files, NODES, Nodes),
        farm=log.farm if log.farm.clients else None,
        engine_metrics=tuple(
            sample
            for sample in _sidelines(files, ENGINE_METRICS, EngineSample)
            if not any(a.cut_ns <= sample.t < a.resumed_ns for a in log.attempts)
        ),
        growth=beginnings.grown(),
        log_sha256=files.digest("events.jsonl").sha256,
        device_evidence=_sidelines(files, DEVICE_EVIDENCE, DeviceEvidence),
        attempts=tuple(log.attempts),
    )


def _tasks(files: RunFiles) -> dict[str, TaskLine]:
    tasks: dict[str, TaskLine] = {}
    for number, line in _lines(files, "tasks.jsonl", TaskLine):
        if tasks.setdefault(line.id, line) is not line:
            message = Sentence(f"task {line.id} occurs twice", f"任务 {line.id} 出现两次")
            raise EvidenceError(
                "task-twice", message, Place(str(files.directory / "tasks.jsonl"), number)
            )
    if not tasks:
        raise EvidenceError(
            "tasks-empty",
            Sentence("tasks.jsonl holds no task", "tasks.jsonl 没有任务"),
            Place(str(files.directory / "tasks.jsonl")),
        )
    return tasks


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
        raise unreadable(EvidenceError, files.directory / MANIFEST, cause) from cause


@dataclass(slots=True)
class _Log:
    header: Header
    marks: list[Mark] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    footer: Footer | None = None
    attempts: list[EarlierAttempt] = field(default_factory=list)
    seen: set[tuple[str, int, int, bool]] = field(default_factory=set)
    farm: Farm = field(default_factory=Farm)

    def request(self, event: Request, place: Place) -> None:
        """Add a request.

        Raises:
            EvidenceError: ``request-twice``, ``client-unknown``.
        """
        position = (event.phase, event.repeat, event.index, event.measured)
        if position in self.seen:
            message = Sentence(
                f"request {event.index} of {event.phase} occurs twice",
                f"{event.phase} 的请求 {event.index} 出现两次",
            )
            raise EvidenceError("request-twice", message, place)
        self.seen.add(position)
        self.requests.append(self.farm.request(event, place))

    def resume(self, mark: Mark, plan: Plan, left: Mapping[int, Attempt]) -> None:
        """Set aside what the attempt that begins here measures again."""
        phases = plan.workload.phases[stays(plan.workload.phases, self.marks) :]
        again = {key(phase) for phase in phases}
        aside = [mark for mark in self.marks if _of(mark, again)]
        end = self.footer.t if self.footer is not None else mark.t
        kept = [request for request in self.requests if key(request) not in again]
        begun = {phase_key(mark) for mark in aside}
        self.attempts.append(
            EarlierAttempt(
                footer=self.footer,
                cut_ns=min((mark.t for mark in aside), default=end),
                resumed_ns=mark.t,
                phases=tuple(f"{p.name}/{p.repeat}" for p in phases if key(p) in begun),
                requests=len(self.requests) - len(kept),
                left=left.get(len(self.attempts) + 1),
            )
        )
        self.marks = [mark for mark in self.marks if not _of(mark, again)]
        self.requests, self.footer = kept, None
        self.farm.set_aside(again)
        self.seen = {(r.phase, r.repeat, r.index, r.measured) for r in kept}


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
            Sentence(f"{path.name} ends in the middle of a line", f"{path.name} 在行中结束"),
            Place(str(path), data.count(b"\n") + 1),
            Sentence(
                "the file was cut; the run's other files are untouched",
                "文件被截断；运行的其他文件未受影响",
            ),
        )
    reader = Lines(kind, file=str(path))
    most = LINE_BYTES.get(name, MAX_LINE_BYTES)
    # Line by line, so that a large file is held once and not twice.
    for number, row in enumerate(io.BytesIO(data), 1):
        if len(row) > most:
            message = Sentence(
                f"a line of {len(row):,} bytes; at most {most:,} are read",
                f"一行有 {len(row):,} 字节；最多读取 {most:,} 字节",
            )
            raise EvidenceError("line-wrong", message, Place(str(path), number))
        document = reader.read(row[:-1], number)
        if each is not None:
            each(row, document)
        yield number, document


def _of(mark: Mark, phases: Container[Key]) -> bool:
    return mark.phase is not UNSET and phase_key(mark) in phases


def _events(files: RunFiles, plan: Plan, beginnings: Beginnings) -> _Log:
    path = files.directory / "events.jsonl"
    log: _Log | None = None
    event: Event
    left = _attempts(files)
    for number, event in _lines(files, "events.jsonl", Event, beginnings.add):
        place = Place(str(path), number)
        if log is None and isinstance(event, Header):
            log = _Log(event)
            continue
        if log is None or isinstance(event, Header):
            raise EvidenceError(
                "header-misplaced",
                Sentence(
                    "the first line, and only it, is the header", "第一行且只有第一行是文件头"
                ),
                place,
            )
        if isinstance(event, Mark) and event.name == ATTEMPT:
            _require_cut(log, place)
            log.resume(event, plan, left)
        if log.footer is not None:
            raise EvidenceError(
                "after-footer", Sentence("an event after the footer", "结尾记录之后还有事件"), place
            )
        match event:
            case Mark():
                log.marks.append(event)
                log.farm.take(event, place)
            case Request():
                log.request(event, place)
            case Footer():
                log.footer = event
    if log is None:
        raise EvidenceError(
            "events-empty", Sentence("events.jsonl is empty", "events.jsonl 为空"), Place(str(path))
        )
    return log


def _attempts(files: RunFiles) -> dict[int, Attempt]:
    """What earlier attempts left, by their number."""
    if not files.holds(ATTEMPTS):
        return {}
    rows = [attempt for _, attempt in _lines(files, ATTEMPTS, Attempt)]
    return {row.number: replace(row, environment=in_both(row.environment)) for row in rows}


def _require_cut(log: _Log, place: Place) -> None:
    """Refuse an attempt after one that finished: whoever has a finished run has no other to choose.

    Raises:
        EvidenceError: ``attempt-wrong``.
    """
    if log.footer is not None and log.footer.ended == "complete":
        message = Sentence(
            "another attempt after one that ran to its end", "已完成的尝试之后又有尝试"
        )
        raise EvidenceError("attempt-wrong", message, place)
    if len(log.attempts) >= MOST_ATTEMPTS - 1:
        raise EvidenceError(
            "attempt-wrong",
            Sentence(f"more than {MOST_ATTEMPTS} attempts", f"尝试多于 {MOST_ATTEMPTS} 次"),
            place,
        )
