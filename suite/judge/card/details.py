"""What a phase's result holds beside its metrics, as members of its card; what says nothing is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from suite.declare.scenarios.phase import is_search, kind
from suite.judge.card.leaves import rounded

if TYPE_CHECKING:
    from suite.documents.card_phase import CardPhase
    from suite.documents.phase import Phase
    from suite.judge.log.details import PhaseDetails

_ORDINARY_ENDS = ("", "all-sent")


def complete(card: CardPhase, planned: Phase, details: PhaseDetails) -> CardPhase:
    """A phase's card with its optional members.

    Args:
        card: the card without them.
        planned: the phase as the plan has it.
        details: what came of it.
    """
    early = any(end.by not in _ORDINARY_ENDS for end in details.ended)
    # A search has stop rules of its own: how its probes ended stands with each.
    tells_end = not is_search(planned) and (planned.stop is not UNSET or early)
    # Over time a soak is read; elsewhere the steady stretch and the drift say as much in fewer words.
    tells_time = kind(planned).watches_drift and details.track is not None
    return replace(
        card,
        finish_reasons=dict(details.finish_reasons) or UNSET,
        group=planned.group,
        not_run=rounded(details.not_run) or UNSET,
        ended=rounded(details.ended) if tells_end and details.ended else UNSET,
        steady=rounded(details.steady) or UNSET,
        searches=rounded(details.searches) or UNSET,
        limited_by=details.limited_by or UNSET,
        energy=rounded(details.energy) or UNSET,
        turns=rounded(details.turns) or UNSET,
        token_counts=rounded(details.token_counts) or UNSET,
        lengths=details.lengths or UNSET,
        track=rounded(details.track) or UNSET if tells_time else UNSET,
    )
