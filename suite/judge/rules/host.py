"""Rules about the host: was it the engine's alone while it was measured?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.documents.value import Measured
from suite.judge.rules.rule import Finding, not_applicable, passed, rule, warned

if TYPE_CHECKING:
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

SHARE = "foreign_processor_share"
NOTABLE = 0.05
"""Share of the host's processor time that other programs may use before a reader must know."""
MOST_CLOSED = 0.10
"""The same, beyond which the run is not closed."""


def _above(results: Results, bound: float) -> Finding:
    shares = {
        name: value
        for name, phase in results.phases.items()
        if isinstance(value := phase.metrics.get(SHARE), Measured)
    }
    if not shares:
        reasons = [phase.metrics[SHARE] for phase in results.phases.values()]
        why = (
            getattr(reasons[0], "why", "")
            if reasons
            else Sentence("no phase was measured", "没有测量任何阶段")
        )
        return not_applicable(why)
    busy = [f"{name}: {share.value:.1%}" for name, share in shares.items() if share.value > bound]
    if busy:
        why = Sentence(
            f"other programs used {max(share.value for share in shares.values()):.1%}",
            f"其他程序在某一阶段使用了主机处理器时间的 {max(share.value for share in shares.values()):.1%}",
        )
        return warned(
            Sentence(
                f"{why} of the host's processor time in a phase, bound {bound:.0%}",
                f"{chinese(why)}，限度 {bound:.0%}",
            ),
            busy,
        )
    most = max(share.value for share in shares.values())
    return passed(
        Sentence(
            f"other programs used at most {most:.1%} of the host's processor time in a phase",
            f"其他程序在任一阶段最多使用主机处理器时间的 {most:.1%}",
        )
    )


@rule(
    "R051",
    title=Bilingual("The host was the engine's", "主机未被其他程序占用"),
    asks=Bilingual(
        "In no measured phase do programs other than the suite and its engine, or other guests of the "
        "hypervisor, use more than 5 % of the host's processor time.",
        "任何测量阶段中，套件与引擎之外的程序以及同一虚拟机监控程序的其他客户机所用时间，均不超过主机处理器时间"
        "的 5 %。",
    ),
    reason=Bilingual(
        "A neighbour takes the time that the engine would have had; the load before the run does not show it.",
        "邻居占用了本属引擎的时间；运行之前的负载并不能显示这一点。",
    ),
    phases="measured",
    broken=Bilingual("warn", "warn"),
)
def quiet_host(_: Evidence, results: Results) -> Finding:
    """Other programs used little of the host's processors."""
    return _above(results, NOTABLE)


@rule(
    "R052",
    title=Bilingual("The host was quiet enough for closed", "主机安静程度满足封闭赛道"),
    asks=Bilingual(
        "The same share is at most 10 %.",
        "同一占比不超过 10 %。",
    ),
    reason=Bilingual(
        "Such a run says as much of the neighbour as of the engine: its repeat may be twice as fast.",
        "这样的运行反映邻居与反映引擎一样多：重复一次可能快一倍。",
    ),
    phases="measured",
    limits="optimised",
)
def quiet_enough(_: Evidence, results: Results) -> Finding:
    """Other programs used so little of the host's processors that the run may be closed."""
    return _above(results, MOST_CLOSED)
