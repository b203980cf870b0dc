"""HTTP/1.1 responses, framed as they arrive.

`Framer` is fed with what each read returned and keeps the body's bytes in pieces, each with the arrival time
of the read that brought it. It knows when the response has ended; it does not look into the body. The usual
case of a token stream, one read that holds exactly one chunk, takes one short path.

Source: RFC 9112. A bare LF is accepted as line end in the head (section 2.2), not in chunk framing.
"""

from __future__ import annotations

import re
from typing import Final

from suite.measure.load.requests.job import MAX_RESPONSE

MORE: Final = 0
DONE: Final = 1
BAD: Final = 2

MAX_HEAD: Final = 65_536
"""Bytes of a response head beyond which it is refused."""
KEPT_OF_LARGE: Final = 65_536
"""Bytes of the body that are kept of a response that was broken off because it is too large."""

_HEAD, _SIZE, _DATA, _DATA_END, _TRAILER, _LENGTH, _CLOSE, _END = range(8)
_STATUS_LINE = re.compile(rb"HTTP/(1\.[01]) ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")
_MAX_SIZE_LINE = 4_096
_SIZES: Final[dict[bytes, int]] = {}
"""Chunk sizes that were seen but for 0, by their spelling: a token stream repeats a few of them for ever."""
_MAX_SIZES = 4_096


