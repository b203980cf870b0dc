"""From an ended response to its request event: what it said, when, and how it ended.

Works on a `Response` alone, so that it runs wherever there is time: in the idle moments of the client, in the
decode helper, or after the phase.
"""

from __future__ import annotations

from operator import sub
from typing import TYPE_CHECKING, Final, NamedTuple

from suite.measure.load.answer import AnswerReader, body_error, clean
from suite.measure.load.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.declare.plandoc import PhaseDoc, RequestDoc
    from suite.eventdoc import OutcomeCode, RequestEvent, UsageDoc
    from suite.measure.load.connection import Exchange

STEP: Final = 64
"""Pieces decoded in one step: some 0.2 ms."""
HEADERS: Final = ("content-type", "content-encoding", "retry-after")
"""Header fields of a response that its event depends on."""


class Facts(NamedTuple):
    """What all requests of a phase share; only plain values, so that it can go to another process.

    Attributes:
        phase: its name.
        repeat: which repeat of it.
        measured: whether it counts.
        zero_ns: reading of the monotonic clock that is 0 in the events.
        wants_usage: the requests ask for usage.
        wants_done: the server is declared to end its streams with ``[DONE]``.
    """

    phase: str
    repeat: int
    measured: bool
    zero_ns: int
    wants_usage: bool
    wants_done: bool

    @classmethod
    def of(cls, phase: PhaseDoc, request: RequestDoc, zero_ns: int) -> Facts:
        """From the plan's documents."""
        options = request["stream_options"] or {}
        return cls(
            phase["name"],
            phase["repeat"],
            phase["measured"],
            zero_ns,
            bool(options.get("include_usage")),
            request["done_marker"],
        )


class Response(NamedTuple):
    """One ended request, undecoded. Times are readings of the monotonic clock, nanoseconds.

    Attributes:
        number: the job's index, its position within the phase.
        task: its task id.
        prompt_sha256: digest of its prompt.
        truncated: its document was cut.
        own_prompt: prompt tokens by the suite's own tokenizer, if it counted.
        t_sched: intended start; None in a closed loop.
        t_send: first byte written, or the attempt.
        t_end: its end.
        fault: outcome code of what went wrong below the stream, None if nothing.
        error: the sentence that goes with it.
        status: HTTP status, None without a response head.
        headers: those of `HEADERS` that it had, by lower-case name.
        pieces: the body in the pieces in which it arrived.
        stamps: their arrival times.
    """

    number: int
    task: str
    prompt_sha256: str
    truncated: bool
    own_prompt: int | None
    t_sched: int | None
    t_send: int
    t_end: int
    fault: OutcomeCode | None
    error: str
    status: int | None
    headers: dict[str, str]
    pieces: Sequence[bytes]
    stamps: Sequence[int]

    @classmethod
    def of(cls, exchange: Exchange) -> Response:
        """Of an exchange that has ended."""
        job, framer = exchange.job, exchange.framer
        given = framer.headers
        return cls(
            job.index,
            job.task,
            job.prompt_sha256,
            job.truncated,
            job.own_prompt_tokens,
            exchange.t_sched,
            exchange.t_send,
            exchange.t_end,
            exchange.fault,
            exchange.error,
            framer.status,
            {name: given[name] for name in HEADERS if name in given},
            framer.pieces,
            framer.stamps,
        )


class Decoded(NamedTuple):
    """An event, and what the phase's statistics count beside it.

    Attributes:
        event: complete but for ``usage.own_completion``.
        without_done: it ended well without a final ``[DONE]``.
        backward: arrival times that lay before the one before.
    """

    event: RequestEvent
    without_done: bool
    backward: int


