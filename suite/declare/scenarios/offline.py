"""All tasks with a bounded concurrency: how much the engine gets done."""

from __future__ import annotations

from suite.base.bilingual import Bilingual
from suite.declare.scenarios.scenario import Headline, Scenario, register

register(
    Scenario(
        name="offline",
        title=Bilingual("Offline", "离线"),
        load=("concurrency",),
        load_rule="an offline phase has a concurrency and no arrivals",
        overlaps=True,
        asks_tasks=True,
        headline=Headline(throughput=1, latency=6),
    )
)
