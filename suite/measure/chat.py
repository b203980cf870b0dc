"""A conversation with a server that speaks the OpenAI protocol: each answer as it comes, with everything said before."""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from suite.base import jsonio
from suite.base.bilingual import Sentence, placed
from suite.base.errors import EngineError, SuiteError
from suite.measure.load.decode.foreign import stated_in
from suite.measure.load.decode.sse import SseReader

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from suite.base.jsonio import JSONValue

SILENCE_S: Final = 300.0
"""Longest wait for the next piece of an answer."""
MOST_ANSWER_BYTES: Final = 64 << 20


@dataclass(slots=True)
class Conversation:
    """What was said so far, and with whom.

    Attributes:
        base_url: of the server, without ``/v1``.
        model: its name there.
        path: where requests go.
        messages: system, user and assistant, in order.
        body: further members of each request, such as ``max_tokens``.
        headers: extra header fields, such as an API key.
        gone: says why the engine no longer runs, or None; None where nobody can say, of a server given by its address.
    """

    base_url: str
    model: str
    path: str = "/v1/chat/completions"
    messages: list[dict[str, str]] = field(default_factory=list)
    body: dict[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    gone: Callable[[], str | None] | None = None

    @property
    def chats(self) -> bool:
        """Whether the server takes messages; otherwise it goes on with a text."""
        return self.path.endswith("/chat/completions")

    def ask(self, text: str) -> Generator[str, None, None]:
        """The answer to a text, piece by piece.

        What had come of it stays in `messages` when the caller stops, or the server fails, in the middle.

        Raises:
            EngineError: ``endpoint-unreachable``, ``engine-bad-answer``.
        """
        self.messages.append({"role": "user", "content": text})
        pieces: list[str] = []
        try:
            for piece in self._stream():
                pieces.append(piece)
                yield piece
        finally:
            if pieces:
                self.messages.append({"role": "assistant", "content": "".join(pieces)})
            else:
                self.messages.pop()

    def forget(self) -> None:
        """Begin anew; what the system was told stays."""
        self.messages[:] = [m for m in self.messages if m["role"] == "system"]

    def _stream(self) -> Iterator[str]:
        parts = urlsplit(self.base_url)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        connection = kind(parts.hostname or "127.0.0.1", parts.port, timeout=SILENCE_S)
        headers = {"Content-Type": "application/json", **self.headers}
        try:
            path = parts.path.rstrip("/") + self.path
            connection.request("POST", path, jsonio.canonical(self._request()), headers)
            response = connection.getresponse()
            if response.status != http.client.OK:
                data = response.read(65_536)
                why = stated_in(data) or data.decode("utf-8", "replace")[:300]
                message = Sentence(
                    f"{self.path} answers {response.status}: {why}",
                    f"{self.path} 以 {response.status} 应答：{why}",
                )
                raise EngineError("engine-bad-answer", message)
            yield from _pieces(response)
        except (OSError, http.client.HTTPException) as cause:
            why = str(cause) or type(cause).__name__
            raise EngineError("endpoint-unreachable", placed(self.base_url, why)) from cause
        finally:
            connection.close()

    def _request(self) -> dict[str, object]:
        common: dict[str, object] = {"model": self.model, "stream": True, **self.body}
        if self.chats:
            return {**common, "messages": self.messages}
        return {**common, "prompt": "\n".join(message["content"] for message in self.messages)}


def _pieces(response: http.client.HTTPResponse) -> Iterator[str]:
    """The text of an event stream; of a plain JSON answer, all of it at once.

    Raises:
        EngineError: ``engine-bad-answer``: an error in the stream, no answer at all, or one that stops before its end.
    """
    if "event-stream" not in (response.getheader("Content-Type") or ""):
        choice = _choice(response.read(MOST_ANSWER_BYTES))
        if not choice:
            message = Sentence("the answer has no choice", "回答中没有 choice")
            raise EngineError("engine-bad-answer", message)
        if text := _text(choice, "message"):
            yield text
        return
    ended = False
    for data in _events(response):
        if data == b"[DONE]":
            return
        choice = _choice(data)
        ended = ended or choice.get("finish_reason") is not None
        if text := _text(choice, "delta"):
            yield text
    if not ended:
        # Where the body's length is not announced, a server that died looks like one that is done.
        raise EngineError(
            "engine-bad-answer",
            Sentence("the connection ended before the answer did", "连接在回答结束之前已断开"),
        )


def _events(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The data of each event of a stream; not of one that was cut off in its middle.

    Raises:
        EngineError: ``engine-bad-answer``: more than any answer has.
    """
    reader, size = SseReader(), 0
    while piece := response.read1(65_536):
        size += len(piece)
        if size > MOST_ANSWER_BYTES:
            raise EngineError(
                "engine-bad-answer",
                Sentence(
                    f"the answer exceeds {MOST_ANSWER_BYTES} bytes",
                    f"回答超过 {MOST_ANSWER_BYTES} 字节",
                ),
            )
        yield from (event.data for event in reader.feed(piece))
    yield from (event.data for event in reader.end() if event.data.endswith((b"}", b"]")))


def _choice(data: bytes) -> dict[str, JSONValue]:
    """The first choice of one document of an answer; empty where it has none.

    Raises:
        EngineError: ``engine-bad-answer``.
    """
    try:
        value = jsonio.loads(data, name="the answer", error=EngineError)
    except SuiteError as cause:
        text = data.decode("utf-8", "replace")[:200]
        raise EngineError(
            "engine-bad-answer",
            Sentence(f"the answer is no JSON: {text}", f"回答不是 JSON：{text}"),
        ) from cause
    if why := stated_in(data):
        raise EngineError(
            "engine-bad-answer", Sentence(f"the server says: {why}", f"服务器称：{why}")
        )
    choices = value.get("choices") if isinstance(value, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _text(choice: dict[str, JSONValue], member: str) -> str:
    """What a choice adds to the answer's text."""
    inner = choice.get(member)
    # A thinking model's reasoning is shown too: it is what the person waits for.
    shown = ("reasoning_content", "reasoning", "thinking", "content")
    texts = [inner.get(n) for n in shown] if isinstance(inner, dict) else [choice.get("text")]
    return "".join(text for text in texts if isinstance(text, str))
