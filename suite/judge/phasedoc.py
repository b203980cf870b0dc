"""The shape of one phase on the scorecard: how it was loaded, what was measured, how it went.

Mirrors ``$defs/phase`` of ``schemas/scorecard.schema.json``. A member that may be absent says nothing when it is.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class ValueDoc(TypedDict, total=False):
    """`suite.base.values.Measured` or `NotMeasured` as JSON: either the first six members or the last."""

    value: float
    unit: str
    n: int
    low: float | None
    high: float | None
    interval: str
    not_measured: str


class TraceLoad(TypedDict):
    """The file whose arrivals were replayed."""

    name: str
    sha256: str
    speed: float  # 2 replays twice as fast


class SessionLoad(TypedDict):
    """Conversations with growing history."""

    sessions: int
    turns: int
    think_ms: float


class LengthsLoad(TypedDict):
    """Exact lengths that were asked for: smallest and largest, tokens, and a digest over all of them."""

    input_tokens: list[int]
    output_tokens: list[int]
    seed: int
    sha256: str


class SearchLoad(TypedDict):
    """How the highest rate was looked for."""

    min_rate: float  # requests per second
    max_rate: float
    requests: int  # of one probe, at most
    max_probes: int
    resolution: float
    percentile: float
    seed: int
    min_requests: NotRequired[int]  # of one probe, at least; comes with the duration
    duration_s: NotRequired[float]  # that a probe's arrivals should take


class StopInterval(TypedDict):
    """The interval that a phase went on for."""

    metric: str
    within: float  # half width / value


class StopLoad(TypedDict):
    """When a phase had seen enough."""

    min_duration_s: float
    min_requests: int
    max_duration_s: float | None
    interval: StopInterval | None
    saturation: bool


class LoadDoc(TypedDict):
    """How requests were offered: a fixed number in flight, arrivals by a clock, or a search over rates."""

    concurrency: int | None
    process: str | None
    rate: float | None  # requests per second
    seed: int | None
    shape: NotRequired[float]  # of gamma arrivals
    trace: NotRequired[TraceLoad]
    lockstep: NotRequired[bool]
    session: NotRequired[SessionLoad]
    lengths: NotRequired[LengthsLoad]
    search: NotRequired[SearchLoad]
    stop: NotRequired[StopLoad]


class RateSeriesDoc(TypedDict):
    """A rate over time: equal buckets from the repeat's first request."""

    bucket_s: float
    unit: str
    values: list[float]


class SeriesDoc(TypedDict, total=False):
    """What the plots draw.

    At most 200 ordered values each, milliseconds, over all repeats; the first repeat's throughput in at
    most 60 buckets.
    """

    ttft_ms: list[float]
    tpot_ms: list[float]
    e2e_ms: list[float]
    throughput: RateSeriesDoc


class GroupCard(TypedDict):
    """Which point of which sweep or grid a phase is."""

    name: str
    axes: dict[str, int]


class EndedCard(TypedDict):
    """How one repeat came to its end; see `suite.judge.metrics.outcomes.Ended`."""

    repeat: int
    by: str
    most: int
    sent: int
    seconds: float


class SteadyCard(TypedDict):
    """The steady stretch of one repeat, or why there is none; see `suite.judge.metrics.outcomes.Steady`."""

    repeat: int
    found: bool
    why: str
    start_s: float
    end_s: float
    share: float
    requests: int


class ProbeCard(TypedDict):
    """One probe of a search; see `suite.judge.metrics.outcomes.Probe`."""

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
    ttft: ValueDoc
    tpot: ValueDoc
    e2e: ValueDoc
    goodput: ValueDoc


class SearchCard(TypedDict):
    """One repeat of a search with its whole curve; see `suite.judge.metrics.outcomes.SearchResult`."""

    repeat: int
    percentile: float
    rate: ValueDoc
    ended: str
    probes: list[ProbeCard]


class TurnCard(TypedDict):
    """One turn over all conversations; see `suite.judge.metrics.outcomes.Turn`."""

    number: int
    completed: int
    prompt_tokens: ValueDoc
    ttft: ValueDoc
    tpot: ValueDoc


class LengthsCard(TypedDict):
    """Exact lengths, smallest and largest: asked for, and had; see `suite.judge.metrics.outcomes.Lengths`."""

    input_asked: list[int]
    input_got: list[int] | None
    output_asked: list[int]
    output_got: list[int] | None
    source: str


class TrackCard(TypedDict):
    """Medians over time, milliseconds; see `suite.judge.metrics.outcomes.Track`."""

    bucket_s: float
    ttft_ms: list[float | None]
    tpot_ms: list[float | None]


class PhaseCard(TypedDict):
    """One load and what came of it."""

    name: str
    scenario: Literal[
        "single_stream", "offline", "server", "concurrency", "slo_search", "soak", "multi_turn"
    ]
    load: LoadDoc
    tasks: int  # requests of one repeat; with a stop rule the most
    repeats: int
    metrics: dict[str, ValueDoc]
    series: SeriesDoc
    token_source: str
    group: NotRequired[GroupCard]
    not_run: NotRequired[str]  # why it was skipped
    ended: NotRequired[
        list[EndedCard]
    ]  # where a stop rule was set or it ended otherwise than all sent
    steady: NotRequired[list[SteadyCard]]
    searches: NotRequired[list[SearchCard]]
    turns: NotRequired[list[TurnCard]]
    lengths: NotRequired[LengthsCard]
    track: NotRequired[TrackCard]
