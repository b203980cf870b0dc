"""Foreign text made fit to be looked at: what is shown is what the characters are.

A message, a path or a model's name can carry a terminal's commands, and characters that turn the direction of writing or
are drawn as nothing, so that a line reads as another one. The former are taken out, the latter written by their number.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence
from suite.base.language import language

if TYPE_CHECKING:
    from typing import TextIO

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]"
)
"""Marks and overrides of direction, separators, characters without width, tags, halves of characters."""


_HALVES = re.compile("[\ud800-\udfff]")
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet reads as a formula."""


def _number(match: re.Match[str]) -> str:
    return f"<U+{ord(match[0]):04X}>"


def visible(text: str) -> str:
    """The text as it may be printed; line feeds and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(_number, _CONTROLS.sub("", _ESCAPES.sub("", text)))


def whole(text: str) -> str:
    """The text as a document can hold it: what of a file's name is no UTF-8, by its number."""
    if isinstance(text, Sentence):
        return Sentence(_HALVES.sub(_number, str(text)), _HALVES.sub(_number, text.zh))
    return _HALVES.sub(_number, text)


def columns(text: str) -> int:
    """Columns that a text takes on a terminal: two for a wide character, such as a Chinese one."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def visible_lines(data: bytes) -> bytes:
    """A report in UTF-8 as it may be printed, with its line ends as they are."""
    ends = "\r\n" if b"\r\n" in data else "\n"
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return visible(text).replace("\n", ends).encode()


def say(text: object, *, end: str = "\n", file: TextIO | None = None, flush: bool = False) -> None:
    """`print`, of what `visible` makes of a text, a sentence in the language that was chosen; the commands' only way to it."""
    stream = file or sys.stdout
    shown = language().of(text) if isinstance(text, str) else str(text)
    stream.write(visible(shown) + end)
    if flush:
        stream.flush()


class CsvLines:
    """What a writer of the module `csv` writes to, with `END` for its ends of lines; the text ends its lines with a line feed.

    With that end a text that holds either character of it is quoted, also a carriage return alone: many readers take it for
    the end of a line, and Python's writers quote it from 3.13 on only.
    """

    END: Final = "\r\n"

    def __init__(self) -> None:
        """Nothing was written yet."""
        self._lines: list[str] = []

    def write(self, line: str) -> None:
        """Take a line as the writer gives it."""
        self._lines.append(line.removesuffix(self.END))

    @property
    def text(self) -> str:
        """All lines."""
        return "".join(f"{line}\n" for line in self._lines)


def inert(cell: object) -> object:
    """A table's cell as no spreadsheet reads a formula in it: such a text begins with an apostrophe."""
    if isinstance(cell, str) and cell.startswith(_FORMULAS):
        return f"'{cell}"
    return cell
