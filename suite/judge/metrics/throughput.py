"""Throughputs and goodput: each repeat's sum over its window, then the mean over repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from suite.base.values import Measured, NotMeasured, Value
from suite.judge.metrics import statistics
from suite.judge.metrics.latency import NO_COUNT
from suite.judge.metrics.samples import MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from suite.declare.plandoc import ObjectivesDoc
    from suite.judge.metrics.samples import Answer, PhaseSamples, Repeat
    from suite.judge.metrics.statistics import Floats

    Credits = Callable[[Answer], Iterable[tuple[int, float]]]
    """What an answer adds to a throughput, and when: (time in ns, amount)."""

SLICES = 40
"""Time slices of one repeat for the block bootstrap, and the fewest answers that fill them."""
BLOCK = 4
NO_PROMPT_COUNT = "no source counted the prompt tokens of every request"


def output_credits(answer: Answer) -> list[tuple[int, float]]:
    """Generated tokens as they arrived; spread evenly over the chunks where those did not say."""
    total = answer.generated or 0
    arrivals = answer.arrivals
    told = answer.event["chunk_tokens"]
    weights = told if told and sum(told) > 0 and len(told) == len(arrivals) else [1] * len(arrivals)
    share = total / sum(weights)
    return [(time, weight * share) for time, weight in zip(arrivals, weights, strict=True)]


def total_credits(answer: Answer) -> list[tuple[int, float]]:
    """As `output_credits`, and the prompt's tokens with the first chunk."""
    return [(answer.first, float(answer.prompt or 0)), *output_credits(answer)]


def amounts(repeat: Repeat, give: Credits, count: int) -> Floats:
    """What arrived in each of `count` equal slices of a repeat."""
    span = repeat.end - repeat.first_sent
    times, added = [], []
    for answer in repeat.answers:
        for time, amount in give(answer):
            # Times outside the window are impossible; rule R004 refuses them, here they must not crash.
            times.append(max(0, min((time - repeat.first_sent) * count // span, count - 1)))
            added.append(amount)
    return np.asarray(np.bincount(times, weights=added, minlength=count), dtype=np.float64)


def rate(phase: PhaseSamples, unit: str, amount: Callable[[Answer], float], give: Credits) -> Value:
    """A throughput with its interval: over repeats, or by block bootstrap within the only one.

    Args:
        phase: a phase without obstacle.
        unit: unit of the rate.
        amount: what one answer adds.
        give: the same, spread over the answer's time.
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
    slices = amounts(repeat, give, SLICES) * (SLICES / repeat.window_s)
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

    return rate(phase, "requests/s", good, lambda answer: [(answer.last, good(answer))])


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
        "request_throughput": rate(phase, "requests/s", lambda _: 1.0, lambda a: [(a.last, 1.0)]),
        "goodput": _goodput(phase, objectives),
    }
