"""Throughputs and goodput: each repeat's sum over its window, then the mean over repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from suite.base.bilingual import Bilingual, Sentence
from suite.documents.value import Measured, NotMeasured, Value
from suite.judge import intervals
from suite.judge.log import tpot
from suite.judge.log.chunks import LONGEST_NS
from suite.judge.log.samples import (
    MS,
    NO_COUNT,
    NO_OBJECTIVES,
    NO_PROMPT_COUNT,
    NO_TIME,
    sets_none,
)
from suite.judge.metrics.metric import Headline, Metric, phase_metric

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.base.statistics import Floats
    from suite.documents.workload import Objectives
    from suite.judge.intervals import Integers
    from suite.judge.log.samples import Answer, PhaseSamples, Repeat
    from suite.judge.metrics.inputs import PhaseInputs

    Credits = tuple[Integers, Floats]
    """What the answers of a repeat add to a throughput: when, in ns, and how much."""

SLICES = 40
"""Time slices of one repeat for the block bootstrap, and the fewest answers that fill them."""
BLOCK = 4


def token_credits(repeat: Repeat) -> Credits:
    """Generated tokens as they arrived."""
    return repeat.chunks.times, repeat.chunks.tokens


def prompt_credits(repeat: Repeat) -> Credits:
    """The prompt's tokens with the first chunk."""
    chunks = repeat.chunks
    return chunks.times[chunks.firsts], np.array([float(a.prompt or 0) for a in repeat.answers])


def total_credits(repeat: Repeat) -> Credits:
    """Generated tokens as they arrived, and the prompt's tokens with the first chunk."""
    chunks = repeat.chunks
    begun, prompts = prompt_credits(repeat)
    times = np.insert(chunks.times, chunks.firsts, begun)
    return times, np.insert(chunks.tokens, chunks.firsts, prompts)


def _at_last(repeat: Repeat, amount: Callable[[Answer], float]) -> Credits:
    """What each answer adds when its last chunk arrives."""
    return repeat.chunks.lasts, np.array([amount(answer) for answer in repeat.answers])


