"""The prose that the mini set is made of: ``mini_stories.json``, twelve kinds of invented news and words for them.

A placeholder is ``{pool}`` or ``{pool_x}``: the part before the underscore names the pool, the rest only tells two
draws apart. Within one article no pool gives the same value twice, so ``{town}`` and ``{town_b}`` always differ;
``{who}`` is a first name and a surname, drawn apart. Every event is invented, and so is the meeting of these names
with it. A changed character changes the set, whose digest is locked.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

import msgspec

from suite.base import jsonio

STORIES_FILE: Final = Path(__file__).with_name("mini_stories.json")
_NUMBERS: Final[dict[str, tuple[str, ...]]] = {
    "hour": tuple(f"{hour}{half}" for half in ("am", "pm") for hour in range(1, 12)),
    "num": tuple(str(number) for number in range(11, 99)),
    "money": tuple(f"£{number} million" for number in range(2, 61)),
    "pounds": tuple(f"£{number},000" for number in range(12, 96)),
    "year": tuple(str(year) for year in range(1961, 2020)),
}


class Story(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of event.

    Attributes:
        kind: its name.
        summary: the sentence to be reached.
        openings: set the scene and hold nothing that the summary needs.
        facts: paraphrases of each fact; an article states every fact once, in any order.
        colour: what reporters fill a page with: other people, other places, other numbers.
        words: pools of the story's own.
        outcomes: endings of which one is chosen; its words stand for its keys in facts and summary, so that the
            summary says "rejected" where the article only counts votes.
    """

    kind: str
    summary: str
    openings: tuple[str, ...]
    facts: tuple[tuple[str, ...], ...]
    colour: tuple[str, ...]
    words: dict[str, tuple[str, ...]]
    outcomes: tuple[dict[str, str], ...] = ({},)


class Prose(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file.

    Attributes:
        pools: words for any story; those that are numbers are made here.
        colour: sentences for any story. None states a fact that a summary uses; most name someone else, somewhere
            else or some other number, so that copying the first name met does not work.
        stories: the kinds of event.
    """

    pools: dict[str, tuple[str, ...]]
    colour: tuple[str, ...]
    stories: tuple[Story, ...]


@functools.cache
def prose() -> Prose:
    """The prose, with every pool."""
    written = msgspec.json.decode(jsonio.read_bytes(STORIES_FILE), type=Prose)
    return msgspec.structs.replace(written, pools=written.pools | _NUMBERS)
