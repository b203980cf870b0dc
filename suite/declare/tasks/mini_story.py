"""The form of a story of the mini set: what an event type is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Story:
    """One event type.

    ``openings`` set the scene and hold nothing that the summary needs. Each member of ``facts`` is a
    tuple of paraphrases of one fact; an article states every fact once, in any order. ``colour`` is
    what reporters fill a page with: other people, other places, other numbers. ``words`` adds pools
    to the common ones. ``outcomes`` are mutually exclusive endings: one is chosen, and its words
    stand for its keys in facts and summary (so that the summary says "rejected" where the article
    only counts votes).
    """

    kind: str
    openings: tuple[str, ...]
    facts: tuple[tuple[str, ...], ...]
    colour: tuple[str, ...]
    summary: str
    words: dict[str, tuple[str, ...]]
    outcomes: tuple[dict[str, str], ...] = ({},)


__all__ = ["Story"]