def amounts(repeat: Repeat, credits_: Credits, count: int) -> Floats:
    """What arrived in each of `count` equal slices of a repeat."""
    times, added = credits_
    # Times outside the window are impossible; rule R004 refuses them, here they must not crash.
    span = min(repeat.end - repeat.first_sent, LONGEST_NS)
    since = np.clip(times - repeat.first_sent, 0, span)
    places = np.minimum(since * count // span, count - 1)
    return np.asarray(np.bincount(places, weights=added, minlength=count), dtype=np.float64)


def rate(
    phase: PhaseSamples,
    unit: str,
    amount: Callable[[Answer], float],
    give: Callable[[Repeat], Credits],
) -> Value:
    """A throughput with its interval: over repeats, or by block bootstrap within the only one.

    Args:
        phase: a phase without obstacle.
        unit: unit of the rate.
        amount: what one answer adds.
        give: what all add, spread over their time.
    """
    rates = []
    for repeat in phase.repeats:
        if repeat.window_s <= 0:
            return NotMeasured(NO_TIME)
        rates.append(sum(amount(answer) for answer in repeat.answers) / repeat.window_s)
    repeat = phase.repeats[0]

    def slices() -> Floats:
        return amounts(repeat, give(repeat), SLICES) * (SLICES / repeat.window_s)

    return over_repeats(rates, unit, len(phase.answers), slices)


def over_repeats(
    rates: Sequence[float], unit: str, completed: int, slices: Callable[[], Floats]
) -> Value:
    """The mean of the repeats' rates with its interval; of a single repeat by block bootstrap over its slices.

    Args:
        rates: of each repeat.
        unit: of the rates.
        completed: answers of all repeats.
        slices: the rates of the first repeat in `SLICES` equal slices of time.
    """
    if len(rates) > 1:
        return intervals.t_value(rates, unit, completed)
    if completed < SLICES:
        why = Sentence(
            f"n = {completed} < {SLICES}, too few for a block bootstrap",
            f"n = {completed} < {SLICES}，样本过少，无法使用分块自助法",
        )
        return Measured(rates[0], unit, completed, None, None, why)
    low, high = intervals.block_interval(slices(), BLOCK)
    return Measured(
        rates[0], unit, completed, low, high, Sentence("95 % block bootstrap", "95 % 分块自助法")
    )


def meets(answer: Answer, objectives: Objectives, *, open_loop: bool) -> bool:
    """Whether an answer meets every objective; an open loop counts from the scheduled start.

    An answer whose tokens came at once has no TPOT and so can't miss its objective.
    """
    start = answer.scheduled if open_loop else answer.sent
    measured = (
        ((answer.first - start) * MS, objectives.ttft_ms),
        (answer.tpot, objectives.tpot_ms),
        ((answer.last - start) * MS, objectives.e2e_ms),
    )
    return all(bound is None or value is None or value <= bound for value, bound in measured)


def tpot_untold(phase: PhaseSamples) -> str:
    """Why an objective for TPOT cannot be checked; "" where it can, or all answers have one token."""
    if not phase.counts_tokens:
        return NO_COUNT
    return tpot.untold(phase.answers)


@phase_metric(
    Metric(
        "output_throughput",
        "tokens/s",
        "higher",
        "throughput",
        Bilingual("Output throughput", "输出吞吐量"),
        Bilingual.symbols("Σ n / (max t_n − min t_send)"),
        Sentence(
            "Generated tokens that arrived, per second over the phase; an end token that no chunk carries is not counted.",
            "阶段内每秒到达的生成 token 数；不计无数据块承载的结束符。",
        ),
        headline=Headline(2, "busy"),
        by_tokens=True,
    )
)
def output_throughput(inputs: PhaseInputs) -> Value:
    """Generated tokens per second."""
    phase = inputs.phase
    if not phase.counts_tokens:
        return NotMeasured(NO_COUNT)
    return rate(phase, "tokens/s", lambda a: float(a.generated or 0), token_credits)


@phase_metric(
    Metric(
        "total_throughput",
        "tokens/s",
        "higher",
        "throughput",
        Bilingual("Total throughput", "总吞吐量"),
        Bilingual.symbols("Σ (p + n) / (max t_n − min t_send)"),
        Sentence(
            "Prompt and generated tokens per second over the phase.",
            "阶段内每秒的提示与生成 token 数。",
        ),
        by_tokens=True,
    )
)
def total_throughput(inputs: PhaseInputs) -> Value:
    """Prompt and generated tokens per second."""
    phase = inputs.phase
    if not phase.counts_tokens:
        return NotMeasured(NO_COUNT)
    if not phase.counts_prompts:
        return NotMeasured(NO_PROMPT_COUNT)
    return rate(
        phase, "tokens/s", lambda a: float((a.prompt or 0) + (a.generated or 0)), total_credits
    )


@phase_metric(
    Metric(
        "request_throughput",
        "requests/s",
        "higher",
        "throughput",
        Bilingual("Request throughput", "请求吞吐量"),
        Bilingual("completed / (max t_n − min t_send)", "完成的请求数 / (max t_n − min t_send)"),
        Sentence("Completed requests per second over the phase.", "阶段内每秒完成的请求数。"),
    )
)
def request_throughput(inputs: PhaseInputs) -> Value:
    """Completed requests per second."""

    def each_once(_: Answer) -> float:
        return 1.0

    return rate(inputs.phase, "requests/s", each_once, lambda repeat: _at_last(repeat, each_once))


@phase_metric(
    Metric(
        "goodput",
        "requests/s",
        "higher",
        "throughput",
        Bilingual("Goodput", "有效吞吐量"),
        Bilingual(
            "requests that meet every objective / (max t_n − min t_send)",
            "满足全部目标的请求数 / (max t_n − min t_send)",
        ),
        Sentence(
            "Requests per second that met every service-level objective; open-loop phases count from t_sched.",
            "每秒满足全部服务水平目标的请求数；开环阶段自 t_sched 起计。",
        ),
        headline=Headline(5, "served"),
        by_objectives=True,
        withheld=True,
    )
)
def goodput(inputs: PhaseInputs) -> Value:
    """Requests per second that met every objective."""
    phase, objectives = inputs.phase, inputs.objectives
    if sets_none(objectives):
        return NotMeasured(NO_OBJECTIVES)
    if objectives.tpot_ms is not None:
        why = tpot_untold(phase)
        if why:
            return NotMeasured(why)

    def good(answer: Answer) -> float:
        return float(meets(answer, objectives, open_loop=phase.open_loop))

    return rate(phase, "requests/s", good, lambda repeat: _at_last(repeat, good))
