"""A steady load for a stated time: does anything drift?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.declare.scenarios.scenario import Headline, Scenario, register
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.declare.scenarios.scenario import Contradiction
    from suite.documents.profile import Profile, ProfilePhase


def _check(doc: Profile, phase: ProfilePhase) -> Iterator[Contradiction]:
    del doc
    stop = given(phase.stop)
    if stop is not None and not stop.min_duration_s:
        yield "/stop/min_duration_s", "a soak goes on for a stated time", ""


register(
    Scenario(
        name="soak",
        title=Bilingual("Soak", "长时间稳定性"),
        load=("concurrency", "arrivals"),
        load_rule="a soak has a concurrency or arrivals",
        required={"stop": "a soak needs stop with min_duration_s"},
        must_be_steady=True,
        watches_drift=True,
        headline=Headline(throughput=4, latency=5),
        check=_check,
    )
)
