"""The rule of a server that runs elsewhere: how much of what was measured is the network's."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Bilingual, Sentence
from suite.judge.log import network
from suite.judge.rules.rule import Finding, not_applicable, passed, rule, warned

if TYPE_CHECKING:
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

MOST_NETWORK: Final = 0.1
"""Largest share of the time to first token that a round trip may take before the rule warns."""


@rule(
    "R105",
    title=Bilingual("The network's share is known", "网络所占份额已知"),
    asks=Bilingual(
        "Of a server that ran already, TCP handshakes were timed before the first phase and after each one; their median is at most a "
        "tenth of the median time to first token where the fewest requests run at a time.",
        "对已运行的服务器，在首个阶段之前及每个阶段之后测量 TCP 握手时间；其中位数不超过并发最少的阶段中 TTFT 中位数的十分之一。",
    ),
    reason=Bilingual(
        "Times that are the network's, and not the server's; a path that changed between the phases.",
        "属于网络而非服务器的时间；阶段之间发生变化的路径。",
    ),
    phases="run",
    broken=Bilingual("warn", "warn"),
)
def network_share(evidence: Evidence, _: Results) -> Finding:
    """What is measured of a server elsewhere is the server's, and not the network's."""
    if evidence.plan.runtime != "endpoint":
        return not_applicable(Sentence("the suite started the server itself", "服务由套件自行启动"))
    probes = network.round_trips(evidence)
    times = sorted(time for probe in probes for time in probe)
    ended = sum(mark.name == "phase.end" for mark in evidence.marks)
    if len(probes) <= ended or not all(probes):
        return warned(
            Sentence(
                f"{sum(map(bool, probes))} of {ended + 1} measurements of the network are there",
                f"网络测量 {sum(map(bool, probes))} 次，应有 {ended + 1} 次",
            ),
            ["events.jsonl: network.probe"],
        )
    first = network.quiet_first_token(evidence)
    median = statistics.median(times)
    share = None if first is None else median / first
    words = Sentence(
        f"a TCP round trip takes {median / 1e6:.3f} ms (median of {len(times)}, longest {times[-1] / 1e6:.3f} ms)"
        + ("" if share is None else f", {share:.1%} of the time to first token"),
        f"TCP 往返 {median / 1e6:.3f} ms（{len(times)} 次的中位数，最长 {times[-1] / 1e6:.3f} ms）"
        + ("" if share is None else f"，占 TTFT 的 {share:.1%}"),
    )
    if share is not None and share > MOST_NETWORK:
        return warned(words, ["events.jsonl: network.probe"])
    return passed(words)
