"""The search for the highest rate that meets the workload's objectives; see `suite.declare.analysis.bisection`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Bilingual
from suite.declare.scenarios.scenario import Scenario, register
from suite.documents.document import given
from suite.documents.workload import NO_OBJECTIVES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.declare.scenarios.scenario import Contradiction
    from suite.documents.profile import Profile, ProfilePhase


def _check(doc: Profile, phase: ProfilePhase) -> Iterator[Contradiction]:
    search = given(phase.search)
    if search is None:
        return
    if search.min_rate >= search.max_rate:
        yield "/search/max_rate", "not above min_rate", ""
    timed = (("min_requests", search.min_requests), ("duration_s", search.duration_s))
    for (member, value), (other, missing) in (timed, timed[::-1]):
        if value is not UNSET and missing is UNSET:
            yield f"/search/{member}", f"{member} goes with {other}", f"name {other} too"
    if given(search.min_requests, 1) > search.requests:
        yield "/search/min_requests", "more than requests, the most of a probe", ""
    if phase.tasks is not None:
        yield "/tasks", "search says how many requests there are", "tasks: null"
    objectives = doc.objectives
    if objectives == NO_OBJECTIVES:
        yield "/search", "there is no objective to meet", "objectives: {ttft_ms: …, tpot_ms: …}"


register(
    Scenario(
        name="slo_search",
        title=Bilingual("Search for the highest rate", "最高速率搜索"),
        load=(),
        load_rule="a search has neither concurrency nor arrivals: it finds the rate",
        own=("search",),
        required={"search": "a search needs search"},
        forbidden={
            "stop": ("a search ends by itself", ""),
            "rounds": ("rounds need streams", "name the tasks"),
        },
        source="search",
        open_loop=True,
        searches=True,
        check=_check,
    )
)
