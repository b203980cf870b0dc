"""A closed loop at a stated number of streams: a point of a sweep or of a grid, or one alone."""

from __future__ import annotations

from suite.base.bilingual import Bilingual
from suite.declare.scenarios.scenario import Headline, Scenario, register

register(
    Scenario(
        name="concurrency",
        title=Bilingual("Fixed concurrency", "固定并发"),
        load=("concurrency", "sweep", "grid"),
        load_rule="a concurrency phase has one of concurrency, sweep and grid, and no arrivals",
        own=("sweep", "grid", "lockstep"),
        must_be_steady=True,
        headline=Headline(throughput=2, latency=2, points=True),
    )
)