class Framer:
    """One response.

    Attributes:
        status: HTTP status, None before the head is complete.
        headers: header fields by lower-case name; repeated ones joined by ``, ``.
        pieces: the body, in the pieces in which it arrived.
        stamps: for each piece, the arrival time that was given with it.
        problem: why the response was refused, "" otherwise.
        surplus: bytes came after the end; the connection must not be used again.
        keep_alive: the server keeps the connection open.
        limit: bytes beyond which the response is refused.
        too_large: it was.
        total: bytes fed.
        merged: feeds in mid-stream that held several chunks.
    """

    __slots__ = (
        "_buffer",
        "_left",
        "_state",
        "headers",
        "keep_alive",
        "limit",
        "merged",
        "pieces",
        "problem",
        "stamps",
        "status",
        "surplus",
        "too_large",
        "total",
    )

    def __init__(self, limit: int = MAX_RESPONSE) -> None:
        self.limit = limit
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.stamps: list[int] = []
        self.problem = ""
        self.surplus = False
        self.keep_alive = True
        self.total = 0
        self.too_large = False
        self.merged = 0
        self._state = _HEAD
        self._left = 0
        self._buffer = b""

    def feed(self, data: bytes, stamp: int) -> int:
        """Take the bytes of one read.

        Args:
            data: what the read returned, not empty.
            stamp: when it arrived.

        Returns:
            `MORE`, `DONE` or `BAD`; after `BAD`, `problem` says why.
        """
        length = len(data)
        self.total += length
        if self._state == _SIZE and not self._buffer and self.total < self.limit:
            split = data.find(b"\r\n", 1, 18)
            # A known size that leaves just its chunk and the line end behind it; what it ends with is looked at.
            if _SIZES.get(data[:split]) == length - split - 4 and data[-2:] == b"\r\n":
                self.pieces.append(data[split + 2 : -2])
                self.stamps.append(stamp)
                return MORE
        return self._feed(data, stamp)

    def eof(self) -> bool:
        """The server closed the connection: True when that is a proper end of the response."""
        if self._state == _CLOSE:
            self._state = _END
        return self._state == _END

    def started(self) -> bool:
        """Whether anything at all has arrived."""
        return self.total > 0

    def _bad(self, why: str) -> int:
        self.problem = why
        return BAD

    def _too_large(self) -> int:
        """Refuse an answer that never ends, and keep its beginning alone: the log must not fill up either."""
        self.too_large = True
        kept = count = 0
        for piece in self.pieces:
            kept += len(piece)
            if kept > KEPT_OF_LARGE:
                break
            count += 1
        del self.pieces[count:], self.stamps[count:]
        bound = f"an answer to this request has at most {self.limit:,} bytes"
        return self._bad(f"broken off: {bound}; of what came the beginning is kept")

    def _feed(self, data: bytes, stamp: int) -> int:
        if self.total >= self.limit:
            return self._too_large()
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        position, before = 0, len(self.pieces)
        while position < len(data):
            state = self._state
            if state == _END:
                self.surplus = True
                return DONE
            if state in (_DATA, _LENGTH, _CLOSE):
                position = self._take(data, position, stamp)
                continue
            following = self._line(data, position)
            if self.problem:
                return BAD
            if following < 0:
                self._buffer = data[position:]
                return MORE
            position = following
        if self._state == _END:
            return DONE
        self.merged += before > 0 and len(self.pieces) > before + 1
        return MORE

    def _take(self, data: bytes, position: int, stamp: int) -> int:
        """Take body bytes; returns where they end."""
        end = len(data)
        if self._state != _CLOSE:
            end = min(end, position + self._left)
            self._left -= end - position
        self.pieces.append(data[position:end])
        self.stamps.append(stamp)
        if self._state != _CLOSE and not self._left:
            self._state = _END if self._state == _LENGTH else _DATA_END
        return end

    def _line(self, data: bytes, position: int) -> int:
        """Take head, size line, chunk end or trailer; returns where it ends, -1 when more is needed."""
        if self._state == _HEAD:
            return self._head(data, position)
        if self._state == _SIZE:
            return self._size(data, position)
        if self._state == _DATA_END:
            end = data[position : position + 2]
            if not b"\r\n".startswith(end):
                self.problem = "a chunk is longer than its size"
            if len(end) < 2 or self.problem:
                return -1
            self._state = _SIZE
            return position + 2
        return self._trailer(data, position)

    def _size(self, data: bytes, position: int) -> int:
        match = _SIZE_LINE.match(data, position)
        if match is None:
            pending = data[position : position + _MAX_SIZE_LINE]
            if (
                b"\n" in pending
                or len(pending) == _MAX_SIZE_LINE
                or pending[:1] not in b"0123456789abcdefABCDEF"
            ):
                self.problem = "a chunk size is not a number"
            return -1
        digits = match[1]
        self._left = int(digits, 16)
        if self._left and len(_SIZES) < _MAX_SIZES:
            _SIZES[digits] = self._left
        self._state = _DATA if self._left else _TRAILER
        return match.end()

    def _trailer(self, data: bytes, position: int) -> int:
        end = data.find(b"\r\n", position)
        if end < 0:
            if len(data) - position > MAX_HEAD:
                self.problem = "the trailer is too large"
            return -1
        if end == position:
            self._state = _END
        return end + 2

    def _head(self, data: bytes, position: int) -> int:
        match = _HEAD_END.search(data, position)
        if match is None:
            if len(data) - position > MAX_HEAD:
                self.problem = "the response head is too large"
            elif not b"HTTP/1.".startswith(data[position : position + 7]):
                self.problem = "the answer is not HTTP/1.1"
            return -1
        line = _STATUS_LINE.match(data, position)
        if line is None or line.end() > match.end():
            self.problem = "the answer is not HTTP/1.1"
            return -1
        status = int(line[2])
        if 100 <= status < 200:
            if status == 101:
                self.problem = "the server switched protocols"
            return match.end()
        self.status = status
        lines = data[line.end() : match.start()].replace(b"\r\n", b"\n").split(b"\n")
        self._fields([field for field in lines if field])
        if not self.problem:
            self._body(line[1], status)
        return match.end()

    def _fields(self, lines: list[bytes]) -> None:
        for line in lines:
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not name or name != name.strip():
                self.problem = "a header field of the answer is malformed"
                return
            name, value = name.lower(), value.strip()
            if name in self.headers:
                value = f"{self.headers[name]}, {value}"
            self.headers[name] = value

    def _body(self, version: bytes, status: int) -> None:
        connection = self.headers.get("connection", "").lower()
        self.keep_alive = "close" not in connection and (
            version == b"1.1" or "keep-alive" in connection
        )
        coding = self.headers.get("transfer-encoding", "").lower()
        lengths = {part.strip() for part in self.headers.get("content-length", "").split(",")}
        if status in (204, 304):
            self._state = _END
        elif coding == "chunked":
            self._state = _SIZE
        elif coding:
            self.problem = f"transfer coding {coding[:40]!r} was not asked for"
        elif lengths != {""}:
            length = lengths.pop()
            if lengths or not length.isascii() or not length.isdigit() or len(length) > 15:
                self.problem = "the content length is not one number"
                return
            self._left = int(length)
            self._state = _LENGTH if self._left else _END
        else:
            self._state = _CLOSE
            self.keep_alive = False
