"""All tasks at once, or a bounded number of them: how much the engine gets done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual
from suite.declare.scenarios.scenario import Headline, Scenario, register

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.declare.scenarios.scenario import Contradiction
    from suite.documents.profile import Profile, ProfilePhase


def _check(doc: Profile, phase: ProfilePhase) -> Iterator[Contradiction]:
    del doc
    if phase.rounds is not UNSET and phase.concurrency is None:
        yield "/rounds", "rounds need streams", "name the tasks, or a concurrency"


register(
    Scenario(
        name="offline",
        title=Bilingual("Offline", "离线"),
        load=("concurrency",),
        load_rule="an offline phase has a concurrency or none, and no arrivals",
        all_at_once=True,
        overlaps=True,
        asks_tasks=True,
        headline=Headline(throughput=1, latency=6),
        check=_check,
    )
)
