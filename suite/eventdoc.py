"""The shapes of what a run leaves. Mirrors ``schemas/event.schema.json`` and its neighbours.

Every time in an event is an integer number of nanoseconds of one monotonic clock, relative to the run's start.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

EVENT_SCHEMA = 1

OutcomeCode = Literal[
    "ok",
    "connect-refused",
    "connect-timeout",
    "tls-failed",
    "send-failed",
    "reset",
    "http-error",
    "rate-limited",
    "malformed-chunk",
    "malformed-response",
    "error-in-stream",
    "stall",
    "timeout",
    "missing-done",
    "missing-usage",
    "no-content",
    "cancelled",
]


class HeaderEvent(TypedDict):
    """First line of ``events.jsonl``."""

    type: Literal["header"]
    event_schema: int
    run_id: str
    plan_sha256: str
    started_utc: str  # "2026-01-31T12:00:00.000000Z"
    clock: str  # "CLOCK_MONOTONIC"
    clock_zero_ns: int  # the clock's reading that is 0 in this log
    receive_stamps: Literal["kernel", "user"]
    send_stamps: Literal["kernel", "user"]
    realtime_minus_monotonic_us: int


class MarkEvent(TypedDict):
    """Something happened.

    Names: ``run.start``, ``suite.setup.end``, ``conversion.start``, ``conversion.end``, or
    ``conversion.reused`` in their place, ``engine.prepare``, ``engine.prepared``, ``engine.start``,
    ``engine.healthy``, ``engine.first_answer``, ``phase.start``, ``phase.end``, ``probe.start``,
    ``probe.end`` (inside a search's phase), ``engine.stop``, ``engine.stopped``.
    """

    type: Literal["mark"]
    t: int
    name: str
    phase: NotRequired[str]
    repeat: NotRequired[int]
    measured: NotRequired[bool]
    detail: NotRequired[dict[str, object]]


class UsageDoc(TypedDict):
    """Token counts by source; absent when the source did not say."""

    engine_prompt: NotRequired[int]  # the server's usage
    engine_completion: NotRequired[int]
    ids_completion: NotRequired[int]  # number of token ids received
    own_prompt: NotRequired[int]  # the suite's own tokenizer
    own_completion: NotRequired[int]


class RequestEvent(TypedDict):
    """One request, successful or not. Appended when it ends."""

    type: Literal["request"]
    phase: str
    repeat: int
    measured: bool
    index: int  # within the phase
    task: str  # task id
    t_sched: int  # closed loop: equals t_send
    t_send: int  # first byte written; for connect errors the attempt
    chunk_t0: int | None  # arrival of the first chunk with non-empty generated text
    chunk_dt: list[int]  # gaps to the following content chunks
    chunk_tokens: list[int] | None  # tokens in each content chunk, when ids or running usage say
    merged_reads: int  # content chunks that shared a receive stamp with the chunk before
    t_end: int  # end of the stream, or of the attempt
    outcome: OutcomeCode
    status: int | None  # HTTP status
    error: str | None  # short, cleaned text
    finish_reason: str | None
    text: str
    token_ids: list[int] | None
    usage: UsageDoc
    prompt_sha256: str  # of the rendered user prompt (UTF-8)
    truncated: bool  # the document was cut to fit


class FooterEvent(TypedDict):
    """Last line. A log without it is incomplete."""

    type: Literal["footer"]
    t: int
    ended: Literal["complete", "interrupted", "engine-died", "engine-failed", "failed"]
    requests: int
    error: dict[str, str] | None  # code, message
    clock_steps_ns: int  # change of realtime - monotonic over the run


class TelemetrySample(TypedDict):
    """One line of ``telemetry.jsonl``; a value that the tool did not give is absent."""

    t: int
    tool: str
    device: str
    power_w: NotRequired[float]
    energy_j: NotRequired[float]  # cumulative counter
    utilisation: NotRequired[float]  # 0..1
    memory_used_bytes: NotRequired[int]
    memory_total_bytes: NotRequired[int]
    temperature_c: NotRequired[float]
    clock_mhz: NotRequired[float]


class TaskLine(TypedDict):
    """One line of ``tasks.jsonl``: what was asked, with the reference summary to score against."""

    id: str
    record_sha256: str
    document_sha256: str
    document_words: int
    lead: str  # first sentence of the document, the LEAD-1 baseline
    reference: str
