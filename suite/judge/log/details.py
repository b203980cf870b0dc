"""What a phase's result holds beside its metrics: how it ended, when it was steady, what a search found.

All of it is worked out from the events; what the run itself noted about its endings is only compared with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.declare.analysis.backlog import Backlog
    from suite.documents.card_phase import (
        Ending,
        EnergySource,
        LengthsResult,
        LimitedBy,
        SearchResult,
        SteadyState,
        TokenCount,
        Track,
        Turn,
    )


@dataclass(frozen=True, slots=True)
class PhaseDetails:
    """Everything of one phase that is not a metric; numbers as they were computed, the card rounds them.

    Attributes:
        not_run: why the phase was skipped, by the plan; "" when it was to run.
        finish_reasons: requests by the finish reason that the engine gave, ``none`` without one.
        ended: one per repeat that ran; rule R040 holds the run's word against the events.
        steady: one per repeat that ran; empty for a search and where the phase has an obstacle.
        drifting: what drifted in each repeat's steady state (in a soak: in the whole repeat), one sentence each;
            empty where nothing did or nothing could be told.
        searches: one per repeat of a search, replayed from the events; empty for every other scenario.
        turns: of conversations; else empty.
        token_counts: one per source that counted every answer.
        lengths: where exact lengths were asked for; else None.
        backlogs: of each repeat of an open loop: whether the server kept up; empty for every other load.
        limited_by: what held the phase's numbers down, the load or the machine; None where that cannot be told.
        track: medians over time where there are answers enough; else None.
        energy: how the energy was come by; None where it is not measured.
    """

    not_run: str = ""
    finish_reasons: Mapping[str, int] = field(default_factory=dict)
    ended: tuple[Ending, ...] = ()
    steady: tuple[SteadyState, ...] = ()
    drifting: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    searches: tuple[SearchResult, ...] = ()
    turns: tuple[Turn, ...] = ()
    token_counts: tuple[TokenCount, ...] = ()
    lengths: LengthsResult | None = None
    backlogs: Mapping[int, Backlog] = field(default_factory=dict)
    limited_by: LimitedBy | None = None
    track: Track | None = None
    energy: EnergySource | None = None
