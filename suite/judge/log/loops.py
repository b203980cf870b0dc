"""Answers that end in a loop: the same words again and again until the limit cuts them off.

A text ends in a loop when at least half of it, to its end, has one period: three turns of it or more, or two of a
period of `LONG` characters, which no sentence repeats by chance. The last turn may be cut anywhere; white space and
the digits of a counter do not matter.

A loop may vary a word: sentences, lines or clauses that are each like the one before (or the second or third before, where
several take turns), but for a few words in one place, a name or a number written out. `VARIED` of them or more count
where they share `SHARED` words, `LISTED` where they share two, as the items of a list do.
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
VARIED: Final = 4
"""Sentences in a row that are alike but for a name."""
SHARED: Final = 4
"""Words that two sentences share to be alike; characters where words are not divided."""
LISTED: Final = 6
"""Items in a row that share two words and differ in one."""
_HOLE: Final = 4
"""Words at most in which two sentences differ that are alike."""
_ROUND: Final = 3
"""Sentences at most that take turns."""
_TAIL: Final = 8
_SPACE: Final = re.compile(r"[ \t\r\n]+")
_DIGITS: Final = re.compile(r"[0-9]+")
_PARTS: Final = re.compile(r"[0-9 \t\r\n]+")
"""Between what the two above leave as it is."""


_SENTENCES: Final = re.compile(r"[^\n.!?;。！？；]+(?:[\n.!?;。！？；]+|$)")
_CLAUSES: Final = re.compile(r"[^\n.!?;,。！？；，、]+(?:[\n.!?;,。！？；，、]+|$)")
_ENDS: Final = "\n.!?;,。！？；，、"
_WORDS: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\d_\u3040-\u30ff\u3400-\u9fff]+")


@functools.lru_cache(maxsize=1 << 16)
def ends_in_loop(text: str) -> bool:
    """Whether a text ends in a loop, word for word or with a word varied."""
    return _ends_in_exact_loop(text) or _ends_in_varied_loop(text)


def _ends_in_varied_loop(text: str) -> bool:
    for pattern in (_SENTENCES, _CLAUSES):
        parts = [match for match in pattern.finditer(text) if _WORDS.search(match[0])]
        if parts and parts[-1][0][-1] not in _ENDS:
            parts.pop()  # cut
        if len(parts) < VARIED:
            continue
        words = [_WORDS.findall(part[0].lower()) for part in parts]
        for apart in range(1, _ROUND + 1):
            begin = _varied_from(words, apart)
            if begin is not None and 2 * (len(text) - parts[begin].start()) >= len(text):
                return True
    return False


def _varied_from(parts: list[list[str]], apart: int) -> int | None:
    """The first of the parts at the end that are each like the one so many before; None where they are too few."""
    begin, least = len(parts), VARIED
    while begin > apart:
        shared = _shared(parts[begin - 1], parts[begin - 1 - apart])
        if not shared:
            break
        least = max(least, VARIED if shared >= SHARED else LISTED)
        begin -= 1
    turns = (len(parts) - begin) // apart + 1
    return begin - apart if turns >= least else None


def _shared(first: list[str], second: list[str]) -> int:
    """Words that two parts share before and behind the one place in which they differ; 0 where they are not alike."""
    shortest = min(len(first), len(second))
    before = 0
    while before < shortest and first[before] == second[before]:
        before += 1
    behind = 0
    while behind < shortest - before and first[-1 - behind] == second[-1 - behind]:
        behind += 1
    shared = before + behind
    hole = max(len(first), len(second)) - shared
    return shared if shared >= 2 and hole <= min(_HOLE, shared // 2) else 0


def _ends_in_exact_loop(text: str) -> bool:
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
