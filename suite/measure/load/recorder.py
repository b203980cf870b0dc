"""From what came over the wire to request events, in small steps between the loop's arrivals.

Decoding waits for idle moments: it takes some 10 µs a chunk, and arrival times do not depend on when the
client reads. Only when more than `BACKLOG_BYTES` wait is it done in between.
"""

from __future__ import annotations

import itertools
from collections import deque
from typing import TYPE_CHECKING, Final

from suite.measure.load.answer import AnswerReader, body_error, clean
from suite.measure.load.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.declare.plandoc import PhaseDoc, RequestDoc
    from suite.eventdoc import OutcomeCode, RequestEvent, UsageDoc
    from suite.measure.load.connection import Exchange
    from suite.measure.load.framing import Framer
    from suite.measure.load.job import PhaseStats

BACKLOG_BYTES: Final = 16 << 20
"""Bytes of ended responses that may wait before they are decoded between arrivals."""
STEP: Final = 16
"""Pieces decoded in one step: some 0.2 ms."""


class Recorder:
    """Decodes ended requests and hands them on as events.

    Attributes:
        finished: requests handed on.
    """

    def __init__(
        self,
        phase: PhaseDoc,
        request: RequestDoc,
        stats: PhaseStats,
        *,
        zero_ns: int,
        on_request: Callable[[RequestEvent], None],
    ) -> None:
        self.finished = 0
        self._phase = phase
        self._stats = stats
        self._zero = zero_ns
        self._on_request = on_request
        options = request["stream_options"] or {}
        self._wants_usage = bool(options.get("include_usage"))
        self._wants_done = request["done_marker"]
        self._waiting: deque[Exchange] = deque()
        self._waiting_bytes = 0
        self._exchange: Exchange | None = None
        self._shapes = Shapes()
        self._reader = AnswerReader("", self._shapes)
        self._position = 0

    def add(self, exchange: Exchange) -> None:
        """Queue a request that has ended."""
        self._waiting.append(exchange)
        self._waiting_bytes += exchange.framer.total
        peak = self._stats.undecoded_peak_bytes
        self._stats.undecoded_peak_bytes = max(peak, self._waiting_bytes)

    def pending(self) -> bool:
        """Whether anything waits to be decoded."""
        return self._exchange is not None or bool(self._waiting)

    def pressed(self) -> bool:
        """Whether so much waits that decoding must not be put off any longer."""
        return self._waiting_bytes > BACKLOG_BYTES

    def step(self) -> None:
        """Decode a little; hand the request on when it is complete."""
        exchange = self._exchange
        if exchange is None:
            exchange = self._exchange = self._waiting.popleft()
            encoding = exchange.framer.headers.get("content-encoding", "").lower()
            self._reader = AnswerReader(encoding, self._shapes)
            self._position = 0
            if not _is_stream(exchange.framer):
                self._finish(exchange)
                return
        framer, start = exchange.framer, self._position
        end = self._position = min(start + STEP, len(framer.pieces))
        for index in range(start, end):
            self._reader.feed(framer.pieces[index], framer.stamps[index])
        if end == len(framer.pieces):
            if framer.stamps:
                self._reader.end(framer.stamps[-1])
            self._finish(exchange)

    def drain(self) -> None:
        """Decode everything that waits."""
        while self.pending():
            self.step()

    def _finish(self, exchange: Exchange) -> None:
        event = self._event(exchange)
        self._exchange = None
        self._waiting_bytes -= exchange.framer.total
        stats = self._stats
        stats.outcomes[event["outcome"]] += 1
        stats.merged_reads += event["merged_reads"]
        stats.without_done += event["outcome"] == "ok" and not self._reader.done
        self.finished += 1
        self._on_request(event)

    def _event(self, exchange: Exchange) -> RequestEvent:
        job, reader = exchange.job, self._reader
        outcome, error = self._outcome(exchange)
        stamps = self._monotone(reader.stamps)
        gaps = [after - before for before, after in itertools.pairwise(stamps)]
        t_send = exchange.t_send - self._zero
        return {
            "type": "request",
            "phase": self._phase["name"],
            "repeat": self._phase["repeat"],
            "measured": self._phase["measured"],
            "index": job.index,
            "task": job.task,
            "t_sched": t_send if exchange.t_sched is None else exchange.t_sched - self._zero,
            "t_send": t_send,
            "chunk_t0": stamps[0] - self._zero if stamps else None,
            "chunk_dt": gaps,
            "chunk_tokens": reader.chunk_tokens(),
            "merged_reads": gaps.count(0),
            "t_end": exchange.t_end - self._zero,
            "outcome": outcome,
            "status": exchange.framer.status,
            "error": error or None,
            "finish_reason": reader.finish_reason,
            "text": "".join(reader.texts),
            "token_ids": reader.token_ids,
            "usage": self._usage(exchange),
            "prompt_sha256": job.prompt_sha256,
            "truncated": job.truncated,
        }

    def _monotone(self, stamps: list[int]) -> list[int]:
        """Arrival times that never go back; the kernel's can, when the clock is set."""
        result: list[int] = []
        for stamp in stamps:
            backward = bool(result) and stamp < result[-1]
            self._stats.backward_stamps += backward
            result.append(result[-1] if backward else stamp)
        return result

    def _usage(self, exchange: Exchange) -> UsageDoc:
        reader = self._reader
        usage: UsageDoc = {}
        if reader.prompt_tokens is not None:
            usage["engine_prompt"] = reader.prompt_tokens
        if reader.completion_tokens is not None:
            usage["engine_completion"] = reader.completion_tokens
        if reader.token_ids is not None:
            usage["ids_completion"] = len(reader.token_ids)
        if exchange.job.own_prompt_tokens is not None:
            usage["own_prompt"] = exchange.job.own_prompt_tokens
        return usage

    def _outcome(self, exchange: Exchange) -> tuple[OutcomeCode, str]:
        framer, reader = exchange.framer, self._reader
        if framer.status is not None and framer.status != 200 and exchange.fault is None:
            return _refused(framer)
        if exchange.fault is not None and not reader.done:
            return exchange.fault, clean(exchange.error)
        if not _is_stream(framer):
            kind = clean(framer.headers.get("content-type", "none"))
            return "malformed-response", f"the answer is no event stream (content type {kind})"
        if reader.fault is not None:
            return reader.fault, reader.error
        return self._complete(reader)

    def _complete(self, reader: AnswerReader) -> tuple[OutcomeCode, str]:
        """Judge a stream in which nothing was wrong as far as it went."""
        if not reader.done and (self._wants_done or reader.finish_reason is None):
            return "missing-done", "the stream ended without [DONE]"
        if not reader.stamps:
            return "no-content", "the stream had no generated text"
        if self._wants_usage and reader.completion_tokens is None:
            return "missing-usage", "the stream had no usage, though it was asked for"
        return "ok", ""


def _is_stream(framer: Framer) -> bool:
    kind = framer.headers.get("content-type", "")
    return framer.status == 200 and kind.lower().startswith("text/event-stream")


def _refused(framer: Framer) -> tuple[OutcomeCode, str]:
    sentence = body_error(framer.pieces)
    if framer.status != 429:
        return "http-error", sentence or f"HTTP status {framer.status}"
    after = clean(framer.headers.get("retry-after", ""))
    wait = f"Retry-After: {after}" if after else "no Retry-After"
    return "rate-limited", f"{sentence} ({wait})" if sentence else wait
