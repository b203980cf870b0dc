"""A run that goes on, read as its log grows: which stage it is in, how each phase goes, what the devices do.

Nothing here is a result: a card is made of the whole log when it has ended. What is read is checked line by line as
`suite.evidence` does; the first line that is refused ends the following, and the state says why.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from msgspec import UNSET, Struct

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, SuiteError
from suite.base.safe import is_plain, open_plain
from suite.base.statistics import percentile
from suite.declare.analysis.arrived import arrival, arrived, first_place
from suite.documents.codec import Lines, convert
from suite.documents.event import Event, Footer, Header, Mark, Request, has_failed
from suite.documents.plan import Plan
from suite.documents.telemetry import TelemetrySample
from suite.evidence.manifest import CONTENT_BYTES
from suite.evidence.read import MAX_LINE_BYTES
from suite.judge.attest.files import PAGE_FILE
from suite.judge.log.samples import MS, NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from suite.documents.phase import Phase

WINDOW_NS: Final = 10_000_000_000
"""What "now" is, for throughput: answers that ended in the last ten seconds."""
MOST_POINTS: Final = 240
"""Telemetry samples kept of each device, the newest: what a curve of this width can show."""
_BLOCK: Final = 1 << 20
T = TypeVar("T")


class Percentiles(Struct, frozen=True):
    """Milliseconds, of the answers so far; the same definitions as on a card."""

    p50: float
    p90: float
    p99: float


class PhaseState(Struct, frozen=True):
    """How one phase goes.

    Attributes:
        state: "waiting", "running" or "ended".
        planned: requests at most; a search and one that stops by itself may need fewer.
        tokens_per_s: generated tokens of the answers that ended in the last ten seconds, a second; of an ended
            phase over all of it. None where nobody counts them.
    """

    name: str
    repeat: int
    scenario: str
    measured: bool
    state: str
    planned: int
    ended: int
    failed: int
    elapsed_s: float | None
    tokens_per_s: float | None
    ttft_ms: Percentiles | None
    tpot_ms: Percentiles | None


class Curve(Struct, frozen=True):
    """The newest readings of one quantity of one device: seconds since the run's start, and values."""

    device: str
    quantity: str
    t_s: tuple[float, ...]
    values: tuple[float, ...]


class RunState(Struct, frozen=True):
    """A run as far as its files tell.

    Attributes:
        stage: what goes on, or how it ended, in English and Chinese.
        ended: how the log says that it ended; "" while it goes on.
        card: whether the card lies beside it.
        problem: why no more is read; "" where nothing was refused.
    """

    run: str
    started_utc: str
    vendor: str
    engine: str
    model: str
    profile: str
    stage: tuple[str, str]
    elapsed_s: float
    ended: str
    card: bool
    problem: str
    phases: tuple[PhaseState, ...]
    curves: tuple[Curve, ...]


_STAGES: Final = {
    "run.start": ("the run begins", "运行开始"),
    "conversion.start": ("weights are being converted", "正在转换权重"),
    "engine.prepare": ("the image or environment is being made", "正在制作镜像或环境"),
    "engine.prepared": ("the image or environment is there", "镜像或环境已就绪"),
    "engine.start": ("the engine is starting", "引擎正在启动"),
    "engine.healthy": ("the engine answers", "引擎已应答"),
    "engine.first_answer": ("the engine answers", "引擎已应答"),
    "engine.stop": ("the engine is being stopped", "正在停止引擎"),
    "engine.stopped": ("the run is being judged", "正在评判运行"),
}
"""What goes on after a mark, in English and Chinese; another mark leaves what was said."""
_ENDED: Final = {
    "complete": ("the run is complete", "运行已完成"),
    "interrupted": ("the run was interrupted", "运行被中断"),
    "engine-died": ("the engine died", "引擎已退出"),
    "engine-failed": ("the engine failed", "引擎失败"),
    "failed": ("the run failed", "运行失败"),
}
_QUANTITIES: Final = ("utilisation", "power_w", "memory_used_bytes", "temperature_c", "clock_mhz")


