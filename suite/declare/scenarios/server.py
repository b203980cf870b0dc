"""An open loop: requests arrive when they are due, whether earlier ones were answered or not."""

from __future__ import annotations

from suite.base.bilingual import Bilingual
from suite.declare.scenarios.scenario import Headline, Scenario, register

register(
    Scenario(
        name="server",
        title=Bilingual("Server", "服务器"),
        load=("arrivals",),
        load_rule="a server phase has arrivals and no concurrency",
        open_loop=True,
        asks_tasks=True,
        must_be_steady=True,
        headline=Headline(throughput=3, latency=4, goodput=True),
    )
)