class Decoder:
    """Decodes the responses of one phase, one at a time, in small steps."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._shapes = Shapes()
        self._reader = AnswerReader("", self._shapes)
        self._response: Response | None = None
        self._position = 0

    def busy(self) -> bool:
        """Whether a response was begun and is not yet complete."""
        return self._response is not None

    def begin(self, response: Response) -> None:
        """Take the next response."""
        self._response = response
        self._position = 0
        encoding = response.headers.get("content-encoding", "").lower()
        self._reader = AnswerReader(encoding, self._shapes)

    def step(self) -> Decoded | None:
        """Go on with it for some 0.2 ms; its event when it is complete."""
        response = self._response
        assert response is not None
        if _is_stream(response):
            pieces, start = response.pieces, self._position
            end = self._position = min(start + STEP, len(pieces))
            self._reader.feed_all(pieces[start:end], response.stamps[start:end])
            if end < len(pieces):
                return None
            if pieces:
                self._reader.end(response.stamps[-1])
        self._response = None
        return self._decoded(response)

    def decode(self, response: Response) -> Decoded:
        """Decode a whole response."""
        self.begin(response)
        while True:
            decoded = self.step()
            if decoded is not None:
                return decoded

    def _decoded(self, response: Response) -> Decoded:
        facts, reader = self._facts, self._reader
        outcome, error = self._outcome(response)
        stamps, backward = _monotone(reader.stamps)
        gaps = list(map(sub, stamps[1:], stamps))
        t_send = response.t_send - facts.zero_ns
        sched = response.t_sched
        event: RequestEvent = {
            "type": "request",
            "phase": facts.phase,
            "repeat": facts.repeat,
            "measured": facts.measured,
            "index": response.number,
            "task": response.task,
            "t_sched": t_send if sched is None else sched - facts.zero_ns,
            "t_send": t_send,
            "chunk_t0": stamps[0] - facts.zero_ns if stamps else None,
            "chunk_dt": gaps,
            "chunk_tokens": reader.chunk_tokens(),
            "merged_reads": gaps.count(0),
            "t_end": response.t_end - facts.zero_ns,
            "outcome": outcome,
            "status": response.status,
            "error": error or None,
            "finish_reason": reader.finish_reason,
            "text": "".join(reader.texts),
            "token_ids": reader.token_ids,
            "usage": self._usage(response),
            "prompt_sha256": response.prompt_sha256,
            "truncated": response.truncated,
        }
        return Decoded(event, outcome == "ok" and not reader.done, backward)

    def _usage(self, response: Response) -> UsageDoc:
        reader = self._reader
        usage: UsageDoc = {}
        if reader.prompt_tokens is not None:
            usage["engine_prompt"] = reader.prompt_tokens
        if reader.completion_tokens is not None:
            usage["engine_completion"] = reader.completion_tokens
        if reader.token_ids is not None:
            usage["ids_completion"] = len(reader.token_ids)
        if response.own_prompt is not None:
            usage["own_prompt"] = response.own_prompt
        return usage

    def _outcome(self, response: Response) -> tuple[OutcomeCode, str]:
        reader = self._reader
        if response.status is not None and response.status != 200 and response.fault is None:
            return _refused(response)
        if response.fault is not None and not reader.done:
            return response.fault, clean(response.error)
        if not _is_stream(response):
            kind = clean(response.headers.get("content-type", "none"))
            return "malformed-response", f"the answer is no event stream (content type {kind})"
        if reader.fault is not None:
            return reader.fault, reader.error
        return self._complete()

    def _complete(self) -> tuple[OutcomeCode, str]:
        """Judge a stream in which nothing was wrong as far as it went."""
        reader = self._reader
        if not reader.done and (self._facts.wants_done or reader.finish_reason is None):
            return "missing-done", "the stream ended without [DONE]"
        if not reader.stamps:
            return "no-content", "the stream had no generated text"
        if self._facts.wants_usage and reader.completion_tokens is None:
            return "missing-usage", "the stream had no usage, though it was asked for"
        return "ok", ""


def _monotone(stamps: list[int]) -> tuple[list[int], int]:
    """Arrival times that never go back, and how many did; the kernel's can, when the clock is set."""
    if stamps == sorted(stamps):
        return stamps, 0
    result: list[int] = []
    count = 0
    for stamp in stamps:
        backward = bool(result) and stamp < result[-1]
        count += backward
        result.append(result[-1] if backward else stamp)
    return result, count


def _is_stream(response: Response) -> bool:
    kind = response.headers.get("content-type", "")
    return response.status == 200 and kind.lower().startswith("text/event-stream")


def _refused(response: Response) -> tuple[OutcomeCode, str]:
    sentence = body_error(list(response.pieces))
    if response.status != 429:
        return "http-error", sentence or f"HTTP status {response.status}"
    after = clean(response.headers.get("retry-after", ""))
    wait = f"Retry-After: {after}" if after else "no Retry-After"
    return "rate-limited", f"{sentence} ({wait})" if sentence else wait
