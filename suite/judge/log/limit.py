"""What held the numbers of a phase down: the load that was offered, or the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.declare.scenarios.phase import is_all_at_once, is_conversation, kind
from suite.documents.value import Measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.card_phase import LimitedBy, SearchResult
    from suite.judge.log.samples import PhaseSamples


def limited_by(phase: PhaseSamples, searches: Sequence[SearchResult]) -> LimitedBy | None:
    """The load where a bigger one might have shown more, the machine where it was asked for all it can do.

    None where that is no question (one request at a time, points of a curve, conversations), where it cannot be told,
    and where the phase was not measured.

    Args:
        phase: with its requests.
        searches: of a search, every repeat's.
    """
    if phase.invalid:
        return None
    if searches:
        return _of_search(searches)
    verdicts = {each.backlog.verdict for each in phase.repeats if each.backlog is not None}
    if verdicts:
        if "fell-behind" in verdicts:
            return "machine"
        return "load" if verdicts == {"kept-up"} else None
    if is_all_at_once(phase.doc):
        return "machine"
    bounded = phase.doc.concurrency is not None and phase.doc.group is UNSET
    many = not kind(phase.doc).one_at_a_time and not is_conversation(phase.doc)
    return "load" if bounded and many else None


def _of_search(searches: Sequence[SearchResult]) -> LimitedBy | None:
    if any(search.ended == "max-rate-met" for search in searches):
        return "load"
    return "machine" if all(isinstance(search.rate, Measured) for search in searches) else None
