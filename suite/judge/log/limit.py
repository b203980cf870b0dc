"""What held the numbers of a phase down: the load that was offered, the machine, or the client that sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.declare.scenarios.phase import is_all_at_once, is_conversation, kind
from suite.documents.value import Measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.card_phase import LimitedBy, SearchResult
    from suite.judge.log.samples import PhaseSamples


BUSY: Final = 0.8
"""Share of its processes' time from which on the load client may have been what was waited for."""


def limited_by(phase: PhaseSamples, searches: Sequence[SearchResult]) -> LimitedBy | None:
    """The load where a bigger one might have shown more, the machine where it was asked for all it can do.

    The client in the machine's place where its own processes were busy for `BUSY` of the phase.

    None where that is no question (one request at a time, points of a curve, conversations), where it cannot be told,
    and where the phase was not measured.

    Args:
        phase: with its requests.
        searches: of a search, every repeat's.
    """
    if phase.invalid:
        return None
    by = _of_search(searches) if searches else _of_load(phase)
    return "client" if by == "machine" and _client_was_busy(phase) else by


def _client_was_busy(phase: PhaseSamples) -> bool:
    """Whether any repeat kept the client's processes busy; by what the log notes of their processor time."""
    for repeat in phase.repeats:
        used, workers = repeat.log.noted.count("cpu_ms"), repeat.log.noted.count("workers")
        if used is not None and used / 1e3 >= BUSY * max(1, workers or 1) * repeat.window_s > 0:
            return True
    return False


def _of_load(phase: PhaseSamples) -> LimitedBy | None:
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
