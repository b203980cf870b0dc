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


class Event(NamedTuple):
    """One event: its type (empty for the usual ``message``) and its data, undecoded."""

    kind: bytes
    data: bytes


class SseReader:
    """Turns pieces of a body into events."""

    __slots__ = ("_data", "_kind", "_line", "_skip_lf", "_started")

    def __init__(self) -> None:
        self._line = b""
        self._data: list[bytes] = []
        self._kind = b""
        self._skip_lf = False
        self._started = False

    def clean(self) -> bool:
        """Whether nothing is pending, so that a piece which is one whole event means just that."""
        return (
            self._started
            and not self._line
            and not self._data
            and not self._kind
            and not self._skip_lf
        )

    def feed(self, piece: bytes) -> list[Event]:
        """Take one piece; returns the events that it completed."""
        if (
            self.clean()
            and piece.startswith(b"data: ")
            and piece.endswith(b"\n\n")
            and piece.find(b"\n") == len(piece) - 2
            and len(piece) > 8
            and b"\r" not in piece
        ):
            return [Event(b"", piece[6:-2])]
        return self._feed(piece)

    def end(self) -> list[Event]:
        """The stream has ended; returns what was pending."""
        events = self._lines([self._line]) if self._line else []
        return events + self._lines([b""])

    def _feed(self, piece: bytes) -> list[Event]:
        if self._skip_lf and piece:
            self._skip_lf = False
            piece = piece.removeprefix(b"\n")
        if not piece:
            return []
        text = self._line + piece
        if not self._started:
            if len(text) < len(_BOM) and _BOM.startswith(text):
                self._line = text
                return []
            self._started = True
            text = text.removeprefix(_BOM)
        lines = _LINE_END.split(text)
        self._line = lines.pop()
        # A CR at the very end has ended its line; an LF that follows in the next piece belongs to it.
        self._skip_lf = text.endswith(b"\r")
        return self._lines(lines)

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
        return events
