"""The run as a trace for Perfetto or Chrome: phases, requests in lanes, the engine's marks, telemetry as counters."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from suite.base.bilingual import Bilingual
from suite.documents.event import has_failed
from suite.judge.log.samples import GENERATED, PROMPT
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.loads import as_json, error_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from suite.base.jsonio import JSONObject, JSONValue
    from suite.documents.document import Document
    from suite.documents.event import Request
    from suite.evidence import Evidence
    from suite.judge.report.formats.format import Subject

_RUN, _REQUESTS, _ENGINE, _DEVICES = range(1, 5)
"""What the trace calls processes: groups of tracks."""
_GROUPS = {
    _RUN: "run and phases",
    _REQUESTS: "requests",
    _ENGINE: "engine, by its own metrics page",
    _DEVICES: "devices, by telemetry",
}
_NO_COUNTERS = ("t", "phase", "tool", "device", "card")


def _us(at_ns: int) -> float:
    return at_ns / 1000


def _span(name: str, start: int, end: int, group: int, track: int, **more: JSONValue) -> JSONObject:
    return {
        "name": name,
        "ph": "X",
        "ts": _us(start),
        "dur": _us(max(0, end - start)),
        "pid": group,
        "tid": track,
        "args": more,
    }


def _marks(evidence: Evidence) -> Iterator[JSONObject]:
    """A span for whatever has a start and an end, an instant for the rest."""
    open_spans: dict[tuple[str, object, object, object], int] = {}
    for mark in evidence.marks:
        what, _, kind = mark.name.rpartition(".")
        key = (what, mark.phase, mark.repeat, mark.measured)
        if kind == "start":
            open_spans[key] = mark.t
        if kind == "end" and key in open_spans:
            label = f"{mark.phase}/{mark.repeat}" if what == "phase" else what
            name = label if mark.measured or what != "phase" else f"{label}, warm-up"
            yield _span(name, open_spans.pop(key), mark.t, _RUN, 1 if what == "phase" else 2)
        elif what not in ("phase", "probe"):
            yield {
                "name": mark.name,
                "ph": "i",
                "s": "g",
                "ts": _us(mark.t),
                "pid": _RUN,
                "tid": 0,
            }


def _requests(requests: Iterable[Request]) -> Iterator[JSONObject]:
    """Each in the first lane that is free; inside it the wait for the first chunk and the chunks."""
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    lanes = 0
    for request in sorted(requests, key=lambda item: item.t_send):
        while busy and busy[0][0] <= request.t_send:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if not free:
            lanes += 1
            free.append(lanes)
        lane = heapq.heappop(free)
        heapq.heappush(busy, (request.t_end, lane))
        yield _span(
            f"{request.phase} {request.index}",
            request.t_send,
            request.t_end,
            _REQUESTS,
            lane,
            task=request.task,
            outcome=request.outcome,
            error=error_of(request),
            measured=request.measured,
            failed=has_failed(request),
            waited_ms=(request.t_send - request.t_sched) / 1e6,
            **_tokens(request),
            chunks=0 if request.chunk_t0 is None else 1 + len(request.chunk_dt),
        )
        if request.chunk_t0 is not None:
            last = request.chunk_t0 + sum(request.chunk_dt)
            yield _span("to first chunk", request.t_send, request.chunk_t0, _REQUESTS, lane)
            yield _span("chunks", request.chunk_t0, last, _REQUESTS, lane)


def _tokens(request: Request) -> JSONObject:
    """What the first source counted that did, each; nothing where none did, or the request failed."""
    if has_failed(request):
        return {}
    sides = {"prompt_tokens": PROMPT, "generated_tokens": GENERATED}
    counts = {
        name: next((tokens for _, count in side if (tokens := count(request)) is not None), None)
        for name, side in sides.items()
    }
    return {name: tokens for name, tokens in counts.items() if tokens is not None}


def _counters(samples: Iterable[Document], group: int) -> Iterator[JSONObject]:
    for sample in samples:
        values = asdict(sample)
        device = f" {values['device']}" if "device" in values else ""
        for name, value in values.items():
            if name not in _NO_COUNTERS and isinstance(value, int | float):
                yield {
                    "name": f"{name}{device}",
                    "ph": "C",
                    "ts": _us(values["t"]),
                    "pid": group,
                    "args": {"value": value},
                }


def render(subject: Subject) -> bytes:
    """Chrome's JSON trace; times are microseconds since the run's start. Of a phase alone its requests, and all else."""
    evidence = subject.evidence
    assert evidence is not None
    names: list[JSONObject] = [
        {"name": "process_name", "ph": "M", "pid": group, "args": {"name": name}}
        for group, name in _GROUPS.items()
    ]
    events: list[JSONValue] = [
        *names,
        *_marks(evidence),
        *_requests(item for item in evidence.requests if subject.phase in ("", item.phase)),
        *_counters(evidence.engine_metrics, _ENGINE),
        *_counters(evidence.telemetry, _DEVICES),
    ]
    other: JSONObject = {
        "run": evidence.header.run_id,
        "started_utc": evidence.header.started_utc,
        "verdict": str(subject.card.verdict.outcome),
    }
    return as_json(
        {"traceEvents": events, "displayTimeUnit": "ms", "otherData": other}, indent=None
    )


FORMAT = Format(
    Bilingual("the run as a trace for Perfetto or Chrome", "供 Perfetto 或 Chrome 打开的运行轨迹"),
    ".trace.json",
    "evidence",
    render,
    verbatim=True,
)
