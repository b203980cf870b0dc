"""What a streamed answer said: its text, when each part arrived, its tokens, and whether it ended well.

`AnswerReader` is fed with the pieces of one response after the response has ended, off the timing-critical
path. The arrival time of a chunk is that of the piece that completed its event.
"""

from __future__ import annotations

import itertools
import zlib
from typing import TYPE_CHECKING, Final, cast

from suite.base.unicode14 import shows
from suite.documents.event import FOURTH
from suite.measure.load.decode.chunk import (
    Chunk,
    Refusal,
    Usage,
    read,
    read_named,
    read_plain,
)
from suite.measure.load.decode.foreign import MAX_BODY, body_error, clean, is_half, stated_in
from suite.measure.load.decode.sse import SseReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.event import OutcomeCode
    from suite.measure.load.decode.chunk import Choice, Counts, Named, OnlyChoice, PlainChunk
    from suite.measure.load.decode.sse import Event

MAX_INFLATED: Final = 128 << 20
"""Bytes to which a compressed response may grow."""
MAX_NAMES: Final = 8
"""Different names of model or configuration that are kept of one answer."""
UNKNOWN: Final = -1
"""New tokens of a chunk about which nothing was said."""
_FIRST: Final = (0, None, "0")
"""How the one answer that was asked for is numbered."""


