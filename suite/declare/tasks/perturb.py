"""Another article of the same kind: names, places and numbers replaced by a seeded rule, alike in document and reference.

The rule, for one task under one seed:

- A word of ``perturb_words.json`` becomes the word so many places further in its list (given names, surnames, places), the
  same distance for the whole list; so two names stay two names, and a name is the same wherever it stands.
- A number of two or more digits that stands alone becomes another with as many digits: so many further, round and round.
  From 10 to 31 it stays among these, so that days stay days; 1900 to 2099 are years, all moved by the same 1 to 9.

What replaces a word depends on seed, task and word alone: whoever has a text and no document can do it again.
"""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from suite.base import jsonio

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS_FILE: Final = Path(__file__).with_name("perturb_words.json")
_NUMBER: Final = (
    r"(?<![\w.,:/-])\d{1,3}(?:,\d{3})+(?![\w:/-]|[.,]\d)|(?<![\w.,:/-])\d{2,9}(?![\w:/-]|[.,]\d)"
)
_DAYS: Final = (10, 31)
_YEARS: Final = (1900, 2099)


@dataclass(frozen=True, slots=True)
class Perturbed:
    """A text after the rule.

    Attributes:
        text: the new one.
        replaced: words and numbers of the old one that are no longer there, sorted.
    """

    text: str
    replaced: tuple[str, ...]


@functools.cache
def _places() -> Mapping[str, tuple[str, int]]:
    """The list and the place in it of every word."""
    return {
        word: (name, place) for name, words in _lists().items() for place, word in enumerate(words)
    }


@functools.cache
def _lists() -> dict[str, tuple[str, ...]]:
    return msgspec.json.decode(jsonio.read_bytes(WORDS_FILE), type=dict[str, tuple[str, ...]])


@functools.cache
def _pattern() -> re.Pattern[str]:
    words = "|".join(map(re.escape, sorted(_places(), key=len, reverse=True)))
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w-])|{_NUMBER}", re.ASCII)


def _draw(seed: str, task: str, what: str, count: int) -> int:
    """A number from 1 to *count*."""
    digest = hashlib.sha256(f"perturb/1\n{seed}\n{task}\n{what}".encode()).digest()
    return 1 + int.from_bytes(digest[:8], "big") % count


def perturb(text: str, seed: str, task: str) -> Perturbed:
    """Apply the rule.

    Args:
        text: document or reference.
        seed: of the round.
        task: id of the task that both belong to.
    """
    replaced = set()

    def other(match: re.Match[str]) -> str:
        old = match[0]
        new = _number(old, seed, task) if old[0].isdigit() else _word(old, seed, task)
        replaced.add(old)
        return new

    perturbed = _pattern().sub(other, text)
    return Perturbed(perturbed, tuple(sorted(replaced)))


def _word(old: str, seed: str, task: str) -> str:
    name, place = _places()[old]
    words = _lists()[name]
    return words[(place + _draw(seed, task, name, len(words) - 1)) % len(words)]


def _number(old: str, seed: str, task: str) -> str:
    digits = old.replace(",", "")
    value = int(digits)
    grouped = "," in old
    if _YEARS[0] <= value <= _YEARS[1] and not grouped:
        return str(_moved(value, _YEARS, _draw(seed, task, "year", 9)))
    low, high = 10 ** (len(digits) - 1), 10 ** len(digits) - 1
    if _DAYS[0] <= value <= _DAYS[1]:
        low, high = _DAYS
    elif len(digits) == len(str(_DAYS[1])):
        low = _DAYS[1] + 1
    if value < low:  # it begins with a nought
        return old
    new = _moved(value, (low, high), _draw(seed, task, f"{low}", high - low))
    return f"{new:,}" if grouped else str(new)


def _moved(value: int, within: tuple[int, int], by: int) -> int:
    low, high = within
    return low + (value - low + by) % (high - low + 1)
