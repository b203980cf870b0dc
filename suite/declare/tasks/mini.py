"""The mini set: news-like articles with one-sentence summaries, made by a seeded generator.

Every draw comes from a small generator of 64-bit integers (splitmix64) whose start is a SHA-256 of
namespace, seed and index, so the set is the same bytes on every platform and Python version, and
record *n* does not depend on how many are made. An article opens with a scene that says nothing of
the matter; the facts that its summary needs follow in any order, spread between sentences about
other people, places and numbers.

The records of the task set and those that the mini model is trained on are disjoint by construction:
the SHA-256 of a summary says to which side it belongs, and each side draws again until it gets one
of its own.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from suite.declare.tasks.mini_stories import prose
from suite.declare.tasks.records import record_sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.declare.tasks.mini_stories import Story

MINI_SEED: Final = 1
MINI_COUNT: Final = 256
MINI_MIN_WORDS: Final = 120
MINI_MAX_WORDS: Final = 400

_MASK: Final = (1 << 64) - 1
_PLACEHOLDER: Final = re.compile(r"\{([a-z]+)(?:_([a-z]))?\}")
_TEST_SHARE: Final = 64  # of 256: summaries whose digest begins with a smaller byte are for testing
_PARAGRAPH: Final = 3  # sentences at most

Side = Literal["test", "train"]


@dataclass(frozen=True, slots=True)
class MiniTask:
    """One record: ``document`` of several lines, ``summary`` of one sentence."""

    id: str
    document: str
    summary: str

    @property
    def sha256(self) -> str:
        """`suite.declare.tasks.records.record_sha256` of the record."""
        document = hashlib.sha256(self.document.encode()).hexdigest()
        return record_sha256(self.id, document, self.summary)


class _Draw:
    """Draws from a seeded stream: splitmix64 (Steele, Lea and Flood, OOPSLA 2014)."""

    def __init__(self, namespace: str) -> None:
        self._state = int.from_bytes(hashlib.sha256(namespace.encode()).digest()[:8], "big")

    def below(self, bound: int) -> int:
        """Return an integer in [0, bound)."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((mixed ^ (mixed >> 31)) * bound) >> 64

    def choice(self, values: Sequence[str]) -> str:
        """Return one of *values*."""
        return values[self.below(len(values))]

    def order(self, values: Iterable[str]) -> list[str]:
        """Return *values* in a drawn order (Fisher-Yates)."""
        drawn = list(values)
        for last in range(len(drawn) - 1, 0, -1):
            other = self.below(last + 1)
            drawn[last], drawn[other] = drawn[other], drawn[last]
        return drawn


class _Words:
    """What the placeholders of one article stand for, drawn when first met, never twice the same."""

    def __init__(self, draw: _Draw, story: Story) -> None:
        self._draw = draw
        self._pools = prose().pools | story.words
        self._bound = dict(story.outcomes[draw.below(len(story.outcomes))])
        self._used: dict[str, set[str]] = {}

    def fill(self, template: str) -> str:
        """Return *template* with its placeholders replaced and its first letter a capital."""
        text = template
        while "{" in text:  # an outcome's words may hold placeholders of their own
            text = _PLACEHOLDER.sub(self._value, text)
        return text[0].upper() + text[1:]

    def _value(self, match: re.Match[str]) -> str:
        key = match.group(0)[1:-1]
        if key not in self._bound:
            pool = match.group(1)
            used = self._used.setdefault(pool, set())
            value = self._fresh(pool)
            while value in used:
                value = self._fresh(pool)
            used.add(value)
            self._bound[key] = value
        return self._bound[key]

    def _fresh(self, pool: str) -> str:
        if pool == "who":
            first_name = self._draw.choice(self._pools["first_name"])
            return f"{first_name} {self._draw.choice(self._pools['surname'])}"
        return self._draw.choice(self._pools[pool])


