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
    from collections.abc import Generator, Iterator, Mapping

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
    """

    base_url: str
    model: str
    path: str = "/v1/chat/completions"
    messages: list[dict[str, str]] = field(default_factory=list)
    body: dict[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

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
        EngineError: ``engine-bad-answer``: an error in the stream, or no answer at all.
    """
    if "event-stream" not in (response.getheader("Content-Type") or ""):
        yield _text(response.read(MOST_ANSWER_BYTES), "message")
        return
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
        for event in reader.feed(piece):
            if event.data == b"[DONE]":
                return
            if text := _text(event.data, "delta"):
                yield text
    for event in reader.end():
        if event.data != b"[DONE]" and (text := _text(event.data, "delta")):
            yield text


def _text(data: bytes, member: str) -> str:
    """What one document of an answer adds to its text.

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
    choice = _first(value.get("choices") if isinstance(value, dict) else None)
    inner = choice.get(member)
    # A thinking model's reasoning is shown too: it is what the person waits for.
    shown = ("reasoning_content", "reasoning", "thinking", "content")
    texts = [inner.get(n) for n in shown] if isinstance(inner, dict) else [choice.get("text")]
    return "".join(text for text in texts if isinstance(text, str))


def _first(choices: JSONValue) -> dict[str, JSONValue]:
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}
