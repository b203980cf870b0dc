"""Answers that end in a loop: the same words again and again until the limit cuts them off.

A text ends in a loop when at least half of it, to its end, has one period: three turns of it or more, or two of a
period of `LONG` characters, which no sentence repeats by chance. The last turn may be cut anywhere; white space and
the digits of a counter do not matter.
"""

from __future__ import annotations

import functools
import re
from typing import Final

TURNS: Final = 3
LONG: Final = 40
"""Characters of a period of which two turns are enough."""
SHORTEST: Final = 24
"""Characters that a loop has at least: short answers say a thing twice for good reasons."""
_TAIL: Final = 8
_SPACE: Final = re.compile(r"[ \t\r\n]+")
_DIGITS: Final = re.compile(r"[0-9]+")
_PARTS: Final = re.compile(r"[0-9 \t\r\n]+")
"""Between what the two above leave as it is."""


@functools.lru_cache(maxsize=1 << 16)
def ends_in_loop(text: str) -> bool:
    """Whether a text ends in a loop."""
    if _ends_in_new_word(text):
        return False
    plain = _DIGITS.sub("0", _SPACE.sub(" ", text).strip(" "))
    backwards = plain[::-1]
    tail = backwards[:_TAIL]
    if len(plain) < SHORTEST or len(tail) < _TAIL:
        return False
    period = backwards.find(tail, 1)
    while 0 < period <= len(plain) // 2:
        length = period + _alike(backwards, period)
        turns = 2 if period >= LONG else TURNS
        if length >= max(turns * period, SHORTEST) and 2 * length >= len(plain):
            return True
        period = backwards.find(tail, period + 1)
    return False


def _ends_in_new_word(text: str) -> bool:
    """Whether the last letters of a text stand nowhere else in it: most answers, and no loop ends so."""
    last = max(_PARTS.split(text.rstrip(" \t\r\n")[-_TAIL:]), key=len)
    return len(last) > 0 and text.count(last) == 1


def _alike(text: str, shift: int) -> int:
    """Characters from the start that a text has in common with itself from a place on."""
    low, high = 0, len(text) - shift
    while low < high:
        middle = (low + high + 1) // 2
        if text[low:middle] == text[shift + low : shift + middle]:
            low = middle
        else:
            high = middle - 1
    return low
