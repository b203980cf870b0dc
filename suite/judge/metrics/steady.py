"""Where the load of a phase was steady, its throughput there, and what drifted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.declare.analysis import drift
from suite.documents.value import Measured, NotMeasured, Value
from suite.judge import intervals
from suite.judge.log.samples import NO_COUNT
from suite.judge.log.steady import DRIFTS, sent_in, token_slices
from suite.judge.metrics.metric import Headline, Metric, phase_metric, phase_metrics
from suite.judge.metrics.throughput import SLICES, over_repeats

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.base.statistics import Floats
    from suite.documents.comparison import Family
    from suite.judge.log.steady import SteadyLoad
    from suite.judge.metrics.inputs import PhaseInputs

METHODS: dict[str, str] = {
    drift.LINE: Sentence("95 % Student about the slope, AR(1)", "斜率的 95 % 学生 t 区间，AR(1)"),
    drift.LEVELS: Sentence(
        "95 % Student, last third against first, AR(1)",
        "末三分之一相对首三分之一的 95 % 学生 t 区间，AR(1)",
    ),
}
"""What an interval of a drift is."""


def _obstacle(states: Sequence[SteadyLoad]) -> str:
    """Why a phase has no steady stretch; "" when every repeat has one."""
    return next(
        (
            Sentence(
                f"repeat {state.repeat.number}: {state.window.why}",
                f"重复 {state.repeat.number}：{chinese(state.window.why)}",
            )
            for state in states
            if not state.window.found
        ),
        "",
    )


def _over_states(inputs: PhaseInputs, unit: str, of: Callable[[SteadyLoad], float]) -> Value:
    """A figure of each repeat's steady state, over the repeats."""
    states = inputs.steady_states
    if why := _obstacle(states):
        return NotMeasured(why)
    return intervals.t_value([of(state) for state in states], unit, _answers(states))


def _answers(states: Sequence[SteadyLoad]) -> int:
    return sum(len(state.answers) for state in states)


@phase_metric(
    Metric(
        "steady_output_throughput",
        "tokens/s",
        "higher",
        "throughput",
        Bilingual("Output throughput, steady state", "稳态输出吞吐量"),
        Bilingual("Σ n of the steady stretch / its length", "稳态时段的 Σ n / 其时长"),
        Sentence(
            "Generated tokens per second where the load was steady: without filling up and running empty.",
            "负载处于稳态时每秒生成的 token 数：不含填充与排空。",
        ),
        by_tokens=True,
        withheld=True,
    )
)
def steady_output_throughput(inputs: PhaseInputs) -> Value:
    """Generated tokens per second where the load was steady."""
    states = inputs.steady_states
    why = _obstacle(states)
    if why:
        return NotMeasured(why)
    if not inputs.phase.counts_tokens:
        return NotMeasured(NO_COUNT)
    rates = [token_slices(state.repeat, state.window, 1)[0] / state.seconds for state in states]
    first = states[0]

    def slices() -> Floats:
        tokens = np.asarray(token_slices(first.repeat, first.window, SLICES), dtype=np.float64)
        return tokens * (SLICES / first.seconds)

    return over_repeats(rates, "tokens/s", _answers(states), slices)


@phase_metric(
    Metric(
        "steady_start_s",
        "s",
        "none",
        "client",
        Bilingual("Start of the steady state", "稳态起点"),
        Bilingual("start of the steady stretch − min t_send", "稳态时段的起点 − min t_send"),
        Sentence("How long the phase took to become steady.", "阶段进入稳态所用的时间。"),
        withheld=True,
    )
)
def steady_start_s(inputs: PhaseInputs) -> Value:
    """When the load became steady."""
    return _over_states(inputs, "s", lambda state: state.start_s)


@phase_metric(
    Metric(
        "steady_share",
        "1",
        "none",
        "client",
        Bilingual("Share of the steady state", "稳态占比"),
        Bilingual(
            "length of the steady stretch / (max t_n − min t_send)",
            "稳态时段的时长 / (max t_n − min t_send)",
        ),
        Sentence("Which share of the phase was steady.", "阶段中处于稳态的占比。"),
        percent=True,
        withheld=True,
    )
)
def steady_share(inputs: PhaseInputs) -> Value:
    """How much of the phase was steady."""
    return _over_states(inputs, "1", lambda state: state.share)


def _drift(
    quantity: str,
    family: Family,
    name: Bilingual,
    symbol: Bilingual,
    *,
    by_tokens: bool = False,
    headline: Headline | None = None,
) -> Metric:
    return Metric(
        f"drift_{quantity}",
        "1",
        "none",
        family,
        Bilingual(f"Drift of {name.en}", f"{name.zh}漂移"),
        Bilingual(
            f"({symbol.en} at the end − at the start) / at the start, along the slope or by levels",
            f"（结束时的 {symbol.zh} − 开始时的）/ 开始时的，按斜率或按水平",
        ),
        Sentence(
            f"Relative change of {name.en} over the steady stretch, of a soak over all of it; 0 means none.",
            f"稳态时段内（长稳测试为全程）{name.zh}的相对变化；0 表示无变化。",
        ),
        headline=headline,
        percent=True,
        by_tokens=by_tokens,
        withheld=True,
    )


_TTFT, _TPOT = Bilingual("TTFT", "TTFT "), Bilingual("TPOT", "TPOT ")


@phase_metrics(
    (
        _drift("ttft", "latency", _TTFT, Bilingual.symbols("TTFT"), headline=Headline(7, "soak")),
        _drift("tpot", "latency", _TPOT, Bilingual.symbols("TPOT"), by_tokens=True),
        _drift(
            "output_throughput",
            "throughput",
            Bilingual("output throughput", "输出吞吐量"),
            Bilingual.symbols("tokens/s"),
            by_tokens=True,
        ),
    )
)
def drifts(inputs: PhaseInputs) -> dict[str, Value]:
    """What changed over the steady stretch."""
    return {name: _drift_value(inputs.steady_states, name) for name in DRIFTS}


def _drift_value(states: Sequence[SteadyLoad], name: str) -> Value:
    changes = [state.drifts[name] for state in states]
    for state, change in zip(states, changes, strict=True):
        if not change.measured:
            return NotMeasured(
                Sentence(
                    f"repeat {state.repeat.number}: {change.why}",
                    f"重复 {state.repeat.number}：{chinese(change.why)}",
                )
            )
    count = sum(len(sent_in(state.repeat, state.over)) for state in states)
    if len(changes) > 1:
        return intervals.t_value([change.change for change in changes], "1", count)
    only = changes[0]
    return Measured(only.change, "1", count, only.low, only.high, METHODS[only.by])
