"""``--help`` in Chinese: what click would write in English, paragraph by paragraph, from ``help.zh.toml`` beside this module.

Imported only where Chinese is asked, so that the English help comes as fast as it did.
"""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from suite.base.visible import columns
from suite.cli.localkey import SHOWN_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FILE: Final = Path(__file__).with_name("help.zh.toml")
_EXTRAS: Final = re.compile(r"(.*?)(?:^|  )\[([^\[\]]+)\]", re.DOTALL)
"""An option's help and what click puts behind it: default, range, whether it is required."""
_EXTRA: Final = re.compile(r"^default: |^required$")
_PLACES: Final = re.compile(r"\[OPTIONS\]|COMMAND \[ARGS\]\.\.\.")
"""Words of click in the form of a command; the others are the command's own, and its help speaks of them."""
_KEPT: Final = "\b\n"
"""Begins a paragraph whose lines click leaves as they are."""
_LINE: Final = re.compile(r"[^\s\b].*")
_PIECES: Final = re.compile(
    r"[（《“`]*(?:[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]|[^\s\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+)[，。、；：？！）》”`…]*\s*"
)
"""What a line may end after: a Chinese character or a word, with the marks that may not begin a line."""


class ChineseFormatter(click.HelpFormatter):
    """Writes what click gives it in Chinese; wide characters count as two columns."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The line that shows the form of a command."""
        del prefix
        super().write_usage(prog, _PLACES.sub(_spoken, args), spoken("Usage:"))

    def write_heading(self, heading: str) -> None:
        """A heading, without the colon that follows it."""
        self.write(f"{'':>{self.current_indent}}{spoken(heading)}：\n")

    def write_text(self, text: str) -> None:
        """Paragraphs."""
        paragraphs = text.split("\n\n")
        super().write_text("\n\n".join(map(self._paragraph, paragraphs)))

    def _paragraph(self, text: str) -> str:
        """A paragraph in lines that click leaves as they are; where it kept them before, line by line."""
        if not text.startswith(_KEPT):
            return _kept(spoken(" ".join(text.split())), self.width - self.current_indent)
        return _LINE.sub(_spoken, text)

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Options or commands, with what each does."""
        rows = list(rows)
        first = min(max((columns(name) for name, _ in rows), default=0), col_max) + col_spacing
        width = max(self.width - first - 2, 10)
        texts = [(name, _kept(_explained(text), width)) for name, text in rows]
        super().write_dl(texts, col_max, col_spacing)


@functools.cache
def table() -> dict[str, str]:
    """Chinese by English; a paragraph is one line, and the place of the local key its own."""
    texts: dict[str, str] = tomllib.loads(FILE.read_text("utf-8"))
    return {
        en.replace("{key}", SHOWN_KEY): zh.replace("{key}", SHOWN_KEY) for en, zh in texts.items()
    }


def spoken(text: str) -> str:
    """A text in Chinese, a title also without its full stop; a command line, which is in no table, as it is."""
    texts = table()
    return texts.get(text) or texts.get(f"{text}.", text).removesuffix("。")


def _spoken(match: re.Match[str]) -> str:
    return spoken(match[0])


def _explained(text: str) -> str:
    """An option's help, or a command's title, with default and the like."""
    parts = _EXTRAS.fullmatch(text)
    if parts is None:
        return spoken(text)
    extras = [_EXTRA.sub(_spoken, extra) for extra in parts[2].split("; ")]
    return f"{spoken(parts[1])}  [{'；'.join(extras)}]".strip()


def _kept(text: str, width: int) -> str:
    """A paragraph in lines that click leaves as they are."""
    return _KEPT + "\n".join(_lines(text, width))


def _lines(text: str, width: int) -> Iterator[str]:
    """Lines of at most so many columns, unless a single word is longer."""
    line = ""
    for piece in _PIECES.findall(text):
        if line and columns((line + piece).rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += piece
    yield line.rstrip()
