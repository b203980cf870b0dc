"""What a phase's result holds beside its metrics, as members of its card; what says nothing is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from msgspec import UNSET

from suite.declare.scenarios.phase import is_search, kind
from suite.judge.card.leaves import rounded

if TYPE_CHECKING:
    from msgspec import UnsetType

    from suite.documents.card_phase import (
        Ending,
        LengthsResult,
        SearchResult,
        SteadyState,
        Track,
        Turn,
    )
    from suite.documents.phase import Group, Phase
    from suite.judge.log.details import PhaseDetails

_ORDINARY_ENDS = ("", "all-sent")


class Members(TypedDict):
    """The optional members of a phase's card (`suite.documents.card_phase.CardPhase`)."""

    group: Group | UnsetType
    not_run: str | UnsetType
    ended: tuple[Ending, ...] | UnsetType
    steady: tuple[SteadyState, ...] | UnsetType
    searches: tuple[SearchResult, ...] | UnsetType
    turns: tuple[Turn, ...] | UnsetType
    lengths: LengthsResult | UnsetType
    track: Track | UnsetType


def members(planned: Phase, details: PhaseDetails) -> Members:
    """The optional members of a phase's card.

    Args:
        planned: the phase as the plan has it.
        details: what came of it.
    """
    early = any(end.by not in _ORDINARY_ENDS for end in details.ended)
    # A search has stop rules of its own: how its probes ended stands with each.
    tells_end = not is_search(planned) and (planned.stop is not UNSET or early)
    # Over time a soak is read; elsewhere the steady stretch and the drift say as much in fewer words.
    tells_time = kind(planned).watches_drift and details.track is not None
    return {
        "group": planned.group,
        "not_run": rounded(details.not_run) or UNSET,
        "ended": rounded(details.ended) if tells_end and details.ended else UNSET,
        "steady": rounded(details.steady) or UNSET,
        "searches": rounded(details.searches) or UNSET,
        "turns": rounded(details.turns) or UNSET,
        "lengths": details.lengths or UNSET,
        "track": rounded(details.track) or UNSET if tells_time else UNSET,
    }
