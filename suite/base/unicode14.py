"""Text as Unicode 14.0 sees it, whatever Python runs.

Each Python brings its own tables: 3.11 those of Unicode 14.0, 3.12 of 15.0, 3.13 of 15.1, 3.14 of 16.0. Of a
character that a version knows, later versions keep category, case and composed form stable enough for what the
suite asks; what differs is characters that were not assigned yet. Here they stay what 14.0 says of them:
unassigned, neither letter nor digit nor space nor printable, equal to nothing but themselves.

``unicode_14_unassigned.txt`` holds every code point without a character in 14.0, as ranges in hexadecimal.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from pathlib import Path
from typing import Final

_TABLE: Final = Path(__file__).with_name("unicode_14_unassigned.txt")
UNASSIGNED: Final = "\uffff"
"""A code point that no version will ever assign; stands for those that 14.0 does not know."""
_HIDDEN: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_BLANK: Final = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
    | {0x180B, 0x180C, 0x180D, 0x180F}
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0100, 0xE01F0))
)
"""Code points of other categories that show nothing: joiners, fillers, variation selectors, the blank of Braille."""
_SINCE_ALWAYS: Final = "\u0377"
"""Up to here 14.0 knows every character; most texts hold no other."""
_SHORT: Final = 200
"""Characters of a text that is remembered: a card's sentences come again in every card."""
_HIDDEN_ASCII: Final = "".join(map(chr, [*range(0x21), 0x7F]))


def masked(text: str) -> str:
    """A text of the same length with `UNASSIGNED` for every character that Unicode 14.0 does not know.

    Whatever Python asks of the result (``isalnum``, ``isprintable``, the category) has the same answer in
    every version.
    """
    if text.isascii() or max(text) <= _SINCE_ALWAYS:
        return text
    return _masked(text) if len(text) <= _SHORT else _unknown().sub(UNASSIGNED, text)


@functools.lru_cache(maxsize=4096)
def _masked(text: str) -> str:
    return _unknown().sub(UNASSIGNED, text)


def composed(text: str) -> str:
    """The text in normalisation form NFC of Unicode 14.0."""
    # What is in a later version's form has its known parts in that of 14.0: forms of known characters never change.
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return text
    # An unknown character composes with nothing and ends what could be reordered, as in 14.0 itself.
    parts = _unknown().split(text)
    between = _unknown().findall(text)
    normal = [unicodedata.normalize("NFC", part) for part in parts]
    return "".join(part + gap for part, gap in zip(normal, [*between, ""], strict=True))


def shows(text: str) -> bool:
    """Whether a reader sees anything of a text: more than white space, controls and characters without width."""
    if text.isascii():
        return bool(text.strip(_HIDDEN_ASCII))
    return any(
        unicodedata.category(character) not in _HIDDEN and ord(character) not in _BLANK
        for character in masked(text)
    )


@functools.cache
def _unknown() -> re.Pattern[str]:
    ranges = (part.partition("-") for part in _TABLE.read_text("ascii").split())
    members = (f"{_escape(low)}-{_escape(high or low)}" for low, _, high in ranges)
    return re.compile(f"[{''.join(members)}]")


def _escape(digits: str) -> str:
    return f"\\U{int(digits, 16):08x}"
