"""One scripted answer, as a sequence of writes at given moments."""

from __future__ import annotations

import enum
import http
import itertools
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from suite.base import jsonio
from suite.measure.engine.sim_reply import Reply
from suite.measure.engine.sim_script import Fault, Script, token_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.base.jsonio import JSONObject

_FLOODS = frozenset({"floods", "floods_comments"})
_FLOOD_NS = 1_000_000
_MIDWAY = frozenset({"resets_midway", "closes_early", "dies_after", "stalls", "no_finish"})
_TOO_LONG = {"error": {"code": 400, "message": "the prompt exceeds the context"}}
_HALVES = (" \ud83d", "\ude00")
"""A character in two parts, as a server sends it that cuts by code units."""


EARLY_NS = 1_000_000
"""When what was not computed is sent."""
HELD_NS = 150_000
"""Between chunks that were held back and leave together."""


class Act(enum.Enum):
    """What happens at a moment."""

    WRITE = "write"
    CONTENT = "content"  # a write whose moment is recorded as a token's true time
    END = "end"  # the response is complete
    CLOSE = "close"
    RESET = "reset"
    DIE = "die"
    REFUSE = "refuse"


class Step(NamedTuple):
    """An act, when it is due (nanoseconds after the answer was begun), and the bytes to write."""

    due_ns: int
    act: Act
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Request:
    """A generation request as far as the server understands it.

    Attributes:
        prompt: its text; of one that was sent as token ids their numbers.
        prompt_ids: the token ids; empty where a text was sent.
        exact: the answer does not end before `limit`.
    """

    chat: bool
    model: str
    prompt: str
    prompt_ids: tuple[int, ...]
    exact: bool
    limit: int
    usage: bool
    running_usage: bool
    ids: bool
    stream: bool


def read_request(path: str, body: JSONObject) -> Request:
    """Understand a request; what is missing takes the usual default."""
    options = body.get("stream_options")
    options = options if isinstance(options, dict) else {}
    chat = path.endswith("/chat/completions")
    prompt = body.get("prompt")
    if chat:
        messages = body.get("messages")
        last = messages[-1] if isinstance(messages, list) and messages else None
        prompt = last.get("content") if isinstance(last, dict) else None
    sent = prompt if isinstance(prompt, list) else []
    numbers = tuple(number for number in sent if isinstance(number, int))
    if numbers:
        prompt = " ".join(map(str, numbers))
    limit = body.get("max_tokens")
    return Request(
        chat=chat,
        model=str(body.get("model", "sim")),
        prompt=prompt if isinstance(prompt, str) else "",
        prompt_ids=numbers,
        exact=body.get("ignore_eos") is True,
        limit=limit if isinstance(limit, int) and 0 < limit < 1 << 24 else 16,
        usage=bool(options.get("include_usage")),
        running_usage=bool(options.get("continuous_usage_stats")),
        ids=bool(body.get("return_token_ids")),
        stream=body.get("stream") is True,
    )


def refuse(status: int, message: str, extra: str = "") -> bytes:
    """A complete response that refuses a request."""
    body = jsonio.canonical({"error": {"message": message, "code": status}})
    return whole(status, body, extra)


def whole(status: int, body: bytes, extra: str = "", *, kind: str = "application/json") -> bytes:
    """A complete response."""
    phrase = http.HTTPStatus(status).phrase
    head = f"HTTP/1.1 {status} {phrase}\r\ncontent-type: {kind}\r\n{extra}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def plain_reply(script: Script, request: Request) -> Reply:
    """What a server without a model answers."""
    texts, cut = script.answer(request.prompt, request.limit)
    return Reply(
        texts=texts,
        ids=[token_id(text) for text in texts],
        cut=cut,
        prompt_tokens=len(request.prompt.split()),
        base_ms=script.ttft_ms,
        read_ms=0.0,
        gap_ms=script.itl_ms,
        per_chunk=script.tokens_per_chunk,
    )


def steps(  # noqa: PLR0917 - what an answer follows from
    script: Script,
    request: Request,
    fault: Fault | None,
    number: int,
    slowness: float = 1.0,
    reply: Reply | None = None,
) -> Iterator[Step]:
    """All writes of an answer, in order; its times are the reply's times `slowness`."""
    if reply is None:
        reply = plain_reply(script, request)
    if fault is None and reply.fault:
        fault = Fault(reply.fault)
    name = "" if fault is None else fault.name
    at_once = {
        "http_500": refuse(500, "the engine is broken"),
        "http_400": refuse(400, "max_tokens is too large"),
        "rate_limited": refuse(429, "too many requests", "retry-after: 7\r\n"),
        "no_stream": whole(200, jsonio.canonical({"choices": [{"text": "one"}]})),
        "json_error": whole(200, jsonio.canonical(_TOO_LONG)),
        "text_error": whole(200, b"upstream connect error: rank 3 is gone", kind="text/plain"),
        "unframed_error": whole(200, jsonio.canonical(_TOO_LONG), kind="text/event-stream"),
    }.get(name)
    if at_once is not None:
        return iter((Step(0, Act.WRITE, at_once), Step(0, Act.END)))
    if name == "not_http":
        return iter((Step(0, Act.WRITE, b"SSH-2.0-nothing\r\n"), Step(0, Act.CLOSE)))
    if name == "refuses":
        return iter((Step(0, Act.REFUSE),))
    if name == "silent":
        return iter(())
    return _Stream(script, request, fault or Fault(""), number, slowness, reply).steps()


