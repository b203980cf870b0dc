"""The engine's own profiler: where its time goes in a few requests, as a Chrome trace.

Nothing of it is evidence: a profiler takes time of its own, so it never runs in a measured run.
"""

from __future__ import annotations

import gzip
import http.client
import zlib
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from suite.base.bilingual import Sentence
from suite.base.errors import EngineError, Place
from suite.base.resources import resource
from suite.declare.vendor import template
from suite.documents.document import given
from suite.documents.engine import Mount
from suite.measure.engine.readiness import request
from suite.measure.load.decode.foreign import stated_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from suite.documents.plan import Plan
    from suite.documents.vendor_engine import DeclaredProfiler
    from suite.measure.engine import Served

TARGET: Final = "/suite/trace"
SCRIPT_TARGET: Final = "/suite/profiled.py"
ANSWER_S: Final = 900.0
"""For one answer under the profiler, and for writing a trace."""
MOST_BYTES: Final = 1 << 31
"""Of a trace, unpacked; longer ones are kept and not summed up."""
_COUNTED: Final = ("cpu_op", "kernel", "gpu_memcpy", "gpu_memset")
"""Kinds of spans that are work; the others are annotations and calls around it."""
_ENDINGS: Final = (".json", ".json.gz")


class Span(msgspec.Struct, frozen=True):
    """An event of a trace; times in microseconds. What else it holds is for the viewer."""

    ph: str = ""
    name: str = ""
    cat: str = ""
    ts: float | str = 0.0
    dur: float = 0.0
    pid: int | str = 0
    tid: int | str = 0


class _Trace(msgspec.Struct, frozen=True):
    events: Annotated[list[Span], Meta(min_length=1)] = msgspec.field(name="traceEvents")


class Summary(msgspec.Struct, frozen=True):
    """What one trace holds.

    Attributes:
        path: of the file.
        events: how many.
        span_us: from the first event's start to the last one's end.
        operations: time by name, without what ran inside of it, microseconds; the longest first.
    """

    path: Path
    events: int
    span_us: float
    operations: tuple[tuple[str, float], ...]


def traced(plan: Plan, profiler: DeclaredProfiler, directory: Path) -> Plan:
    """The plan with its engine's profiler ready to be started.

    Args:
        plan: of a container or a process.
        profiler: as declared.
        directory: of this machine, writable for whoever the engine runs as; gets the traces.
    """
    engine, script = plan.engine, resource("suite/assets/profiled.py")
    places, container = {"trace_directory": TARGET, "profiled": SCRIPT_TARGET}, engine.container
    if container is None:
        places = {"trace_directory": str(directory), "profiled": str(script)}
    else:
        mounts = (
            Mount(source=str(directory), target=TARGET, read_only=False),
            Mount(source=str(script), target=SCRIPT_TARGET, read_only=True),
        )
        container = replace(container, mounts=(*container.mounts, *mounts))
    wrapper = template.fill_all(given(profiler.wrapper, ()), places)
    words = template.fill_all(profiler.arguments, places)
    command = (*wrapper, *engine.command, *words)
    return replace(plan, engine=replace(engine, command=command, container=container))


def record(served: Served, profiler: DeclaredProfiler, path: str, bodies: Sequence[bytes]) -> None:
    """Send requests at once while the profiler runs; a first one before, so that nothing is compiled meanwhile.

    Args:
        served: the engine.
        profiler: as declared.
        path: where requests go.
        bodies: of the requests.

    Raises:
        EngineError: ``engine-bad-answer``, ``endpoint-unreachable``.
    """
    _post(served, path, bodies[0])
    _post(served, profiler.start, b"")
    with ThreadPoolExecutor(len(bodies)) as pool:
        answers = [pool.submit(_post, served, path, body) for body in bodies]
    # Ended whatever came of the requests: what was recorded is written then.
    _post(served, profiler.stop, b"")
    for answer in answers:
        answer.result()


def _post(served: Served, path: str, body: bytes) -> None:
    try:
        status, answer = request(
            served.base_url, "POST", path, body, ANSWER_S, address=served.address
        )
    except (OSError, http.client.HTTPException) as cause:
        why = str(cause) or type(cause).__name__
        raise EngineError("endpoint-unreachable", f"{path}: {why}") from cause
    if status != http.client.OK or stated_in(answer):
        why = stated_in(answer) or answer.decode("utf-8", "replace")[:300]
        message = Sentence(f"{path} answers {status}: {why}", f"{path} 以 {status} 应答：{why}")
        raise EngineError("engine-bad-answer", message)


def summaries(directory: Path) -> list[Summary]:
    """What every trace of a directory holds, in the order of their names.

    Raises:
        EngineError: ``trace-missing``: there is none, or a file is none.
    """
    paths = [path for path in sorted(directory.rglob("*")) if path.name.endswith(_ENDINGS)]
    if not paths:
        message = Sentence("the engine's profiler wrote no trace", "引擎的性能分析器未写出轨迹")
        raise EngineError("trace-missing", message, Place(str(directory)))
    return [_summary(path) for path in paths]


def _summary(path: Path) -> Summary:
    try:
        with (gzip.open if path.name.endswith(".gz") else open)(path, "rb") as stream:
            data = stream.read(MOST_BYTES)
        spans = msgspec.json.decode(data, type=_Trace).events
        timed = [(float(span.ts), span) for span in spans if span.ph == "X"]
    except (OSError, EOFError, ValueError, zlib.error, msgspec.DecodeError) as cause:
        message = Sentence(f"not a Chrome trace: {cause}", f"不是 Chrome 轨迹：{cause}")
        raise EngineError("trace-missing", message, Place(str(path))) from cause
    first = min((start for start, _ in timed), default=0.0)
    end = max((start + span.dur for start, span in timed), default=0.0)
    return Summary(
        path, len(spans), end - first, tuple(sorted(_own(timed).items(), key=lambda item: -item[1]))
    )


def _own(timed: Iterable[tuple[float, Span]]) -> dict[str, float]:
    """Time by name; a span that lies in another of the same thread is taken from that one's."""
    own: defaultdict[str, float] = defaultdict(float)
    lanes: dict[tuple[object, object], list[tuple[float, Span]]] = {}
    for start, span in timed:
        if span.cat in _COUNTED:
            lanes.setdefault((span.pid, span.tid), []).append((start, span))
    for lane in lanes.values():
        for around, span in _nested(lane):
            own[span.name] += span.dur
            if around is not None:
                own[around.name] -= span.dur
    return own


def _nested(lane: list[tuple[float, Span]]) -> Iterator[tuple[Span | None, Span]]:
    """Each span of a thread, with the one that it lies in."""
    stack: list[tuple[float, Span]] = []
    for start, span in sorted(lane, key=lambda each: (each[0], -each[1].dur)):
        while stack and stack[-1][0] <= start:
            stack.pop()
        yield (stack[-1][1] if stack else None), span
        stack.append((start + span.dur, span))