class AnswerReader:
    """One stream.

    Attributes:
        texts: the generated text in parts.
        stamps: arrival time of each chunk with non-empty generated text.
        tokens: new tokens in each of these chunks; `UNKNOWN` where nothing said.
        token_ids: ids received, None when there were none.
        finish_reason: the last one given.
        reasoning: what came as reasoning, in parts.
        models: names that the answer came under, in order; plain chunks are asked only where no other one says.
        fingerprints: the same of the configuration that served.
        prompt_tokens: the server's last count of prompt tokens.
        cached_tokens: the server's last count of those among them that came from its cache.
        usage_in_choice: a count came inside the choice.
        completion_tokens: the server's last count of generated tokens.
        done: the final ``[DONE]`` came.
        fault: outcome code of what was wrong in the stream, None if nothing.
        error: the sentence that goes with it.
    """

    __slots__ = (
        "_counted",
        "_first",
        "_inflate",
        "_inflated",
        "_most",
        "_pending",
        "_sse",
        "cached_tokens",
        "completion_tokens",
        "done",
        "error",
        "fault",
        "fingerprints",
        "finish_reason",
        "models",
        "prompt_tokens",
        "reasoning",
        "stamps",
        "texts",
        "token_ids",
        "tokens",
        "usage_in_choice",
    )

    def __init__(self, encoding: str = "", most: int = MAX_INFLATED) -> None:
        """Prepare for a body with this content encoding (empty, ``gzip`` or ``deflate``) and at most so many bytes."""
        self._most = most
        self.texts: list[str] = []
        self.stamps: list[int] = []
        self.tokens: list[int] = []
        self.token_ids: list[int] | None = None
        self.finish_reason: str | None = None
        self.reasoning: list[str] = []
        self.models: tuple[str, ...] = ()
        self.fingerprints: tuple[str, ...] = ()
        self._first = b""
        self.prompt_tokens: int | None = None
        self.cached_tokens: int | None = None
        self.completion_tokens: int | None = None
        self.usage_in_choice = False
        self.done = False
        self.fault: OutcomeCode | None = None
        self.error = ""
        self._sse = SseReader()
        self._counted = 0
        self._pending = 0
        self._inflated = 0
        self._inflate: zlib._Decompress | None = None
        if encoding in ("gzip", "x-gzip", "deflate"):
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
        elif encoding not in ("", "identity"):
            sentence = f"content encoding {clean(encoding)} was not asked for"
            self._fail("malformed-response", sentence)

    def feed_all(self, pieces: Sequence[bytes], stamps: Sequence[int]) -> None:
        """Take consecutive pieces of the body and their arrival times."""
        if self.fault is not None or self.done or not pieces:
            return
        # Nearly always every piece is a plain chunk: these are read in one go, by halves around any that is not.
        whole = self._inflate is None and not self._sse.pending()
        chunks = read_plain(pieces) if whole else None
        if chunks is not None:
            if not self._sse.begun:
                self._sse.begun = True
                self._first = pieces[0]
            self._add_plain(chunks, stamps)
        elif len(pieces) == 1:
            self._feed(pieces[0], stamps[0])
        else:
            middle = len(pieces) // 2
            self.feed_all(pieces[:middle], stamps[:middle])
            self.feed_all(pieces[middle:], stamps[middle:])

    def feed(self, piece: bytes, stamp: int) -> None:
        """Take one piece of the body and its arrival time."""
        self.feed_all((piece,), (stamp,))

    def end(self, stamp: int) -> None:
        """The body has ended; takes what was still pending."""
        if self.fault is None:
            for event in self._sse.end():
                self._event(event, stamp)
        if self._first and not (self.models or self.fingerprints):
            self._name(read_named(self._first))

    def unframed_error(self) -> str:
        """The server's words where it sent an error as bare JSON among or instead of events; "" where it did not."""
        return stated_in(b"\n".join(self._sse.stray)) if self._sse.stray else ""

    def chunk_tokens(self) -> list[int] | None:
        """New tokens in each content chunk; None unless ids or running usage told for every one.

        Tokens of chunks without text (half a character, a special token) count with the next chunk that
        has text; what follows the last of these, usually the end token, counts with none.
        """
        if not self.tokens or min(self.tokens) < 0:
            return None
        return self.tokens

    def lead_chars(self) -> tuple[int, ...]:
        """Characters of text in each of the first chunks, up to the fourth that holds a token and shows something.

        Reasoning shows, though `texts` leaves it out.
        """
        counts = self.chunk_tokens()
        lead: list[int] = []
        shown = 0
        for place, text in enumerate(self.texts):
            # The second half of a character is none of its own.
            lead.append(len(text) - (place > 0 and is_half(self.texts[place - 1], text)))
            holds = counts is None or counts[place] > 0
            shown += holds and (not text or shows(text))
            if shown == FOURTH:
                break
        return tuple(lead)

    def _feed(self, piece: bytes, stamp: int) -> None:
        if self._inflate is not None:
            piece = self._decompress(piece)
        for event in self._sse.feed(piece):
            self._event(event, stamp)

    def _fail(self, code: OutcomeCode, sentence: str) -> None:
        if self.fault is None:
            self.fault, self.error = code, sentence

    def _decompress(self, piece: bytes) -> bytes:
        assert self._inflate is not None
        try:
            plain = self._inflate.decompress(piece, self._most - self._inflated)
        except zlib.error as cause:
            self._fail("malformed-response", f"the compressed body is damaged: {cause}")
            return b""
        self._inflated += len(plain)
        if self._inflated >= self._most:
            self._fail("answer-too-large", f"unpacked it has over {self._most:,} bytes")
        return plain

    def _event(self, event: Event, stamp: int) -> None:
        if self.done or self.fault is not None:
            return
        if event.data == b"[DONE]" or event.data.strip() == b"[DONE]":
            self.done = True
            return
        if event.kind == b"error":
            self._fail("error-in-stream", body_error([event.data]))
            return
        chunk = read(event.data)
        if isinstance(chunk, Refusal):
            self._fail(*chunk)
        elif not chunk.choices and chunk.usage is None and (words := stated_in(event.data)):
            self._fail("error-in-stream", words)
        elif chunk.choices is None and chunk.usage is None:
            what = event.data[:MAX_BODY].decode("utf-8", "replace")
            self._fail("malformed-chunk", clean(f"a chunk has no choices: {what}"))
        else:
            self._name(chunk)
            self._add_chunk(chunk, stamp)

    def _name(self, chunk: Named | Chunk) -> None:
        """Keep who answered."""
        model, fingerprint = chunk.model, chunk.system_fingerprint
        if type(model) is str and model not in self.models and len(self.models) < MAX_NAMES:
            self.models += (model,)
        if (
            type(fingerprint) is str
            and fingerprint not in self.fingerprints
            and len(self.fingerprints) < MAX_NAMES
        ):
            self.fingerprints += (fingerprint,)

    def _add_plain(self, chunks: Sequence[PlainChunk], stamps: Sequence[int]) -> None:
        """Take what consecutive plain chunks say."""
        choices = [chunk.choices[0] for chunk in chunks]
        texts = [(c.text or "") if c.delta is None else c.delta.content for c in choices]
        if not texts[0]:
            # Often the first of a stream, which brings the role.
            self._add_chunk(chunks[0], stamps[0])
            if len(chunks) == 1:
                return
            chunks, stamps, choices, texts = chunks[1:], stamps[1:], choices[1:], texts[1:]
        ids = [choice.token_ids for choice in choices]
        if all(texts) and self._add_tokens(ids, [chunk.usage for chunk in chunks]):
            self.texts += texts
            self.stamps += stamps
            return
        for chunk, stamp in zip(chunks, stamps, strict=True):
            self._add_chunk(chunk, stamp)

    def _add_tokens(self, ids: Sequence[list[int] | None], usages: Sequence[Counts | None]) -> bool:
        """Count the tokens of consecutive chunks that all have text, as `_add` does one by one.

        False, with nothing taken, where they are not all unknown and not all known by their ids.
        """
        unknown = [None] * len(ids)
        if ids == unknown:
            if usages != unknown:
                return False
            self.tokens += [UNKNOWN] * len(ids)
            self._pending = 0
            return True
        last = usages[-1]
        if None in ids or (usages != unknown if last is None else not last.complete()):
            return False
        known = cast("Sequence[list[int]]", ids)  # None is not among them
        tokens = list(map(len, known))
        self.token_ids = [] if self.token_ids is None else self.token_ids
        self.token_ids += itertools.chain.from_iterable(known)
        self._counted += sum(tokens)
        if last is not None:
            self._counted = self._counts(last) or 0
        tokens[0] += self._pending
        self._pending = 0
        self.tokens += tokens
        return True

    def _add_chunk(self, chunk: Chunk | PlainChunk, stamp: int) -> None:
        """Take what one chunk says."""
        running = None if chunk.usage is None else self._usage(chunk.usage)
        if chunk.choices is None and running is None:
            self._fail("malformed-chunk", "a chunk has no choices")
        for choice in chunk.choices or ():
            if choice.index in _FIRST:
                if chunk.usage is None and choice.usage is not None:
                    self.usage_in_choice = True
                    running = self._usage(choice.usage)
                self._add(choice, running, stamp)

    def _usage(self, usage: Usage | Counts) -> int | None:
        cached = usage.cached() if isinstance(usage, Usage) else None
        self.cached_tokens = self.cached_tokens if cached is None else cached
        return self._counts(usage)

    def _counts(self, usage: Usage | Counts) -> int | None:
        if usage.prompt_tokens is not None:
            self.prompt_tokens = usage.prompt_tokens
        if usage.completion_tokens is not None:
            self.completion_tokens = usage.completion_tokens
        return usage.completion_tokens

    def _add(self, choice: Choice | OnlyChoice, running: int | None, stamp: int) -> None:
        """Take what one chunk says of the answer; its tokens count by their ids, else by the running usage."""
        delta, ids = choice.delta, choice.token_ids
        if choice.finish_reason:
            self.finish_reason = clean(choice.finish_reason)
        if ids is not None:
            self.token_ids = [] if self.token_ids is None else self.token_ids
            self.token_ids += ids
            self._pending += len(ids)
            self._counted = running if running is not None else self._counted + len(ids)
        elif running is not None:
            self._pending += max(0, running - self._counted)
            self._counted = running
        text = choice.text if delta is None else delta.content
        thought = "" if delta is None else delta.thought()
        if thought:
            self.reasoning.append(thought)
        if text or thought:
            known = ids is not None or running is not None
            self.texts.append(text or "")
            self.stamps.append(stamp)
            self.tokens.append(self._pending if known else UNKNOWN)
            self._pending = 0
