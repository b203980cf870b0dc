"""One request after the other: how fast the engine is for one user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual
from suite.declare.scenarios.scenario import Headline, Scenario, register

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.declare.scenarios.scenario import Contradiction
    from suite.documents.profile import Profile, ProfilePhase

_LOAD_RULE = "a single-stream phase has concurrency 1 and no arrivals"


def _check(doc: Profile, phase: ProfilePhase) -> Iterator[Contradiction]:
    del doc
    if phase.concurrency not in (1, None):
        yield "/scenario", _LOAD_RULE, ""
    if phase.controls is not UNSET:
        if phase.tasks is None or phase.tasks < 2 * phase.controls.tasks:
            why = "controls ask tasks of the phase's first half again"
            yield "/controls/tasks", why, "at most half of the phase's tasks"
        for member in ("lengths", "stop"):
            if getattr(phase, member) is not UNSET:
                yield f"/{member}", f"{member} leaves no place for controls", ""


register(
    Scenario(
        name="single_stream",
        title=Bilingual("Single stream", "单流"),
        load=("concurrency",),
        load_rule=_LOAD_RULE,
        own=("controls",),
        one_at_a_time=True,
        asks_tasks=True,
        headline=Headline(throughput=6, latency=1),
        check=_check,
    )
)