class _Tail(Generic[T]):
    """The whole lines that a growing file has had since they were last asked for."""

    def __init__(self, path: Path, kind: object, below: Path) -> None:
        self._path, self._below = path, below
        self._lines: Lines = Lines(kind, file=str(path))
        self._at = self._number = 0

    def new(self) -> Iterator[T]:
        """Read on.

        Raises:
            EvidenceError: as `suite.evidence.read`; ``line-wrong`` also where the file became shorter.
            OSError: as `suite.base.safe.open_plain`.
        """
        limit = CONTENT_BYTES[self._path.name]
        with open_plain(self._path, below=self._below) as stream:
            if os.fstat(stream.fileno()).st_size < self._at:
                raise EvidenceError(
                    "line-wrong",
                    Sentence(f"{self._path.name} became shorter", f"{self._path.name} 变短了"),
                )
            stream.seek(self._at)
            rest = b""
            while block := stream.read(_BLOCK):
                *rows, rest = (rest + block).split(b"\n")
                if len(rest) > MAX_LINE_BYTES or self._at > limit:
                    raise EvidenceError(
                        "line-wrong",
                        Sentence(
                            f"{self._path.name} is larger than is read",
                            f"{self._path.name} 超出可读取的大小",
                        ),
                    )
                for row in rows:
                    self._number += 1
                    self._at += len(row) + 1
                    yield self._lines.read(row, self._number)


@dataclass(slots=True)
class _Answers:
    """What the ended requests of a phase add up to. Ascending: latencies, and ends in the order of the log."""

    start: int | None = None
    end: int | None = None
    last: int = 0
    ended: int = 0
    failed: int = 0
    counted: bool = True
    ttft: list[float] = field(default_factory=list)
    tpot: list[float] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)

    def add(self, request: Request) -> None:
        self.ended += 1
        self.last = max(self.last, request.t_end)
        if has_failed(request) or request.chunk_t0 is None:
            self.failed += 1
            return
        first, count = arrival(request, first_place(request)), arrived(request)
        self.ttft.append((first - request.t_send) * MS)
        self.counted &= count is not None
        self.ends.append(request.t_end)
        self.tokens.append(count.tokens if count else 0)
        last = arrival(request, len(request.chunk_dt))
        if count and count.after > 0 and last > first:
            self.tpot.append((last - first) * MS / count.after)

    def rate(self, now: int) -> float | None:
        """Generated tokens a second, of the last `WINDOW_NS` or of the whole phase that has ended."""
        if self.start is None or not self.ends or not self.counted:
            return None
        begin = self.start if self.end is not None else max(self.start, now - WINDOW_NS)
        until = self.end or now
        tokens = sum(self.tokens[bisect_left(self.ends, begin) :])
        return tokens / ((until - begin) / NS_PER_S) if until > begin else None


