"""What a chunk of a stream says: the members that are read, each of the one type that it may have.

Refused are bytes that are not JSON (NaN, a control character, a second value), a string or a name that is not
UTF-8, a number beyond 2**53 - 1, and any other type where text, ids or counts are read. Half of a surrogate pair is
read as it is: the other half may come with the next chunk. Of a member that occurs twice the last one counts: the
bytes are read once, here, and what was read is what the evidence has.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple

import msgspec

from suite.base import jsonio
from suite.base.errors import EngineError
from suite.measure.load.decode.foreign import clean, stated_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from suite.documents.event import OutcomeCode


Count = Annotated[int, msgspec.Meta(ge=0, le=jsonio.MAX_INTEGER)]


class Delta(msgspec.Struct, gc=False):
    """What is new in a chat completion; reasoning counts for the times, not for the text."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking: object = None

    def thought(self) -> str:
        """The reasoning in it, under whichever of three names; "" without any."""
        thinking = self.thinking if isinstance(self.thinking, str) else ""
        return self.reasoning_content or self.reasoning or thinking


class PromptDetails(msgspec.Struct, gc=False):
    """What the server says of the prompt's tokens."""

    cached_tokens: Count | None = None


class Usage(msgspec.Struct, gc=False):
    """The server's counts so far, tokens; three dialects have three places for those from a cache."""

    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    prompt_tokens_details: PromptDetails | None = None
    cached_tokens: Count | None = None
    prompt_cache_hit_tokens: Count | None = None

    def cached(self) -> int | None:
        """Prompt tokens that were taken from a cache; None when nothing is said of them."""
        details = self.prompt_tokens_details
        places = (
            None if details is None else details.cached_tokens,
            self.cached_tokens,
            self.prompt_cache_hit_tokens,
        )
        return next((count for count in places if count is not None), None)


class Choice(msgspec.Struct, gc=False):
    """One answer's part of a chunk: `delta` in a chat completion, `text` in a completion.

    A single choice needs no index, and some servers write it as text; some servers count in the choice.
    """

    index: int | Literal["0"] | None = 0
    delta: Delta | None = None
    text: str | None = None
    finish_reason: str | None = None
    token_ids: list[Count] | None = None
    usage: Usage | None = None


class Text(msgspec.Struct, gc=False):
    """`Delta` where it is text alone."""

    content: str
    reasoning_content: None = None
    reasoning: None = None
    thinking: None = None

    def thought(self) -> str:
        """There is no reasoning in it."""
        return ""


class OnlyChoice(msgspec.Struct, gc=False):
    """`Choice` in the middle of the one answer that was asked for."""

    index: Literal[0] | None = 0
    delta: Text | None = None
    text: str | None = None
    finish_reason: Literal[""] | None = None
    token_ids: list[Count] | None = None
    usage: None = None


class Counts(msgspec.Struct, gc=False):
    """`Usage` in the middle of an answer, with no word of a cache."""

    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    prompt_tokens_details: None = None
    cached_tokens: None = None
    prompt_cache_hit_tokens: None = None

    def complete(self) -> bool:
        """Whether it has both."""
        return self.prompt_tokens is not None and self.completion_tokens is not None


class Named(msgspec.Struct, gc=False):
    """Who answered, of whatever types a server puts there."""

    model: object = None
    system_fingerprint: object = None


class Chunk(msgspec.Struct, gc=False):
    """One event of a stream."""

    choices: list[Choice] | None = None
    usage: Usage | None = None
    error: None = None
    model: object = None
    system_fingerprint: object = None


class PlainChunk(msgspec.Struct, gc=False):
    """`Chunk` as nearly all of a stream are: a part of the one answer, so that nothing is left to be asked."""

    choices: tuple[OnlyChoice]
    usage: Counts | None = None
    error: None = None


class Refusal(NamedTuple):
    """Why an event is no chunk: an outcome code and the sentence that goes with it."""

    code: OutcomeCode
    sentence: str


_chunk: Final = msgspec.json.Decoder(Chunk).decode
_named: Final = msgspec.json.Decoder(Named).decode
_plain_lines: Final = msgspec.json.Decoder(PlainChunk).decode_lines
_REFUSED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def read(data: bytes) -> Chunk | Refusal:
    """Read the data of one event."""
    try:
        if not data.isascii():
            data.decode()
        return _chunk(data)
    except _REFUSED as cause:
        halves = _read_halves(data) if _SURROGATE.search(data) else None
        return _refusal(data, cause) if halves is None else halves


def _read_halves(data: bytes) -> Chunk | None:
    """Read a chunk with halves of surrogate pairs in its texts; None when it is none with them either."""
    try:
        return msgspec.convert(json.loads(data, parse_constant=_not_json), Chunk)
    except (ValueError, RecursionError):
        return None


def _not_json(name: str) -> NoReturn:
    raise ValueError(name)


def read_plain(pieces: Sequence[bytes]) -> list[PlainChunk] | None:
    """Read pieces of a body that are one event each, and each a plain chunk; None when one of them is not."""
    insides = [piece[7:-3] for piece in pieces]
    lines = b"{" + b"}\n{".join(insides) + b"}"
    if b"data: {" + b"}\n\ndata: {".join(insides) + b"}\n\n" != b"".join(pieces):
        return None
    if lines.count(b"\n") >= len(insides) or b"\r" in lines:
        return None
    try:
        if not lines.isascii():
            lines.decode()
        chunks = _plain_lines(lines)
    except _REFUSED:
        return None
    # No value of JSON goes on across "}", a line end and "{": as many values as lines are one in each.
    return chunks if len(chunks) == len(insides) else None


def read_named(piece: bytes) -> Named:
    """Who answered, from a piece that `read_plain` could read."""
    return _named(piece[6:])


def _refusal(data: bytes, cause: Exception) -> Refusal:
    """What is wrong with an event, in the words of the strict reader where it refuses too."""
    try:
        document = jsonio.loads(data, name="chunk", error=EngineError)
    except EngineError as strict:
        plain = f" ({data.decode(errors='replace')})" if data[:1].isalpha() else ""
        return Refusal("malformed-chunk", clean(strict.message + plain))
    words = stated_error(document)
    if words:
        return Refusal("error-in-stream", words)
    return Refusal("malformed-chunk", clean(str(cause)))
