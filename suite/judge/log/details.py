"""What a phase's result holds beside its metrics: how it ended, when it was steady, what a search found.

All of it is worked out from the events; what the run itself noted about its endings is only compared with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from suite.documents.value import Value


@dataclass(frozen=True, slots=True)
class Ending:
    """How one repeat of a phase came to its end.

    Attributes:
        repeat: which repeat, from 0.
        by: the run's word: ``all-sent``, ``enough``, ``max-duration``, ``saturated`` or ``stopped``; "" when
            the log does not say. Rule R040 holds it against the events.
        most: requests that the plan allows; all of them are due only where no stop rule ends the phase.
        sent: requests that are in the log.
        seconds: from the first request sent to the last chunk of any answer.
    """

    repeat: int
    by: str
    most: int
    sent: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Steady:
    """The stretch of one repeat in which the load was steady: found in the events, not assumed.

    Attributes:
        repeat: which repeat, from 0.
        found: whether there is such a stretch.
        why: how it was found, or why there is none, in one sentence.
        start_s: its start, seconds after the repeat's first request; 0 where none was found.
        end_s: its end, the same.
        share: its length as a share of the repeat's window, 0 to 1.
        requests: answers whose requests were sent in it.
        drifting: what drifted in it (in a soak: in the whole repeat), one sentence each; empty where nothing did or nothing could be told.
    """

    repeat: int
    found: bool
    why: str
    start_s: float
    end_s: float
    share: float
    requests: int
    drifting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe of a search: a Poisson load at one rate, and whether the objectives held.

    Attributes:
        number: from 0, in the order in which they were sent.
        rate: requests per second that were offered.
        planned: requests that the probe would send at most.
        sent: requests that it did send.
        completed: requests that ended well.
        failed: requests that did not, those left out that the client cancelled.
        cancelled: requests in flight when the probe was stopped early.
        met: whether the objectives held.
        why: what decided, in one sentence.
        ended_by: ``all-sent``, ``objective-missed``, ``saturated`` …; "" when the log does not say.
        ttft: at the search's percentile, from the scheduled start, milliseconds.
        tpot: at the search's percentile, milliseconds.
        e2e: at the search's percentile, from the scheduled start, milliseconds.
        goodput: requests per second that met every objective.
    """

    number: int
    rate: float
    planned: int
    sent: int
    completed: int
    failed: int
    cancelled: int
    met: bool
    why: str
    ended_by: str
    ttft: Value
    tpot: Value
    e2e: Value
    goodput: Value


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The search for the highest rate that meets the objectives, replayed from the events.

    Attributes:
        repeat: which repeat, from 0.
        percentile: which percentile had to meet the objectives, e.g. 99.
        rate: the answer: highest rate that met, requests per second; its interval is the bracket, from that rate
            to the lowest rate above it that did not. Without an upper end where the highest rate tried met.
        ended: why no further probe was sent: ``resolution``, ``max-probes``, ``max-rate-met``,
            ``min-rate-missed``, or ``unfinished`` where the rules ask for another probe.
        probes: the whole curve, in the order in which it was measured.
    """

    repeat: int
    percentile: float
    rate: Value
    ended: str
    probes: tuple[Probe, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a phase of conversations, over all its sessions.

    Attributes:
        number: from 0.
        completed: sessions that were answered at this turn.
        prompt_tokens: mean length of the whole conversation that was sent; shows how the history grows.
        ttft: median, milliseconds.
        tpot: median, milliseconds.
    """

    number: int
    completed: int
    prompt_tokens: Value
    ttft: Value
    tpot: Value


@dataclass(frozen=True, slots=True)
class Lengths:
    """What a phase with exact lengths asked for and got.

    Attributes:
        input_asked: smallest and largest prompt asked for, tokens.
        input_got: smallest and largest that was sent, by the engine's count, else the suite's; None without one.
        output_asked: smallest and largest answer asked for, tokens.
        output_got: smallest and largest answer; None where nobody counted.
        source: what counted the answers, as `PhaseResult.token_source`.
    """

    input_asked: tuple[int, int]
    input_got: tuple[int, int] | None
    output_asked: tuple[int, int]
    output_got: tuple[int, int] | None
    source: str


@dataclass(frozen=True, slots=True)
class Track:
    """Medians over time, for the plot of a soak: equal buckets of the first repeat, by time of sending.

    Attributes:
        bucket_s: length of a bucket in seconds.
        ttft_ms: median TTFT of each bucket; None where no answer was sent in it.
        tpot_ms: median TPOT of each bucket; None where no answer of it has one.
    """

    bucket_s: float
    ttft_ms: tuple[float | None, ...]
    tpot_ms: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class PhaseDetails:
    """Everything of one phase that is not a metric.

    Attributes:
        not_run: why the phase was skipped, by the plan; "" when it was to run.
        ended: one per repeat that ran.
        steady: one per repeat that ran; empty for a search and where the phase has an obstacle.
        searches: one per repeat of a search; empty for every other scenario.
        turns: of conversations; else empty.
        lengths: where exact lengths were asked for; else None.
        track: medians over time where there are answers enough; else None.
    """

    not_run: str = ""
    ended: tuple[Ending, ...] = ()
    steady: tuple[Steady, ...] = ()
    searches: tuple[SearchResult, ...] = ()
    turns: tuple[Turn, ...] = ()
    lengths: Lengths | None = None
    track: Track | None = None
