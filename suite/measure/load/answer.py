"""What a streamed answer said: its text, when each part arrived, its tokens, and whether it ended well.

`AnswerReader` is fed with the pieces of one response after the response has ended, off the timing-critical
path. The arrival time of a chunk is that of the piece that completed its event.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
import zlib
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.errors import EngineError
from suite.measure.load.shapes import Shapes
from suite.measure.load.sse import SseReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.base.jsonio import JSONObject, JSONValue
    from suite.eventdoc import OutcomeCode
    from suite.measure.load.shapes import Run
    from suite.measure.load.sse import Event

MAX_ERROR: Final = 200
"""Characters of a server's error text that are kept."""
MAX_INFLATED: Final = 128 << 20
"""Bytes to which a compressed response may grow."""
_SPACE = re.compile(r"\s+")
_REASONING: Final = ("reasoning_content", "reasoning")
"""Where engines put generated text that is not the answer; it counts for the times, not for the text."""


def clean(text: str) -> str:
    """Make foreign text fit for one line of evidence: no controls, single spaces, at most `MAX_ERROR`."""
    visible = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    short = _SPACE.sub(" ", visible).strip()
    return short if len(short) <= MAX_ERROR else short[: MAX_ERROR - 1] + "…"


def error_text(value: JSONValue) -> str:
    """The sentence in an error object, whatever its shape."""
    if isinstance(value, dict):
        for key in ("message", "detail", "error"):
            if value.get(key):
                return error_text(value[key])
        return clean(jsonio.canonical(value).decode())
    return clean(value if isinstance(value, str) else jsonio.canonical(value).decode())


def body_error(pieces: list[bytes]) -> str:
    """The sentence in the body of a refused request: JSON of any shape, or plain text."""
    body = b"".join(pieces)[:65_536]
    try:
        return error_text(jsonio.loads(body, error=EngineError))
    except EngineError:
        return clean(body.decode("utf-8", "replace"))


