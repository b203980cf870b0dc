"""Did the server keep up with an open loop? Decided when the phase is over, from three estimates of one share.

Of what is offered at k times a server's capacity, the share 1 − 1/k is left behind. Three independent views of the
requests estimate it:

- the trend: the latency from the intended start rises by k − 1 seconds for each second of arrivals;
- the backlog: so many of all requests are in flight at the last arrival, beyond those that always are;
- Little's law: (mean in flight − rate × mean latency) / (rate × mean latency), while requests arrive, is −(1 − 1/k).
  In a steady load the two sides are equal but for what is in flight at the end.

A random load has its own queues. Arrivals are known, so what they explain is taken off the backlog: the queue before
a server whose capacity is just the mean rate. What the answers' lengths explain is √(c_s² n) requests, the deviation
of n services with this squared coefficient of variation. A server did *not* keep up when the latency climbs (Mann and
Kendall's test), and all three estimates lie beyond `LEAST` and beyond `SIGMAS` such deviations. It did when no request
in twenty waited longer than the rest by more than `LEAST` of the phase's time, and no estimate of the latency's rise
says more: a queue that grows for the whole phase cannot be so short. The phase must be long enough to say so: with a
residual beyond `FILLED` the load only filled the server up. Everything else cannot be told.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from suite.base.bilingual import Sentence
from suite.base.statistics import median, percentile
from suite.declare.analysis.trend import dependence, inflated, mann_kendall, theil_sen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.declare.analysis.observed import Observed

Verdict = Literal["kept-up", "fell-behind", "untold"]

LEAST: Final = 0.1
"""Share of the offered load that must have been left behind to count; 1.11 times the capacity."""
SIGMAS: Final = 2.33
SIGNIFICANT: Final = 0.01
FEWEST: Final = 8
"""Answers below which nothing is said."""
GROUPS: Final = 12
FILLED: Final = 0.2
"""Residual of Little's law from which on most of the load only filled the server up: shorter than three latencies."""
USUAL: Final = 95.0
"""Percentile of the waiting times that stands for the longest one: single hiccups are no queue."""


class Backlog(NamedTuple):
    """What an open loop left behind.

    Attributes:
        verdict: whether the server kept up.
        residual: of Little's law, as a share; 0 in a load that is steady and long.
        in_flight: requests in flight at the last arrival.
        why: one sentence.
    """

    verdict: Verdict
    residual: float
    in_flight: int
    why: str


def backlog(requests: Sequence[Observed]) -> Backlog | None:
    """Whether the server kept up.

    Args:
        requests: all of an open loop, in any order; what the client cancelled is left out, and what failed only
            counts as in flight while it lasted.

    Returns:
        None where nothing arrived over any time.
    """
    sent = sorted(
        (request for request in requests if not request.cancelled),
        key=lambda request: (request.sched, request.number),
    )
    if len(sent) < 2 or sent[-1].sched <= sent[0].sched:
        return None
    last = sent[-1].sched
    span = float(last - sent[0].sched)
    residual = littles_residual(sent)
    in_flight = sum(request.end > last for request in sent)
    answers = [request for request in sent if request.ok and request.first is not None]
    if len(answers) < FEWEST:
        why = Sentence(
            f"{len(answers)} answers are too few to tell", f"{len(answers)} 个回答过少，无法判断"
        )
        return Backlog("untold", residual, in_flight, why)
    lag = _lag(answers, span)
    words = Sentence(
        f"{in_flight} of {len(sent)} requests in flight at the last arrival, Little's law off by "
        f"{residual:+.0%}, latency rising by {max(lag.trend, 0.0):.2f} s each second",
        f"最后一个请求到达时，{len(sent)} 个请求中有 {in_flight} 个在途，与 Little 定律相差 {residual:+.0%}，延迟每秒上升 {max(lag.trend, 0.0):.2f} 秒",
    )
    if _behind(sent, answers, lag, residual=residual, in_flight=in_flight):
        return Backlog("fell-behind", residual, in_flight, words)
    if max(lag.usual, lag.trend) < LEAST and -residual < FILLED:
        return Backlog("kept-up", residual, in_flight, words)
    return Backlog("untold", residual, in_flight, words)


def drawn_rate(starts: Sequence[int]) -> float | None:
    """Requests per second of intended starts: their gaps' number by their sum; None without any time between them.

    Args:
        starts: nanoseconds, rising.
    """
    if len(starts) < 2 or starts[-1] <= starts[0]:
        return None
    return (len(starts) - 1) / ((starts[-1] - starts[0]) * 1e-9)


