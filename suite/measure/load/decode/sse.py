"""Server-sent events, from pieces cut anywhere.

Source: WHATWG HTML, section 9.2.6 "Interpreting an event stream": lines end with CR LF, LF or CR; a line that
starts with a colon is a comment; several ``data`` lines are joined by LF; a blank line dispatches. One
leniency: what is pending when the stream ends is dispatched too, because servers leave out the last blank
line.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"
_OTHER_FIELDS = (b"", b"id", b"retry")
_MOST_STRAY = 1_000


class Event(NamedTuple):
    """One event: its type (empty for the usual ``message``) and its data, undecoded."""

    kind: bytes
    data: bytes


class SseReader:
    """Turns pieces of a body into events.

    Attributes:
        begun: the stream has begun; before, a byte order mark is skipped.
        stray: lines that are no field of the format: a server that fails may send its error as bare JSON.
    """

    __slots__ = ("_data", "_kind", "_line", "_parts", "_skip_lf", "begun", "stray")

    def __init__(self) -> None:
        self._line = b""
        self._parts: list[bytes] = []
        self._data: list[bytes] = []
        self._kind = b""
        self._skip_lf = False
        self.begun = False
        self.stray: list[bytes] = []

    def pending(self) -> bool:
        """Whether something of an event waits for its end, so that the next piece begins in the middle of it."""
        return bool(self._line or self._data or self._kind or self._skip_lf)

    def feed(self, piece: bytes) -> list[Event]:
        """Take one piece; returns the events that it completed."""
        if self._skip_lf and piece:
            self._skip_lf = False
            piece = piece.removeprefix(b"\n")
        if not piece:
            return []
        if self.begun and (self._line or self._parts) and not _LINE_END.search(piece):
            # The middle of a long line: joined once, when it ends, or a stream of tiny pieces costs its square.
            self._parts.append(piece)
            return []
        text = self._joined() + piece
        if not self.begun:
            if len(text) < len(_BOM) and _BOM.startswith(text):
                self._line = text
                return []
            self.begun = True
            text = text.removeprefix(_BOM)
        lines = _LINE_END.split(text)
        self._line = lines.pop()
        # A CR at the very end has ended its line; an LF that follows in the next piece belongs to it.
        self._skip_lf = text.endswith(b"\r")
        return self._lines(lines)

    def _joined(self) -> bytes:
        """What has come of a line that has not ended."""
        line, self._line = self._line + b"".join(self._parts), b""
        self._parts.clear()
        return line

    def end(self) -> list[Event]:
        """The stream has ended; returns what was pending."""
        line = self._joined()
        events = self._lines([line]) if line else []
        return events + self._lines([b""])

    def _lines(self, lines: list[bytes]) -> list[Event]:
        events = []
        for line in lines:
            if not line:
                data = b"\n".join(self._data)
                if data:
                    events.append(Event(self._kind, data))
                self._data, self._kind = [], b""
                continue
            name, _, value = line.partition(b":")
            if name == b"data":
                self._data.append(value.removeprefix(b" "))
            elif name == b"event":
                self._kind = value.removeprefix(b" ")
            elif name not in _OTHER_FIELDS and len(self.stray) < _MOST_STRAY:
                self.stray.append(line)
        return events