class AnswerReader:
    """One stream.

    Attributes:
        texts: the generated text in parts.
        stamps: arrival time of each chunk with non-empty generated text.
        tokens: new tokens in each of these chunks; -1 where nothing said.
        token_ids: ids received, None when there were none.
        finish_reason: the last one given.
        prompt_tokens: the server's last count of prompt tokens.
        completion_tokens: the server's last count of generated tokens.
        done: the final ``[DONE]`` came.
        fault: outcome code of what was wrong in the stream, None if nothing.
        error: the sentence that goes with it.
    """

    __slots__ = (
        "_counted",
        "_inflate",
        "_inflated",
        "_pending",
        "_shapes",
        "_sse",
        "completion_tokens",
        "done",
        "error",
        "fault",
        "finish_reason",
        "prompt_tokens",
        "stamps",
        "texts",
        "token_ids",
        "tokens",
    )

    def __init__(self, encoding: str = "", shapes: Shapes | None = None) -> None:
        """Prepare for a body with this content encoding (empty, ``gzip`` or ``deflate``).

        Moulds of chunks are taken from and added to `shapes`, which streams of one engine may share.
        """
        self.texts: list[str] = []
        self.stamps: list[int] = []
        self.tokens: list[int] = []
        self.token_ids: list[int] | None = None
        self.finish_reason: str | None = None
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None
        self.done = False
        self.fault: OutcomeCode | None = None
        self.error = ""
        self._sse = SseReader()
        self._shapes = Shapes() if shapes is None else shapes
        self._counted = 0
        self._pending = 0
        self._inflated = 0
        self._inflate: zlib._Decompress | None = None
        if encoding in ("gzip", "x-gzip", "deflate"):
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
        elif encoding not in ("", "identity"):
            self._fail(
                "malformed-response", f"content encoding {clean(encoding)} was not asked for"
            )

    def feed_all(self, pieces: Sequence[bytes], stamps: Sequence[int]) -> None:
        """Take consecutive pieces of the body and their arrival times."""
        position, count = 0, len(pieces)
        while position < count:
            run = None
            if self.fault is None and not self.done and self._plain():
                run = self._shapes.run(pieces[position:] if position else pieces)
            if run is None:
                self._long_way(pieces[position], stamps[position])
                position += 1
            else:
                end = position + len(run.texts)
                self._add_run(run, stamps[position:end])
                position = end

    def feed(self, piece: bytes, stamp: int) -> None:
        """Take one piece of the body and its arrival time."""
        self.feed_all((piece,), (stamp,))

    def _plain(self) -> bool:
        """Whether a piece that is one whole event means just that."""
        return self._inflate is None and self._sse.clean()

    def _long_way(self, piece: bytes, stamp: int) -> None:
        """Take a piece that fits no mould, or may not be read by one."""
        if self.fault is not None or self.done:
            return
        if self._inflate is not None:
            piece = self._decompress(piece)
        for event in self._sse.feed(piece):
            self._event(event, stamp)

    def end(self, stamp: int) -> None:
        """The body has ended; takes what was still pending."""
        if self.fault is None:
            for event in self._sse.end():
                self._event(event, stamp)

    def chunk_tokens(self) -> list[int] | None:
        """New tokens in each content chunk; None unless ids or running usage told for every one.

        Tokens of chunks without text (half a character, a special token) count with the next chunk that
        has text; what follows the last of these, usually the end token, counts with none.
        """
        if not self.tokens or min(self.tokens) < 0:
            return None
        return self.tokens

    def _fail(self, code: OutcomeCode, why: str) -> None:
        if self.fault is None:
            self.fault, self.error = code, why

    def _decompress(self, piece: bytes) -> bytes:
        assert self._inflate is not None
        try:
            plain = self._inflate.decompress(piece, MAX_INFLATED - self._inflated)
        except zlib.error as cause:
            self._fail("malformed-response", f"the compressed body is damaged: {cause}")
            return b""
        self._inflated += len(plain)
        if self._inflated >= MAX_INFLATED:
            self._fail("malformed-response", "the compressed body is too large")
        return plain

    def _event(self, event: Event, stamp: int) -> None:
        if self.done or self.fault is not None:
            return
        if event.data == b"[DONE]" or event.data.strip() == b"[DONE]":
            self.done = True
            return
        try:
            document = jsonio.loads(event.data, name="chunk", error=EngineError)
        except EngineError as cause:
            self._fail("malformed-chunk", clean(cause.message))
            return
        if not isinstance(document, dict):
            self._fail("malformed-chunk", "a chunk is not an object")
        elif document.get("error") or event.kind == b"error":
            self._fail("error-in-stream", error_text(document.get("error") or document))
        else:
            self._chunk(document, stamp)
            if not event.kind:
                self._shapes.learn(event.data, document)

    def _chunk(self, document: JSONObject, stamp: int) -> None:
        usage = document.get("usage")
        running = self._usage(usage) if isinstance(usage, dict) else None
        choices = document.get("choices")
        if not isinstance(choices, list):
            if running is None:
                self._fail("malformed-chunk", "a chunk has no choices")
            return
        for choice in choices:
            if not isinstance(choice, dict):
                self._fail("malformed-chunk", "a choice is not an object")
            elif choice.get("index", 0) == 0:
                self._choice(choice, running, stamp)

    def _usage(self, usage: JSONObject) -> int | None:
        prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
        if isinstance(prompt, int) and prompt >= 0:
            self.prompt_tokens = prompt
        if isinstance(completion, int) and completion >= 0:
            self.completion_tokens = completion
            return completion
        return None

    def _choice(self, choice: JSONObject, running: int | None, stamp: int) -> None:
        reason = choice.get("finish_reason")
        if isinstance(reason, str):
            self.finish_reason = clean(reason)
        delta = choice.get("delta")
        source = delta if isinstance(delta, dict) else choice
        text = source.get("content") if source is delta else source.get("text")
        if text is None:
            text = ""
        if not isinstance(text, str):
            self._fail("malformed-chunk", "the generated text is not a string")
            return
        reasoning = any(isinstance(source.get(k), str) and source[k] for k in _REASONING)
        ids = choice.get("token_ids")
        numbers = None
        if isinstance(ids, list) and all(isinstance(number, int) for number in ids):
            numbers = [number for number in ids if isinstance(number, int)]
        self._add(text, numbers, running, stamp, visible=bool(text) or reasoning)

    def _add_run(self, run: Run, stamps: Sequence[int]) -> None:
        """Take what consecutive chunks of one mould say."""
        texts, ids, prompt, completions = run
        if prompt is not None:
            self.prompt_tokens = prompt
        if completions is not None:
            self.completion_tokens = completions[-1]
        if all(texts) and (ids is not None or completions is None):
            self.texts += texts
            self.stamps += stamps
            self.tokens += [-1] * len(texts) if ids is None else self._count(ids, completions)
            self._pending = 0
            return
        for number, text in enumerate(texts):
            self._add(
                text,
                None if ids is None else ids[number],
                None if completions is None else completions[number],
                stamps[number],
                visible=bool(text),
            )

    def _count(self, ids: list[list[int]], completions: list[int] | None) -> list[int]:
        """New tokens of consecutive chunks that all have text, by their ids."""
        tokens = list(map(len, ids))
        self.token_ids = [] if self.token_ids is None else self.token_ids
        self.token_ids += itertools.chain.from_iterable(ids)
        self._counted = completions[-1] if completions else self._counted + sum(tokens)
        tokens[0] += self._pending
        return tokens

    def _add(
        self, text: str, ids: list[int] | None, running: int | None, stamp: int, *, visible: bool
    ) -> None:
        """Take what one chunk says; its tokens count by their ids, else by the running usage."""
        if ids is not None:
            self.token_ids = [] if self.token_ids is None else self.token_ids
            self.token_ids += ids
            self._pending += len(ids)
            self._counted = running if running is not None else self._counted + len(ids)
        elif running is not None:
            self._pending += max(0, running - self._counted)
            self._counted = running
        if visible:
            told = ids is not None or running is not None
            self.texts.append(text)
            self.stamps.append(stamp)
            self.tokens.append(self._pending if told else -1)
            self._pending = 0
