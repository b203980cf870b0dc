"""TTFT, TPOT, ICL, ITL and end-to-end latency, pooled over the repeats of a phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from suite.base.values import Measured, NotMeasured, Value, exact
from suite.judge.metrics import statistics
from suite.judge.metrics.registry import LATENCIES, STATISTICS
from suite.judge.metrics.samples import MS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.judge.metrics.samples import Answer, PhaseSamples
    from suite.judge.metrics.statistics import Floats

CLOSED_LOOP = "closed loop: a request is due when it is sent"
NO_COUNT = "no source counted the generated tokens of every answer"
MOST_WHOLE = 0.05
"""Share of answers that may arrive in one piece before TPOT says nothing about the engine."""
MOST_UNSEEN = 0.1
"""Share of the tokens that may come after the last chunk with text: special tokens, which engines leave out."""
LEAST_OWN = 0.9
"""Share of the claimed tokens that the suite's tokenizer must find in the texts where chunks do not tell theirs."""
_BEYOND = (
    *(f"{name}_" for name in LATENCIES),
    "normalised_latency",
    "goodput",
    "steady_",
    "drift_",
)
_GAPS = "no interval: gaps of one answer depend on each other"


def ascending(values: Sequence[float]) -> Floats:
    """Samples in ascending order."""
    return np.sort(np.asarray(values, dtype=np.float64))


def ttft(answers: Sequence[Answer]) -> list[float]:
    """t_1 − t_send of each answer, milliseconds."""
    return [(answer.first - answer.sent) * MS for answer in answers]


def e2e(answers: Sequence[Answer]) -> list[float]:
    """t_n − t_send of each answer, milliseconds."""
    return [(answer.last - answer.sent) * MS for answer in answers]


def tpot(answers: Sequence[Answer]) -> list[float]:
    """(t_n − t_1) / (n − 1) of each answer of two tokens or more, milliseconds."""
    return [value for answer in answers if (value := answer.tpot) is not None]


def itl_obstacle(phase: PhaseSamples) -> str:
    """Why chunk gaps may not be called inter-token latencies; "" when they may."""
    answers = phase.answers
    chunks = sum(1 + len(answer.gaps) for answer in answers)
    told = [answer.event["chunk_tokens"] for answer in answers]
    if all(tokens is not None for tokens in told):
        tokens = sum(sum(tokens or ()) for tokens in told)
        if all(set(tokens_of or ()) <= {1} for tokens_of in told):
            return ""
        return f"chunks carried {tokens / max(chunks, 1):.3g} tokens on average, not one each"
    if all(answer.generated == 1 + len(answer.gaps) for answer in answers):
        return ""
    return "the engine does not say how many tokens a chunk carries"


def _summary(values: Floats, name: str) -> dict[str, Value]:
    """Every statistic of one latency."""
    found: dict[str, Value] = {}
    for suffix, (_, _, q) in STATISTICS.items():
        full = f"{name}_{suffix}"
        if q is None:
            found[full] = statistics.bootstrap_mean(values, "ms")
        else:
            found[full] = statistics.percentile_value(values, q, "ms")
    return found


def _gap_summary(phase: PhaseSamples) -> dict[str, Value]:
    """Statistics of all gaps, by suffix; the mean's interval resamples whole answers."""
    answers = phase.answers
    gaps = np.sort(np.concatenate([repeat.chunks.gaps for repeat in phase.repeats]) * MS)
    sums = [(answer.last - answer.first) * MS for answer in answers]
    counts = [float(len(answer.gaps)) for answer in answers]
    return {
        suffix: statistics.bootstrap_ratio(sums, counts, "ms", len(gaps))
        if q is None
        else statistics.percentile_value(gaps, q, "ms", independent=_GAPS)
        for suffix, (_, _, q) in STATISTICS.items()
    }


def _none(name: str, why: str) -> dict[str, Value]:
    return {f"{name}_{suffix}": NotMeasured(why) for suffix in STATISTICS}


def _scheduled(phase: PhaseSamples) -> dict[str, Value]:
    if not phase.open_loop:
        return _none("ttft_sched", CLOSED_LOOP) | _none("e2e_sched", CLOSED_LOOP)
    answers = phase.answers
    first = ascending([(answer.first - answer.scheduled) * MS for answer in answers])
    last = ascending([(answer.last - answer.scheduled) * MS for answer in answers])
    return _summary(first, "ttft_sched") | _summary(last, "e2e_sched")