def _turn(names: list[str], number: int) -> str:
    """The name whose turn it is; "" without any."""
    return str(names[number % len(names)]) if names else ""


class _Stream:
    """Builds the chunks of one event stream."""

    def __init__(  # noqa: PLR0917 - what an answer follows from
        self,
        script: Script,
        request: Request,
        fault: Fault,
        number: int,
        slowness: float,
        reply: Reply,
    ) -> None:
        self._script = script
        self._ns_per_ms = 1e6 * slowness
        self._request = request
        self._fault = fault
        self._name = fault.name
        self._reply = reply
        kind = "chat.completion.chunk" if request.chat else "text_completion"
        model = _turn(script.models, number) or request.model
        head = {"id": f"sim-{number}", "object": kind, "created": 1, "model": model}
        fingerprint = _turn(script.fingerprints, number)
        if fingerprint:
            head["system_fingerprint"] = fingerprint
        self._head = jsonio.canonical(head)[:-1]
        self._zip = None
        if self._name == "gzip":
            self._zip = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)

    def steps(self) -> Iterator[Step]:
        reply, name = self._reply, self._name
        head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
        if self._zip is not None:
            head += "content-encoding: gzip\r\n"
        yield Step(0, Act.WRITE, f"{head}transfer-encoding: chunked\r\n\r\n".encode())
        first = int(reply.first_ms * self._ns_per_ms)
        if self._request.chat:
            at_once = name == "role_only_first_chunk" or reply.first_early or reply.lead is not None
            yield from self._write(
                0 if at_once else first, self._chunk(b'{"role":"assistant","content":""}')
            )
        if name in _FLOODS:
            yield from self._flood(first)
        if reply.lead is not None:
            yield from self._write(EARLY_NS, self._content([reply.lead], [], 0, 0), Act.CONTENT)
        texts = [] if name == "empty_answer" else reply.texts
        size = 4 if name == "several_tokens_per_chunk" else reply.per_chunk
        sent, due = 0, first
        for position in self._positions(len(texts), size):
            due = self._due(first, position)
            # An answer that never ends says the same words again and again.
            start = position % len(texts)
            part, ids = texts[start : start + size], reply.ids[start : start + size]
            if name in _MIDWAY and position // size >= self._fault.after_chunks:
                yield from self._break_off(due)
                return
            if name == "aborts" and position // size >= self._fault.after_chunks:
                yield from self._close(due, sent, self._fault.reason)
                return
            sent += len(part)
            yield from self._write(
                due, self._content(part, ids, sent, position // size), Act.CONTENT
            )
            if position // size == self._fault.after_chunks - 1:
                yield from self._spoil(due)
        yield from self._close(due, sent, "length" if reply.cut and texts else "stop")

    def _due(self, first: int, position: int) -> int:
        """When the chunk that begins with a token is written."""
        reply = self._reply
        if reply.first_early and position == 0:
            return EARLY_NS
        if reply.held > 1:
            # The group leaves together when its last token is there, the chunks one right after the other.
            place = position % reply.held
            position += reply.held - 1 - place
            return first + int(reply.gap_ms * self._ns_per_ms) * position + place * HELD_NS
        return first + int(reply.gap_ms * self._ns_per_ms) * position

    def _flood(self, due: int) -> Iterator[Step]:
        """Some 50 MB a second, for ever."""
        words = "over and over " * 4096
        comment = f": {words}\n".encode()
        for number in itertools.count():
            moment = due + number * _FLOOD_NS
            if self._name == "floods":
                yield from self._write(
                    moment, self._content([words], [token_id(words)], 1, 0), Act.CONTENT
                )
            else:
                yield Step(moment, Act.WRITE, b"%x\r\n%b\r\n" % (len(comment), comment))

    def _positions(self, count: int, size: int) -> Iterator[int]:
        position = 0
        while position < count or (self._name == "never_ends" and count):
            yield position
            position += size

    def _spoil(self, due: int) -> Iterator[Step]:
        if self._name == "malformed_chunk":
            yield from self._write(due, b'{"choices":[{"index":0,')
        elif self._name == "error_in_stream":
            error = {"message": "the engine ran out of memory", "code": 500}
            yield from self._write(due, jsonio.canonical({"error": error}))
        elif self._name == "flat_error":
            error = {"object": "error", "message": "a worker has died", "code": 500}
            yield from self._write(due, jsonio.canonical(error))

    def _break_off(self, due: int) -> Iterator[Step]:
        if self._name == "no_finish":
            yield Step(due, Act.WRITE, b"0\r\n\r\n")
            yield Step(due, Act.END)
        act = {"resets_midway": Act.RESET, "closes_early": Act.CLOSE, "dies_after": Act.DIE}
        if self._name in act:
            yield Step(due, act[self._name])

    def _close(self, due: int, sent: int, reason: str) -> Iterator[Step]:
        delta = b'{"content":""}' if self._request.chat else b""
        yield from self._write(due, self._chunk(delta, reason, usage=sent))
        if self._request.usage and self._name not in ("no_usage", "usage_in_choice"):
            choices = b'[{"index":0,"finish_reason":""}]' if self._name == "empty_reason" else b"[]"
            tail = b',"choices":' + choices + b',"usage":' + self._usage(sent) + b"}"
            yield from self._write(due, self._head + tail)
        if self._name != "no_done":
            yield from self._write(due, b"[DONE]")
        if self._zip is not None:
            rest = self._zip.flush()
            yield Step(due, Act.WRITE, b"%x\r\n%b\r\n" % (len(rest), rest))
        yield Step(due, Act.WRITE, b"0\r\n\r\n")
        yield Step(due, Act.END)

    def _content(self, part: list[str], numbers: list[int], sent: int, number: int) -> bytes:
        """The chunk of this number with some tokens' text."""
        words = "".join(part)
        if self._name == "splits_characters" and number < len(_HALVES):
            words = _HALVES[number]
        elif self._name == "thinks_aloud" and number == self._fault.after_chunks:
            words = "\n</think>\n\n"
        halved = self._name == "splits_characters"
        text = json.dumps(words).encode() if halved else jsonio.canonical(words)
        member = b"reasoning_content" if self._name == "reasons_only" else b"content"
        source = b'{"%b":%b}' % (member, text) if self._request.chat else text
        ids = None
        if self._request.ids and self._script.token_ids:
            ids = jsonio.canonical(numbers)
        return self._chunk(source, None, ids, usage=sent)

    def _chunk(
        self, source: bytes, reason: str | None = None, ids: bytes | None = None, *, usage: int = 0
    ) -> bytes:
        """One chunk: `source` is the delta of a chat, the text of a completion."""
        member = b'"delta":' + source if self._request.chat else b'"text":' + (source or b'""')
        finish = b"null" if reason is None else jsonio.canonical(reason)
        if self._name == "empty_reason" and reason is None:
            finish = b'""'
        index = b"null" if self._name == "null_index" else b"0"
        choice = b'{"index":%b,%b,"logprobs":null,"finish_reason":%b' % (index, member, finish)
        if ids is not None:
            choice += b',"token_ids":' + ids
        if reason is not None and self._name == "usage_in_choice":
            choice += b',"usage":' + self._usage(usage)
        tail = b"}"
        if self._request.running_usage and self._name not in ("no_usage", "usage_in_choice"):
            tail = b',"usage":' + self._usage(usage) + b"}"
        return self._head + b',"choices":[' + choice + b"}]" + tail

    def _usage(self, sent: int) -> bytes:
        completion = sent * 3 if self._name == "lies_about_usage" else sent + self._reply.extra
        prompt = 0 if self._name == "uncached_usage" else self._reply.prompt_tokens
        counts = (prompt, prompt + completion, completion)
        usage = b'{"prompt_tokens":%d,"total_tokens":%d,"completion_tokens":%d' % counts
        if self._name == "cached_prompt":
            usage += b',"prompt_tokens_details":{"cached_tokens":%d}' % max(0, prompt - 1)
        return usage + b"}"

    def _write(self, due: int, data: bytes, act: Act = Act.WRITE) -> Iterator[Step]:
        """One event in one HTTP chunk, or in the form that the fault asks for."""
        end = b"\r\n" if self._name == "crlf" else b"\n"
        event = b"data: " + data + end + end
        if self._name == "comments":
            event = b": still here" + end + end + event
        if self._zip is not None:
            event = self._zip.compress(event) + self._zip.flush(zlib.Z_SYNC_FLUSH)
        wire = b"%x\r\n%b\r\n" % (len(event), event)
        if self._name != "lines_cut":
            yield Step(due, act, wire)
            return
        for start in range(0, len(wire), 3):
            last = start + 3 >= len(wire)
            yield Step(due, act if last else Act.WRITE, wire[start : start + 3])
