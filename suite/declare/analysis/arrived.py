"""Which chunk of an answer is its first, and how many tokens had come by then and came in all.

Time per token needs both of the same chunks. What an engine claims does not say that: it may count an end token that
no chunk carries, and the first chunk may carry several tokens. So the tokens that arrived are counted by the first of
these that tells:

- the engine says how many tokens each chunk carries;
- there are as many chunks as tokens, or one chunk less where the answer ended by itself: one token each;
- the suite's own tokenizer counts the text, and its part up to the first chunk. It is kept within one token of the
  engine's count, which is exact but for the end token.
"""

from __future__ import annotations

import functools
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from suite.base.unicode14 import shows
from suite.documents.document import given
from suite.documents.event import FOURTH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.documents.event import Request

    Count = Callable[[Request], "Arrived | None"]

BY_CHUNK: Final = "engine, by chunk"
ONE_EACH: Final = "one token a chunk"
OWN: Final = "own tokenizer"
NO_SOURCE: Final = "none"


class Arrived(NamedTuple):
    """The tokens of one answer that arrived in chunks with text.

    Attributes:
        tokens: all of them.
        first: those up to and with the first chunk that shows something.
        fourth: place of the chunk with the fourth token that shows something, from 0; None where fewer do.
    """

    tokens: int
    first: int
    fourth: int | None

    @property
    def after(self) -> int:
        """Tokens that came after the first chunk."""
        return self.tokens - self.first


def chunks(event: Request) -> int:
    """Chunks with text."""
    return 0 if event.chunk_t0 is None else 1 + len(event.chunk_dt)


def arrival(event: Request, place: int) -> int:
    """When the chunk at a place arrived, nanoseconds of the run's clock."""
    assert event.chunk_t0 is not None
    return event.chunk_t0 + sum(event.chunk_dt[:place])


def claimed(event: Request) -> int | None:
    """Generated tokens by the engine's ids, else by its usage; None where it does not say."""
    if event.token_ids is not None:
        return len(event.token_ids)
    return given(event.usage.engine_completion)


def several(event: Request, tokens: int | None) -> bool:
    """Whether an answer has more than one token beside an end token, by what arrived or by what is claimed."""
    return max(tokens or 0, (claimed(event) or 0) - 1) > 1


def first_place(event: Request) -> int:
    """Place of the first chunk that holds a token and shows something; the last one's where none does."""
    return _first(event, _showing(event))


def _first(event: Request, showing: Sequence[int]) -> int:
    if showing:
        return showing[0]
    # Behind the chunks whose text is known, and in a log that does not know it, what came is taken to show.
    return min(len(event.lead_chars), chunks(event) - 1)


def shown(event: Request) -> int:
    """How many of the chunks whose text is known hold a token and show something."""
    return len(_showing(event))


def _showing(event: Request) -> tuple[int, ...]:
    """Places of the chunks whose text is known that hold a token and show something."""
    lead, carried = event.lead_chars[: chunks(event)], event.chunk_tokens
    return _places(lead, carried and carried[: len(lead)], event.text[: sum(lead)])


@functools.lru_cache(maxsize=1 << 15)
def _places(lead: tuple[int, ...], carried: tuple[int, ...] | None, text: str) -> tuple[int, ...]:
    """Every count of an answer, and every rule over it, asks again for the places of the same first chunks."""
    places, at = [], 0
    for place, length in enumerate(lead):
        piece = text[at : at + length]
        at += length
        holds = carried is None or place >= len(carried) or carried[place] > 0
        if holds and (not piece or shows(piece)):
            places.append(place)
    return tuple(places)


def _fourth(event: Request, showing: Sequence[int], carried: Sequence[int]) -> int | None:
    """Place of the chunk with the fourth token that shows something, by the tokens of the first chunks."""
    count = 0
    for place in chain(showing, range(len(event.lead_chars), chunks(event))):
        if place >= len(carried):
            return None
        count += carried[place]
        if count >= FOURTH:
            return place
    return None


def _stated(event: Request) -> Arrived | None:
    carried = event.chunk_tokens
    if not carried or len(carried) != chunks(event):
        return None
    showing = _showing(event)
    first = sum(carried[: _first(event, showing) + 1])
    return Arrived(sum(carried), first, _fourth(event, showing, carried))


def _each(event: Request) -> Arrived | None:
    count, engine = chunks(event), claimed(event)
    if engine is None or not count:
        return None
    unseen = engine - count
    if unseen != 0 and (unseen != 1 or event.finish_reason == "length"):
        return None
    showing = _showing(event)
    return Arrived(count, _first(event, showing) + 1, _fourth(event, showing, [1] * count))


def _own(event: Request) -> Arrived | None:
    own, lead = given(event.usage.own_completion), given(event.usage.own_lead)
    showing = _showing(event)
    place = _first(event, showing)
    if own is None or lead is None or not 0 <= place < len(lead):
        return None
    engine, total = claimed(event), own
    if engine is not None:
        total = engine if event.finish_reason == "length" else min(max(own, engine - 1), engine)
    carried = [max(0, now - before) for before, now in zip((0, *lead), lead, strict=False)]
    return Arrived(total, min(lead[place], total), _fourth(event, showing, carried))


SOURCES: Final[tuple[tuple[str, Count], ...]] = (
    (BY_CHUNK, _stated),
    (ONE_EACH, _each),
    (OWN, _own),
)
"""What counts the tokens that arrived, the best first."""


def arrived(event: Request) -> Arrived | None:
    """By the first source that tells of this answer; None where none does."""
    return next((counted for _, count in SOURCES if (counted := count(event)) is not None), None)


def source(events: Sequence[Request]) -> tuple[str, Count]:
    """The first source that tells of every answer: one phase, one source."""
    for name, count in SOURCES:
        if events and all(count(event) is not None for event in events):
            return name, count
    return NO_SOURCE, lambda _: None
