"""Which text may be signed: what a reader sees must be what the bytes say.

Text is in Unicode's composed form (NFC) and holds no control or format character (line breaks, zero-width
characters, bidirectional overrides), no lone surrogate, no private-use character and no character that is
drawn as nothing. Members' names obey the same rule as values. Categories and composed forms are those of
Unicode 14.0 on every Python: see `suite.base.unicode14`.
"""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

from suite.base.jsonio import MAX_INTEGER
from suite.base.unicode14 import composed, masked

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject, JSONValue

_CATEGORIES = {
    "Cc": "control character",
    "Cf": "format character",
    "Cs": "lone surrogate",
    "Co": "private-use character",
    "Zl": "line separator",
    "Zp": "paragraph separator",
}
# Drawn as nothing although their category is letter or mark (Unicode: Default_Ignorable_Code_Point).
_INVISIBLE = frozenset(
    map(
        chr,
        [
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0),
            *(*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),
            *range(0x13439, 0x13440),  # format characters that Unicode 15.0 brought
        ],
    )
)


def _reason(char: str, known: str) -> str | None:
    if char.isascii() and char.isprintable():
        return None
    if char in _INVISIBLE:
        return "invisible character"
    return _CATEGORIES.get(unicodedata.category(known))


def text_problem(text: str) -> str | None:
    """Why a text may not be signed, or None."""
    if text.isascii() and text.isprintable():
        return None
    seen = masked(text)
    # What can be printed is in none of the categories; a character that 14.0 does not know cannot.
    if not (seen.isprintable() and _INVISIBLE.isdisjoint(text)):
        for char, known in zip(text, seen, strict=True):
            reason = _reason(char, known)
            if reason:
                return f"{reason} U+{ord(char):04X}"
    if composed(text) != text:
        return "text not in NFC"
    return None


def clean_text(text: str) -> str:
    """The nearest text that may be signed: NFC, each run of forbidden characters becomes one space.

    For text that comes from elsewhere (an engine's message, a path), before it enters a predicate.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    parts: list[str] = []
    normal = composed(text)
    seen = masked(normal)
    if seen.isprintable() and _INVISIBLE.isdisjoint(normal):
        return composed(normal.strip())
    for char, known in zip(normal, seen, strict=True):
        if not _reason(char, known):
            parts.append(char)
        elif parts and parts[-1] != " ":
            parts.append(" ")
    # Taking characters out can bring a base and its accent together.
    return composed("".join(parts).strip())


def value_problem(value: JSONValue, pointer: str = "") -> tuple[str, str] | None:
    """The first thing in a document that may not be signed, as (JSON pointer, reason), or None."""
    match value:
        case dict():
            return _member_problem(value, pointer)
        case list():
            problems = (
                value_problem(item, f"{pointer}/{index}") for index, item in enumerate(value)
            )
            return next(filter(None, problems), None)
        case str():
            reason = text_problem(value)
        case int():
            reason = "integer beyond 2^53 - 1" if abs(value) > MAX_INTEGER else None
        case float():
            reason = None if math.isfinite(value) else "number that is not finite"
        case None:
            reason = None
    return (pointer, reason) if reason else None


def _member_problem(value: JSONObject, pointer: str) -> tuple[str, str] | None:
    for key, item in value.items():
        reason = text_problem(key)
        if reason:
            return pointer, f"{reason} in a member's name"
        problem = value_problem(item, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
        if problem:
            return problem
    return None
