"""Throughputs and goodput: each repeat's sum over its window, then the mean over repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from suite.base.values import Measured, NotMeasured, Value
from suite.judge.metrics import statistics
from suite.judge.metrics.latency import NO_COUNT
from suite.judge.metrics.samples import MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.declare.plandoc import ObjectivesDoc
    from suite.judge.metrics.samples import Answer, PhaseSamples, Repeat
    from suite.judge.metrics.statistics import Floats, Integers

    Credits = tuple[Integers, Floats]
    """What the answers of a repeat add to a throughput: when, in ns, and how much."""

SLICES = 40
"""Time slices of one repeat for the block bootstrap, and the fewest answers that fill them."""
BLOCK = 4
LONGEST_NS = 1 << 53
"""No time of an event log is larger; forty times as much still fits into 64 bits."""
NO_PROMPT_COUNT = "no source counted the prompt tokens of every request"


def output_credits(repeat: Repeat) -> Credits:
    """Generated tokens as they arrived."""
    return repeat.chunks.times, repeat.chunks.tokens


def total_credits(repeat: Repeat) -> Credits:
    """As `output_credits`, and the prompt's tokens with the first chunk."""
    chunks = repeat.chunks
    prompts = [float(answer.prompt or 0) for answer in repeat.answers]
    times = np.insert(chunks.times, chunks.firsts, chunks.times[chunks.firsts])
    return times, np.insert(chunks.tokens, chunks.firsts, prompts)


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
            return NotMeasured("the phase took no measurable time")
        rates.append(sum(amount(answer) for answer in repeat.answers) / repeat.window_s)
    completed = len(phase.answers)
    if len(rates) > 1:
        return statistics.t_value(rates, unit, completed)
    if completed < SLICES:
        why = f"n = {completed} < {SLICES}, too few for a block bootstrap"
        return Measured(rates[0], unit, completed, None, None, why)
    repeat = phase.repeats[0]
    slices = amounts(repeat, give(repeat), SLICES) * (SLICES / repeat.window_s)
    low, high = statistics.block_interval(slices, BLOCK)
    return Measured(rates[0], unit, completed, low, high, "95 % block bootstrap")


def meets(answer: Answer, objectives: ObjectivesDoc, *, open_loop: bool) -> bool:
    """Whether an answer meets every objective; an open loop counts from the scheduled start.

    An answer of one token has no TPOT and so can't miss its objective.
    """
    start = answer.scheduled if open_loop else answer.sent
    measured = (
        ((answer.first - start) * MS, objectives["ttft_ms"]),
        (answer.tpot, objectives["tpot_ms"]),
        ((answer.last - start) * MS, objectives["e2e_ms"]),
    )
    return all(bound is None or value is None or value <= bound for value, bound in measured)


def _goodput(phase: PhaseSamples, objectives: ObjectivesDoc) -> Value:
    if all(bound is None for bound in objectives.values()):
        return NotMeasured("the profile sets no objectives")
    if objectives["tpot_ms"] is not None and not phase.counts_tokens:
        return NotMeasured(NO_COUNT)

    def good(answer: Answer) -> float:
        return float(meets(answer, objectives, open_loop=phase.open_loop))

    return rate(phase, "requests/s", good, lambda repeat: _at_last(repeat, good))


def _at_last(repeat: Repeat, amount: Callable[[Answer], float]) -> Credits:
    """What each answer adds when its last chunk arrives."""
    return repeat.chunks.lasts, np.array([amount(answer) for answer in repeat.answers])


def _one(_: Answer) -> float:
    return 1.0


def throughputs(phase: PhaseSamples, objectives: ObjectivesDoc) -> dict[str, Value]:
    """Output, total and request throughput and goodput of a phase without obstacle."""
    output: Value = NotMeasured(NO_COUNT)
    total: Value = NotMeasured(NO_COUNT)
    if phase.counts_tokens:
        output = rate(phase, "tokens/s", lambda a: float(a.generated or 0), output_credits)
        total = NotMeasured(NO_PROMPT_COUNT)
        if phase.counts_prompts:
            total = rate(
                phase,
                "tokens/s",
                lambda a: float((a.prompt or 0) + (a.generated or 0)),
                total_credits,
            )
    return {
        "output_throughput": output,
        "total_throughput": total,
        "request_throughput": rate(
            phase, "requests/s", _one, lambda repeat: _at_last(repeat, _one)
        ),
        "goodput": _goodput(phase, objectives),
    }
