"""From an ended response to its request event: what it said, when, and how it ended.

In small steps, so that it fits between two arrivals of a phase that goes on.
"""

from __future__ import annotations

from operator import sub
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import UNSET

from suite.documents.event import Origin, OutcomeCode, Request, Usage, given_up
from suite.measure.load.decode.answer import AnswerReader
from suite.measure.load.decode.foreign import body_error, clean, joined, stated_in

if TYPE_CHECKING:
    from msgspec import UnsetType

    from suite.documents.engine import RequestFormat
    from suite.documents.phase import Phase
    from suite.measure.load.transport.exchange import Exchange
    from suite.measure.load.transport.framing import Framer

STEP: Final = 64
"""Pieces decoded in one step: some 0.05 ms."""


class Decoded(NamedTuple):
    """An event, and what the phase's statistics count beside it.

    Attributes:
        event: complete but for ``usage.own_completion``.
        without_done: it ended well without a final ``[DONE]``.
        backward: arrival times that lay before the one before.
        usage_in_choice: the counts came inside the choice.
        replaced: characters of which only half came, U+FFFD in the text.
    """

    event: Request
    without_done: bool
    backward: int
    usage_in_choice: bool
    replaced: int


class Decoder:
    """Decodes the responses of one phase, one at a time, in small steps."""

    def __init__(self, phase: Phase, request: RequestFormat, zero_ns: int) -> None:
        """Prepare; `zero_ns` is the reading of the monotonic clock that is 0 in the events."""
        options = request.stream_options or {}
        self._phase = phase
        self._zero_ns = zero_ns
        self._wants_usage = bool(options.get("include_usage"))
        self._wants_done = request.done_marker
        self._reader = AnswerReader()
        self._exchange: Exchange | None = None
        self._position = 0

    def busy(self) -> bool:
        """Whether a response was begun and is not yet complete."""
        return self._exchange is not None

    def begin(self, exchange: Exchange) -> None:
        """Take the next response, of an exchange that has ended."""
        self._exchange = exchange
        self._position = 0
        framer = exchange.framer
        encoding = framer.headers.get("content-encoding", "").lower()
        self._reader = AnswerReader(encoding, framer.limit)

    def step(self) -> Decoded | None:
        """Go on with it for some 0.05 ms; its event when it is complete."""
        exchange = self._exchange
        assert exchange is not None
        framer = exchange.framer
        if _is_stream(framer):
            start, end = self._position, self._position + STEP
            self._position = end
            self._reader.feed_all(framer.pieces[start:end], framer.stamps[start:end])
            if end < len(framer.pieces):
                return None
            if framer.pieces:
                self._reader.end(framer.stamps[-1])
        self._exchange = None
        return self._decoded(exchange)

    def _decoded(self, exchange: Exchange) -> Decoded:
        phase, reader, zero_ns = self._phase, self._reader, self._zero_ns
        outcome, error = self._outcome(exchange)
        stamps, backward = _monotone(reader.stamps)
        gaps = list(map(sub, stamps[1:], stamps))
        text, replaced = joined(reader.texts)
        t_send = exchange.t_send - zero_ns
        sched = exchange.t_sched
        event = Request(
            phase=phase.name,
            repeat=phase.repeat,
            measured=phase.measured,
            index=exchange.job.index,
            task=exchange.job.task,
            t_sched=t_send if sched is None else sched - zero_ns,
            t_send=t_send,
            chunk_t0=stamps[0] - zero_ns if stamps else None,
            chunk_dt=tuple(gaps),
            chunk_tokens=_frozen(reader.chunk_tokens()),
            lead_chars=reader.lead_chars(),
            merged_reads=gaps.count(0),
            t_end=exchange.t_end - zero_ns,
            outcome=outcome,
            status=exchange.framer.status,
            error=error or None,
            finish_reason=reader.finish_reason,
            text=text,
            token_ids=_frozen(reader.token_ids),
            usage=self._usage(exchange),
            prompt_sha256=exchange.job.prompt_sha256,
            truncated=exchange.job.truncated,
            origin=self._origin(),
            reasoning=joined(reader.reasoning)[0] if reader.reasoning else UNSET,
        )
        without_done = outcome == "ok" and not reader.done
        return Decoded(event, without_done, backward, reader.usage_in_choice, replaced)

    def _origin(self) -> Origin | UnsetType:
        models = tuple(name for raw in self._reader.models if (name := clean(raw)))
        prints = tuple(name for raw in self._reader.fingerprints if (name := clean(raw)))
        return Origin(models=models, fingerprints=prints) if models or prints else UNSET

    def _usage(self, exchange: Exchange) -> Usage:
        reader = self._reader
        ids = reader.token_ids
        return Usage(
            engine_prompt=_known(reader.prompt_tokens),
            engine_completion=_known(reader.completion_tokens),
            cached_tokens=_known(reader.cached_tokens),
            ids_completion=_known(None if ids is None else len(ids)),
            own_prompt=_known(exchange.job.own_prompt_tokens),
        )

    def _outcome(self, exchange: Exchange) -> tuple[OutcomeCode, str]:
        reader = self._reader
        if (
            exchange.framer.status is not None
            and exchange.framer.status != 200
            and exchange.fault is None
        ):
            return _refused(exchange)
        if reader.fault == "error-in-stream":
            # Whatever became of the connection afterwards: the server has said why.
            return reader.fault, reader.error
        if exchange.fault is not None and not reader.done:
            return exchange.fault, clean(exchange.error)
        if not _is_stream(exchange.framer):
            kind = clean(exchange.framer.headers.get("content-type", "none"))
            pieces = exchange.framer.pieces
            plain = kind.startswith("text/plain")
            words = body_error(pieces) if plain else stated_in(b"".join(pieces))
            sentence = f"the answer is no event stream (content type {kind})"
            return "malformed-response", f"{sentence}: {words}" if words else sentence
        if reader.fault is not None:
            return reader.fault, reader.error
        return self._complete()

    def _complete(self) -> tuple[OutcomeCode, str]:
        """Judge a stream in which nothing was wrong as far as it went."""
        reader = self._reader
        if given_up(reader.finish_reason):
            reason = reader.finish_reason
            return "aborted", f"the engine gave the answer up: its finish reason is {reason}"
        if not reader.done and (self._wants_done or reader.finish_reason is None):
            words = reader.unframed_error()
            if words:
                return "error-in-stream", words
            return "missing-done", "the stream ended without [DONE]"
        if not reader.stamps:
            return "no-content", "the stream had no generated text"
        if self._wants_usage and reader.completion_tokens is None:
            return "missing-usage", "the stream had no usage, though it was asked for"
        return "ok", ""


def _known(count: int | None) -> int | UnsetType:
    return UNSET if count is None else count


def _frozen(numbers: list[int] | None) -> tuple[int, ...] | None:
    return None if numbers is None else tuple(numbers)


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


def _is_stream(framer: Framer) -> bool:
    kind = framer.headers.get("content-type", "")
    return framer.status == 200 and kind.lower().startswith("text/event-stream")


def _refused(exchange: Exchange) -> tuple[OutcomeCode, str]:
    sentence = body_error(exchange.framer.pieces)
    if exchange.framer.status != 429:
        return "http-error", sentence or f"HTTP status {exchange.framer.status}"
    after = clean(exchange.framer.headers.get("retry-after", ""))
    wait = f"Retry-After: {after}" if after else "no Retry-After"
    return "rate-limited", f"{sentence} ({wait})" if sentence else wait
