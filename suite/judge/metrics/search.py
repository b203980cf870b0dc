"""The highest rate of a search whose answers met the objectives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.declare.scenarios.phase import is_search
from suite.documents.value import Measured, NotMeasured, Value
from suite.judge import intervals
from suite.judge.metrics.metric import Headline, Metric, phase_metric

if TYPE_CHECKING:
    from suite.judge.metrics.inputs import PhaseInputs

NO_SEARCH = Sentence("not a search", "不是搜索")


@phase_metric(
    Metric(
        "slo_rate",
        "requests/s",
        "higher",
        "throughput",
        Bilingual("Highest rate within the objectives", "满足目标的最高请求率"),
        Bilingual(
            "max offered rate whose TTFT, TPOT and E2E meet their objectives",
            "TTFT、TPOT 与 E2E 均满足目标的最高请求速率",
        ),
        Sentence(
            "Highest Poisson rate of a search at which the chosen percentile met every objective.",
            "搜索中所选百分位满足全部目标的最高泊松到达速率。",
        ),
        headline=Headline(1, "search"),
        by_objectives=True,
        unasked=NO_SEARCH,
    ),
    needs="requests",
)
def slo_rate(inputs: PhaseInputs) -> Value:
    """The answer of the search, or the mean of its repeats' answers."""
    phase, searches = inputs.phase, inputs.searches
    if not is_search(phase.doc):
        return NotMeasured(NO_SEARCH)
    if phase.invalid:
        return NotMeasured(phase.invalid)
    if len(searches) == 1:
        return searches[0].rate
    rates = [search.rate for search in searches if isinstance(search.rate, Measured)]
    for search in searches:
        if isinstance(search.rate, NotMeasured):
            return NotMeasured(
                Sentence(
                    f"repeat {search.repeat}: {search.rate.why}",
                    f"重复 {search.repeat}：{chinese(search.rate.why)}",
                )
            )
    count = sum(rate.n for rate in rates)
    return intervals.t_value([rate.value for rate in rates], "requests/s", count)