def beyond_capacity(found: Mapping[str, Value], why: str) -> dict[str, Value]:
    """What nobody may say of an over-saturated open loop: every latency, goodput, steady state and drift.

    All of these depend on how long it was measured; with less of it, or with a server that fails sooner, they
    would look better. Counts and throughput stay.
    """
    return {name: NotMeasured(why) for name in found if name.startswith(_BEYOND)}


def lateness(phase: PhaseSamples) -> dict[str, Value]:
    """How late the client sent; measured also where the phase's other metrics are not."""
    late = np.asarray(phase.lateness_ms, dtype=np.float64)
    names = ("send_lateness_p50", "send_lateness_p99", "send_lateness_max")
    if not phase.open_loop:
        return dict.fromkeys(names, NotMeasured(CLOSED_LOOP))
    if len(late) == 0:
        return dict.fromkeys(names, NotMeasured("no request was made"))
    largest = float(late[-1])
    return {
        "send_lateness_p50": statistics.percentile_value(late, 50.0, "ms"),
        "send_lateness_p99": statistics.percentile_value(late, 99.0, "ms"),
        "send_lateness_max": Measured(
            largest, "ms", len(late), None, None, "the largest, no interval"
        ),
    }


def latencies(phase: PhaseSamples) -> dict[str, Value]:
    """All latencies of a phase without obstacle."""
    answers = phase.answers
    found = _summary(ascending(ttft(answers)), "ttft") | _summary(ascending(e2e(answers)), "e2e")
    found |= _scheduled(phase)
    gaps = _gap_summary(phase)
    found |= {f"icl_{suffix}": value for suffix, value in gaps.items()}
    why = itl_obstacle(phase)
    found |= (
        _none("itl", why) if why else {f"itl_{suffix}": value for suffix, value in gaps.items()}
    )
    if not phase.counts_tokens:
        found |= _none("tpot", NO_COUNT)
        found["normalised_latency_mean"] = NotMeasured(NO_COUNT)
        return found
    found |= _tpot(answers)
    normalised = [
        (answer.last - answer.sent) * MS / answer.generated
        for answer in answers
        if answer.generated
    ]
    found["normalised_latency_mean"] = statistics.bootstrap_mean(normalised, "ms")
    return found


def tpot_obstacle(answers: Sequence[Answer]) -> str:
    """Why times per output token say nothing about the engine; "" when they do."""
    several = [answer for answer in answers if answer.tpot is not None]
    if not several:
        return "no answer has two tokens or more"
    # All tokens in one piece leave no time between first and last: that is not a speed of infinity.
    whole = sum(1 for answer in several if answer.last <= answer.first)
    if whole > MOST_WHOLE * len(several):
        return f"{whole} of {len(several)} answers arrived in one piece"
    told = [answer for answer in several if answer.event["chunk_tokens"]]
    made = sum(answer.generated or 0 for answer in told)
    if _unseen(told) > MOST_UNSEEN * made:
        return f"{_unseen(told)} of {made} tokens came without text: nobody saw when"
    return _untold([answer for answer in several if not answer.event["chunk_tokens"]])


def _untold(answers: Sequence[Answer]) -> str:
    """Whether texts hold fewer tokens than are claimed, where chunks do not tell theirs; "" when they do not."""
    own = [answer.event["usage"].get("own_completion") for answer in answers]
    if all(count is None for count in own):
        return ""
    found, made = sum(count or 0 for count in own), sum(answer.generated or 0 for answer in answers)
    if found < LEAST_OWN * made:
        return f"{made} tokens are claimed, the texts hold {found}: nobody saw when the others came"
    return ""


def _unseen(answers: Sequence[Answer]) -> int:
    """Tokens after the last chunk with text, but for one end token of each answer."""
    return sum(
        max(0, (answer.generated or 0) - sum(answer.event["chunk_tokens"] or ()) - 1)
        for answer in answers
    )


def _tpot(answers: Sequence[Answer]) -> dict[str, Value]:
    why = tpot_obstacle(answers)
    return _none("tpot", why) if why else _summary(ascending(tpot(answers)), "tpot")


def counts(phase: PhaseSamples) -> dict[str, Value]:
    """Completed and failed requests; there is always something to count."""
    completed = len(phase.answers)
    made = completed + phase.failed
    return {
        "completed": exact(completed, "requests", made),
        "failed": exact(phase.failed, "requests", made),
    }