def most_goodput(starts: Sequence[int]) -> float | None:
    """What goodput can be at most, requests per second: all of them good, the last one answered at once.

    Args:
        starts: as for `drawn_rate`.
    """
    drawn = drawn_rate(starts)
    return None if drawn is None else drawn * len(starts) / (len(starts) - 1)


def effective(values: Sequence[float]) -> float:
    """How many independent values tell as much of a mean: n (1 − r) / (1 + r), r the correlation of neighbours.

    Args:
        values: in order of time; r is 0 where it is negative, and 0.9 at most.
    """
    return len(values) / inflated(dependence(values))


def littles_residual(requests: Sequence[Observed]) -> float:
    """By which share the mean in flight differs from rate × mean latency while requests arrive.

    Args:
        requests: of an open loop, by their intended start; their times lie apart.
    """
    last = requests[-1].sched
    latency = math.fsum(float(request.end - request.sched) for request in requests)
    inside = math.fsum(
        float(min(request.end, last) - min(request.sched, last)) for request in requests
    )
    return (inside - latency) / latency if latency > 0.0 else 0.0


class _Lag(NamedTuple):
    """How latency grew, in seconds per second of arrivals.

    Attributes:
        trend: along the line, of TTFT or E2E, whichever rises more.
        climbs: that one rises significantly.
        queues: the time to first token rises significantly; where only the rest of the answer slows down, the server
            may be filling up.
        usual: the longest usual wait for the first token beyond the shortest one, as a share of the time.
    """

    trend: float
    climbs: bool
    queues: bool
    usual: float


def _lag(answers: Sequence[Observed], span: float) -> _Lag:
    starts = [request.sched for request in answers]
    waits = [float((request.first or 0) - request.sched) for request in answers]
    ends = [float(request.end - request.sched) for request in answers]
    lines = [_line(starts, values) for values in (waits, ends)]
    trend, climbs = max(lines)
    usual = percentile(sorted(waits), USUAL) - min(waits)
    return _Lag(trend, climbs, lines[0][1], usual / span)


def _line(starts: Sequence[int], values: Sequence[float]) -> tuple[float, bool]:
    """The slope through medians of equal groups, and whether they climb."""
    count = len(values)
    groups = min(GROUPS, count // 2)
    times, middles = [], []
    for number in range(groups):
        begin, end = count * number // groups, count * (number + 1) // groups
        times.append(median([float(start) for start in starts[begin:end]]))
        middles.append(median(values[begin:end]))
    if len(set(times)) < 2:
        return 0.0, False
    test = mann_kendall(middles)
    return theil_sen(times, middles), test.s > 0 and test.p < SIGNIFICANT


def _behind(
    sent: Sequence[Observed],
    answers: Sequence[Observed],
    lag: _Lag,
    *,
    residual: float,
    in_flight: int,
) -> bool:
    """Whether trend, backlog and Little's law all say that more was left behind than chance explains."""
    count, span = len(sent), float(sent[-1].sched - sent[0].sched)
    if not lag.climbs:
        return False
    # As the quickest answer takes: in flight without a queue.
    usual = count / span * min(request.end - request.sched for request in answers)
    left = (in_flight - usual - _queue(sent)) / count
    answering = [float(request.end - (request.first or 0)) for request in answers]
    chance = math.sqrt(max(_variation(answering), 0.25) / count)
    share = lag.trend / (1.0 + max(lag.trend, 0.0))
    least = LEAST if lag.queues else FILLED
    agreed = min(share, -residual, in_flight / count)
    return left > SIGMAS * chance and agreed > max(least, SIGMAS * chance)


def _queue(sent: Sequence[Observed]) -> float:
    """Requests that wait at the last arrival before a server whose capacity is just the mean rate."""
    begin, last = sent[0].sched, sent[-1].sched
    rate = (len(sent) - 1) / (last - begin)
    # Arrivals since each moment, less what such a server does in that time.
    return max(
        len(sent) - number - rate * (last - request.sched) for number, request in enumerate(sent)
    )


def _variation(values: Sequence[float]) -> float:
    """Squared coefficient of variation."""
    middle = math.fsum(values) / len(values)
    if middle <= 0.0:
        return 0.0
    return math.fsum((value - middle) ** 2 for value in values) / len(values) / middle**2