class Follower:
    """Follows one run directory."""

    def __init__(self, directory: Path) -> None:
        """Read nothing yet."""
        self.directory = directory
        self._plan: Plan | None = None
        self._header: Header | None = None
        self._footer: Footer | None = None
        self._stage, self._now, self._problem = ("the run is being prepared", "正在准备运行"), 0, ""
        self._answers: dict[tuple[str, int, bool], _Answers] = {}
        self._readings: dict[str, deque[TelemetrySample]] = {}
        self._events: _Tail[Event] = _Tail(directory / "events.jsonl", Event, directory)
        self._telemetry: _Tail[TelemetrySample] = _Tail(
            directory / "telemetry.jsonl", TelemetrySample, directory
        )

    def state(self) -> RunState:
        """Read on and say how it stands; never raises for what lies in the directory."""
        if not self._problem:
            try:
                self._read_on()
            except FileNotFoundError:
                pass  # a run makes its files one after the other
            except SuiteError as refused:
                self._problem = str(refused)
            except OSError as cause:
                self._problem = f"cannot read: {cause.strerror or cause}"
        plan = self._plan
        return RunState(
            run=self.directory.name,
            started_utc=self._header.started_utc if self._header else "",
            vendor=plan.vendor.name if plan else "",
            engine=plan.engine.title if plan else "",
            model=plan.model.id if plan else "",
            profile=plan.workload.profile if plan else "",
            stage=self._stage,
            elapsed_s=self._now / NS_PER_S,
            ended=self._footer.ended if self._footer else "",
            card=is_plain(self.directory / PAGE_FILE),
            problem=self._problem,
            phases=tuple(map(self._phase, plan.workload.phases)) if plan else (),
            curves=tuple(self._curves()),
        )

    def _read_on(self) -> None:
        if self._plan is None:
            path = self.directory / "plan.json"
            with open_plain(path, below=self.directory) as stream:
                data = stream.read(CONTENT_BYTES["plan.json"])
            self._plan = convert(
                jsonio.loads(data, name=str(path), error=EvidenceError), Plan, file=str(path)
            )
        for event in self._events.new():
            self._add(event)
        for sample in self._telemetry.new():
            self._now = max(self._now, sample.t)
            self._readings.setdefault(sample.device, deque(maxlen=MOST_POINTS)).append(sample)

    def _add(self, event: Event) -> None:
        match event:
            case Header():
                self._header = event
            case Footer():
                self._footer, self._now = event, max(self._now, event.t)
                self._stage = _ENDED[event.ended]
            case Mark():
                self._stage = _STAGES.get(event.name, self._stage)
                self._now = max(self._now, event.t)
                self._mark(event)
            case Request():
                self._now = max(self._now, event.t_end)
                key = event.phase, event.repeat, event.measured
                self._answers.setdefault(key, _Answers()).add(event)

    def _mark(self, mark: Mark) -> None:
        if mark.name not in ("phase.start", "phase.end"):
            return
        assert mark.phase is not UNSET
        assert mark.repeat is not UNSET
        assert mark.measured is not UNSET
        answers = self._answers.setdefault((mark.phase, mark.repeat, mark.measured), _Answers())
        if mark.name == "phase.start":
            answers.start = mark.t
            self._stage = mark.phase, mark.phase
        else:
            answers.end = mark.t

    def _phase(self, doc: Phase) -> PhaseState:
        answers = self._answers.get((doc.name, doc.repeat, doc.measured), _Answers())
        state = "waiting"
        elapsed = None
        if answers.start is not None:
            state = "ended" if answers.end is not None or self._footer else "running"
            until = answers.end or (answers.last if self._footer else self._now)
            elapsed = max(0, until - answers.start) / NS_PER_S
        return PhaseState(
            name=doc.name,
            repeat=doc.repeat,
            scenario=doc.scenario,
            measured=doc.measured,
            state=state,
            planned=doc.tasks,
            ended=answers.ended,
            failed=answers.failed,
            elapsed_s=elapsed,
            tokens_per_s=answers.rate(self._now),
            ttft_ms=_percentiles(answers.ttft),
            tpot_ms=_percentiles(answers.tpot),
        )

    def _curves(self) -> Iterator[Curve]:
        for device, samples in self._readings.items():
            for quantity in _QUANTITIES:
                points = [
                    (sample.t / NS_PER_S, float(value))
                    for sample in samples
                    if (value := getattr(sample, quantity)) is not UNSET
                ]
                if points:
                    times, values = zip(*points, strict=True)
                    yield Curve(device, quantity, times, values)


def _percentiles(values: Sequence[float]) -> Percentiles | None:
    if not values:
        return None
    ordered = sorted(values)
    return Percentiles(*(percentile(ordered, rank) for rank in (50.0, 90.0, 99.0)))