def _compose(draw: _Draw, story: Story, words: int) -> tuple[str, str]:
    """Return an article of about *words* words (never fewer than its facts need) and its summary."""
    names = _Words(draw, story)
    summary = names.fill(story.summary)
    opening = names.fill(draw.choice(story.openings))
    facts = [names.fill(draw.choice(paraphrases)) for paraphrases in story.facts]
    length = len(opening.split()) + sum(len(fact.split()) for fact in facts)
    colour: list[str] = []
    # The story's own colour comes first, so that only long articles wander off.
    for template in draw.order(story.colour) + draw.order(prose().colour):
        if length >= words:
            break
        colour.append(names.fill(template))
        length += len(colour[-1].split())
    colour = draw.order(colour)
    # Each fact gets a stretch of the article of its own, so that no part of it holds them all.
    body: list[str] = []
    facts = draw.order(facts)
    for position, fact in enumerate(facts):
        first = len(colour) * position // len(facts)
        stretch = colour[first : len(colour) * (position + 1) // len(facts)]
        stretch.insert(draw.below(len(stretch) + 1), fact)
        body += stretch
    return _paragraphs(draw, [opening, *body]), summary


def _paragraphs(draw: _Draw, sentences: list[str]) -> str:
    lines: list[str] = []
    start = 0
    while start < len(sentences):
        end = start + 1 + draw.below(_PARAGRAPH)
        lines.append(" ".join(sentences[start:end]))
        start = end
    return "\n".join(lines)


def _side(summary: str) -> Side:
    return "test" if hashlib.sha256(summary.encode()).digest()[0] < _TEST_SHARE else "train"


def _record(side: Side, seed: int | str, index: int, low: int, high: int) -> tuple[str, str]:
    """Return document and summary number *index*, the document within [*low*, *high*] words."""
    draw = _Draw(f"mini-set/1/{side}/{seed}/{index}")
    stories = prose().stories
    while True:
        story = stories[draw.below(len(stories))]
        document, summary = _compose(draw, story, low + draw.below(high - low + 1))
        if _side(summary) == side and low <= len(document.split()) <= high:
            return document, summary


def mini_tasks(
    seed: int = MINI_SEED, count: int = MINI_COUNT, start: int = 0
) -> tuple[MiniTask, ...]:
    """Return records *start* to *start + count - 1* of the task set of *seed*.

    Documents have 120 to 400 words (split at white space). The default is the locked task set of
    256 records (see :data:`MINI_RECORDS_SHA256`); other seeds and numbers give more of the kind.
    """
    return tuple(
        MiniTask(f"mini-{index:06d}", *_record("test", seed, index, MINI_MIN_WORDS, MINI_MAX_WORDS))
        for index in range(start, start + count)
    )


def fresh_story(salt: str, number: int) -> MiniTask:
    """Story *number* of a round: of the task set's kind, and of no task set, whose seeds are numbers."""
    drawn = _record("test", salt, number, MINI_MIN_WORDS, MINI_MAX_WORDS)
    return MiniTask(f"new-{number:06d}", *drawn)


def training_tasks(
    seed: int, count: int, start: int = 0, *, low: int = MINI_MIN_WORDS, high: int = MINI_MAX_WORDS
) -> tuple[MiniTask, ...]:
    """Return records for training: never one whose summary :func:`mini_tasks` could give.

    *low* and *high* bound the words of a document; a story's facts alone need up to 90.
    """
    return tuple(
        MiniTask(f"train-{seed}-{index:06d}", *_record("train", seed, index, low, high))
        for index in range(start, start + count)
    )


def records_sha256(tasks: Iterable[MiniTask]) -> str:
    """Return the SHA-256 of the records' hexadecimal digests joined by line feeds."""
    return hashlib.sha256("\n".join(task.sha256 for task in tasks).encode()).hexdigest()


MINI_RECORDS_SHA256: Final = "2e7a047eefc542952db4b4a1e549ec4aaf494a3ba1886f2783dad840dae92c60"
"""Digest of the 256 records of the default task set."""

__all__ = [
    "MINI_COUNT",
    "MINI_MAX_WORDS",
    "MINI_MIN_WORDS",
    "MINI_RECORDS_SHA256",
    "MINI_SEED",
    "MiniTask",
    "fresh_story",
    "mini_tasks",
    "records_sha256",
    "training_tasks",
]
