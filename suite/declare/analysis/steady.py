"""Where was the load steady? Found in the requests, not assumed.

Closed loop: from the moment when the intended number of requests was in flight to the last send; afterwards the
load only runs out. Open loop: the load is steady from the first intended start to the last, but the server begins
empty; how many of the first requests to leave out is found by MSER-5: the truncation that minimises the standard
error of the mean of what is left, over batches of five (White, Cobb and Spratt, Winter Simulation Conference 2000).
Less than half may be left out: where MSER-5 goes to that limit, the best cut lies beyond it and there was no steady
state. Over what is left the latency must not change by half: a server that cannot keep up is never steady. A smaller
drift is for `suite.declare.analysis.drift` to tell.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from suite.base.bilingual import Sentence, chinese
from suite.declare.analysis.drift import drift

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.declare.analysis.observed import Observed

BATCH: Final = 5
FEWEST: Final = 10
"""Batches below which MSER-5 says nothing."""
UNSETTLED: Final = 0.5
"""Relative change of the latency from which on it has not settled."""


FILL_UP_NS: Final = 60_000_000_000
"""Longest time that a soak is given to fill up, nanoseconds."""
FILL_UP_PART: Final = 20
"""The same, as the part of its length: a twentieth."""


class Window(NamedTuple):
    """A stretch of time, nanoseconds of the run's clock.

    Attributes:
        found: whether there is one.
        start_ns: its start; 0 if there is none.
        end_ns: its end; 0 if there is none.
        why: how it was found, or why there is none, in one sentence.
    """

    found: bool
    start_ns: int
    end_ns: int
    why: str


def closed_loop(requests: Sequence[Observed], concurrency: int) -> Window:
    """From the first moment with so many requests in flight to the last send.

    Args:
        requests: all of the phase, failed ones included, in any order.
        concurrency: the intended number in flight.
    """
    # A send that follows an end at the same moment takes its place, hence ends first.
    changes = sorted(
        [(request.sent, 1) for request in requests] + [(request.end, -1) for request in requests]
    )
    last = max((request.sent for request in requests), default=0)
    in_flight = 0
    for moment, change in changes:
        in_flight += change
        if in_flight >= concurrency:
            if moment >= last and concurrency > 1:
                break
            return Window(
                True,
                moment,
                last,
                Sentence(
                    f"from the first moment with {concurrency} in flight to the last send",
                    f"自首次达到 {concurrency} 个在途请求起，至最后一次发送",
                ),
            )
    return Window(
        False,
        0,
        0,
        Sentence(
            f"{concurrency} requests were not in flight before the last was sent",
            f"在最后一个请求发送之前，在途请求未达到 {concurrency} 个",
        ),
    )


def whole(begin_ns: int, end_ns: int) -> Window:
    """A soak's time without its fill-up: over this it is asked whether it drifts.

    Not over the steady stretch: MSER-5 would leave out the fast beginning of a server that slows down, and with it
    the drift.

    Args:
        begin_ns: when the first request was sent.
        end_ns: when the last one was.
    """
    start = begin_ns + min(FILL_UP_NS, (end_ns - begin_ns) // FILL_UP_PART)
    if end_ns <= start:
        return Window(False, 0, 0, Sentence("the phase has no length", "该阶段长度为零"))
    return Window(
        True,
        start,
        end_ns,
        Sentence(
            f"all but the first {(start - begin_ns) / 1e9:.3g} s",
            f"除最初 {(start - begin_ns) / 1e9:.3g} 秒之外的全部时间",
        ),
    )


def open_loop(requests: Sequence[Observed]) -> Window:
    """From where the latency has settled to the last intended start.

    Args:
        requests: all of the phase, in any order; failed ones are left out.
    """
    answers = sorted(
        (request for request in requests if request.ok),
        key=lambda request: (request.sched, request.number),
    )
    values = [
        value for request in answers if (value := request.e2e_ms(from_sched=True)) is not None
    ]
    batches = [
        math.fsum(values[start : start + BATCH]) / BATCH
        for start in range(0, len(values) - BATCH + 1, BATCH)
    ]
    if len(batches) < FEWEST:
        return Window(
            False,
            0,
            0,
            Sentence(
                f"{len(values)} answers are too few to find a steady state",
                f"{len(values)} 个回答过少，无法确定稳态",
            ),
        )
    cut = truncation(batches)
    times = [request.sched for request in answers[cut * BATCH :]]
    left = drift(times, values[cut * BATCH :], least=UNSETTLED)
    if left.detected:
        return Window(
            False,
            0,
            0,
            Sentence(f"latency did not settle: {left.why}", f"延迟未稳定：{chinese(left.why)}"),
        )
    if cut >= len(batches) // 2:
        return Window(
            False,
            0,
            0,
            Sentence(
                "no steady state found: MSER-5 would leave out half or more",
                "未找到稳态：MSER-5 将剔除一半或更多",
            ),
        )
    start, end = answers[cut * BATCH].sched, max(request.sched for request in requests)
    return Window(
        True,
        start,
        end,
        Sentence(
            f"the first {cut * BATCH} answers are left out (MSER-5)",
            f"已剔除最初 {cut * BATCH} 个回答（MSER-5）",
        ),
    )


def truncation(values: Sequence[float]) -> int:
    """How many of the first values to leave out, at most half, so that the mean of the rest is known best."""
    count = len(values)
    # Sums from the end, around the last value so that squares stay small.
    around = values[-1]
    total = square = 0.0
    best, best_error = 0, math.inf
    for cut in range(count - 1, -1, -1):
        rest = values[cut] - around
        total += rest
        square += rest * rest
        left = count - cut
        error = max(square - total * total / left, 0.0) / (left * left)
        # Of equals the smaller cut.
        if cut <= count // 2 and error <= best_error:
            best, best_error = cut, error
    return best
