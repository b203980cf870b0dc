"""One phase on the scorecard: how it was loaded, what was measured, how it went. An absent member says nothing."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about
from suite.documents.phase import Group, ScenarioKind, Search, Stop, Trace
from suite.documents.scalars import (
    Count,
    Label,
    Line,
    Name,
    NonNegative,
    Number,
    Percentile,
    Positive,
    PositiveNumber,
    Ratio,
    Sha256,
    Word,
)
from suite.documents.value import Value

LimitedBy = Literal["load", "machine", "client"]


class SessionLoad(Document):
    """Conversations with growing history."""

    sessions: Annotated[Positive, about("How many.")]
    turns: Annotated[Positive, about("Turns of each.")]
    think_ms: Annotated[
        NonNegative, about("From the end of an answer to the next turn, milliseconds.")
    ]


class LengthsLoad(Document):
    """Exact lengths that were asked for: smallest and largest, tokens, and a digest over all of them."""

    input_tokens: Annotated[tuple[Count, Count], about("Prompt: smallest and largest, tokens.")]
    output_tokens: Annotated[tuple[Count, Count], about("Answer: smallest and largest, tokens.")]
    seed: Annotated[Count, about("Seed of the prompts.")]
    sha256: Annotated[Sha256, about("Digest over the lengths of all requests in order.")]


class Load(Document):
    """How requests were offered: a fixed number in flight, arrivals by a clock, or a search over rates."""

    concurrency: Annotated[
        Positive | None,
        about(
            "Requests in flight at most, as many as tasks where all were sent at once; null for arrivals by a clock and for a search."
        ),
    ]
    process: Annotated[str | None, about("Arrival process.")]
    rate: Annotated[NonNegative | None, about("Requests per second, nominal.")]
    seed: Annotated[int | None, about("Seed of the arrival times.")]
    drawn: Annotated[
        PositiveNumber | UnsetType,
        about(
            "Requests per second of the arrival times as drawn, of the first repeat: their gaps' number by their sum."
        ),
    ] = UNSET
    shape: Annotated[PositiveNumber | UnsetType, about("Shape of gamma arrivals.")] = UNSET
    trace: Annotated[Trace | UnsetType, about("The file whose arrivals were replayed.")] = UNSET
    all_at_once: Annotated[
        bool | UnsetType,
        about("Whether everything was sent at once, so that the engine's own limit held."),
    ] = UNSET
    lockstep: Annotated[
        bool | UnsetType, about("Whether the next batch was sent when the last had ended.")
    ] = UNSET
    session: Annotated[SessionLoad | UnsetType, about("Conversations with growing history.")] = (
        UNSET
    )
    lengths: Annotated[LengthsLoad | UnsetType, about("Exact lengths that were asked for.")] = UNSET
    max_new_tokens: Annotated[
        Positive | UnsetType,
        about("Most tokens to generate, where fewer than the workload's decoding says."),
    ] = UNSET
    search: Annotated[Search | UnsetType, about("How the highest rate was looked for.")] = UNSET
    stop: Annotated[Stop | UnsetType, about("When the phase had seen enough.")] = UNSET


class RateSeries(Document):
    """A rate over time: equal buckets from the repeat's first request."""

    bucket_s: Annotated[PositiveNumber, about("Width of a bucket in seconds.")]
    unit: Annotated[Word, about("Unit of the values.")]
    values: Annotated[tuple[NonNegative, ...], about("One value per bucket.", max_length=60)]


class DeviceSeries(Document):
    """A quantity of the devices in use, or of the engine, over time: equal buckets from the first repeat's first request."""

    quantity: Annotated[
        Literal[
            "power",
            "utilisation",
            "memory",
            "temperature",
            "clock",
            "running",
            "waiting",
            "kv-use",
        ],
        about("Which; the last three as the engine's own metrics page tells."),
    ]
    unit: Annotated[Word, about("Unit of the values; 1 for a share.")]
    devices: Annotated[Positive, about("How many devices the values are of; 1 for the engine.")]
    bucket_s: Annotated[PositiveNumber, about("Width of a bucket in seconds.")]
    values: Annotated[
        tuple[Number | None, ...],
        about(
            "One value per bucket: the sum over the devices of power and memory, else their mean; null where a device "
            "gave none.",
            max_length=60,
        ),
    ]


class Series(Document):
    """What the plots draw.

    At most 200 ordered values each, milliseconds, over all repeats; the first repeat's throughput in at
    most 60 buckets.
    """

    ttft_ms: Annotated[
        Annotated[tuple[Number, ...], Meta(max_length=200)] | UnsetType,
        about("Ordered times to first token, milliseconds."),
    ] = UNSET
    tpot_ms: Annotated[
        Annotated[tuple[Number, ...], Meta(max_length=200)] | UnsetType,
        about("Ordered times per output token, milliseconds."),
    ] = UNSET
    e2e_ms: Annotated[
        Annotated[tuple[Number, ...], Meta(max_length=200)] | UnsetType,
        about("Ordered end-to-end latencies, milliseconds."),
    ] = UNSET
    failed: Annotated[
        Ratio | UnsetType,
        about(
            "Share of the requests that failed, which lie behind every latency; absent for none."
        ),
    ] = UNSET
    throughput: Annotated[
        RateSeries | UnsetType, about("A rate over time, from the phase's first request.")
    ] = UNSET
    devices: Annotated[
        Annotated[tuple[DeviceSeries, ...], Meta(max_length=8)] | UnsetType,
        about("What telemetry said of the devices over time, and the engine of itself."),
    ] = UNSET


class Ending(Document):
    """How one repeat came to its end."""

    repeat: Annotated[Count, about("Which repeat, from 0.")]
    by: Annotated[
        Label,
        about(
            "all-sent, enough, max-duration, saturated or stopped; empty when the log does not say."
        ),
    ]
    most: Annotated[Count, about("Requests that the plan allows.")]
    sent: Annotated[Count, about("Requests in the log.")]
    seconds: Annotated[NonNegative, about("First request sent to last chunk.")]


class SteadyState(Document):
    """The steady stretch of one repeat, or why there is none."""

    repeat: Annotated[Count, about("Which repeat, from 0.")]
    found: Annotated[bool, about("Whether there is one.")]
    why: Annotated[Line, about("How it was found, or why there is none.")]
    start_s: Annotated[NonNegative, about("Start, seconds after the first request.")]
    end_s: Annotated[NonNegative, about("End, the same.")]
    share: Annotated[Ratio, about("Share of the repeat's window.")]
    requests: Annotated[Count, about("Answers that began and ended in it.")]


class Probe(Document):
    """One probe of a search."""

    number: Annotated[Count, about("In the order of sending, from 0.")]
    rate: Annotated[PositiveNumber, about("Offered requests per second.")]
    planned: Annotated[Count, about("Requests at most.")]
    sent: Annotated[Count, about("Requests sent.")]
    completed: Annotated[Count, about("Requests that ended well.")]
    failed: Annotated[Count, about("Requests that did not, without those cancelled.")]
    cancelled: Annotated[Count, about("Requests in flight when it was stopped early.")]
    met: Annotated[
        bool | None,
        about("Whether the objectives held; null where it was cut before that was decided."),
    ]
    why: Annotated[Line, about("What decided.")]
    ended_by: Annotated[Label, about("What ended it; empty when the log does not say.")]
    ttft: Annotated[Value, about("From the scheduled start, at the search's percentile.")]
    tpot: Annotated[Value, about("At the search's percentile.")]
    e2e: Annotated[Value, about("From the scheduled start, at the search's percentile.")]
    goodput: Annotated[Value, about("Requests per second that met every objective.")]


class SearchResult(Document):
    """One repeat of a search with its whole curve."""

    repeat: Annotated[Count, about("Which repeat, from 0.")]
    percentile: Annotated[Percentile, about("Which percentile had to meet them.")]
    rate: Annotated[Value, about("The answer; its interval is the bracket.")]
    ended: Annotated[Label, about("Why no further probe was sent.")]
    probes: Annotated[
        tuple[Probe, ...], about("The whole curve, in the order of sending.", max_length=1000)
    ]


class Turn(Document):
    """One turn over all conversations."""

    number: Annotated[Count, about("From 0.")]
    completed: Annotated[Count, about("Sessions answered at this turn.")]
    prompt_tokens: Annotated[Value, about("Mean length of the conversation sent.")]
    ttft: Annotated[Value, about("Median.")]
    tpot: Annotated[Value, about("Median.")]


class LengthsResult(Document):
    """Exact lengths, smallest and largest: asked for, and had."""

    input_asked: Annotated[tuple[Count, Count], about("Prompt, asked for.")]
    input_got: Annotated[tuple[Count, Count] | None, about("Prompt, had; null without a count.")]
    output_asked: Annotated[tuple[Count, Count], about("Answer, asked for.")]
    output_got: Annotated[tuple[Count, Count] | None, about("Answer, had; null without a count.")]
    source: Annotated[str, about("What counted the answers.", max_length=300)]


class Track(Document):
    """Medians over time, milliseconds."""

    bucket_s: Annotated[PositiveNumber, about("Width of a bucket, seconds.")]
    ttft_ms: Annotated[tuple[NonNegative | None, ...], about("TTFT.", max_length=200)]
    tpot_ms: Annotated[tuple[NonNegative | None, ...], about("TPOT.", max_length=200)]


Counted = Literal["claimed", "arrived"]


class TokenCount(Document):
    """The generated tokens of a phase as one source counted all its answers."""

    of: Annotated[
        Counted, about("The tokens that are claimed, or those that arrived in chunks with text.")
    ]
    source: Annotated[Name, about("What counted.")]
    tokens: Annotated[Count, about("Generated tokens of all answers.")]
    differ: Annotated[
        Count, about("Answers that it counts otherwise than the source that feeds the metrics.")
    ]
    metrics: Annotated[
        dict[str, Value],
        about("What depends on the count, by this one; empty where it counts every answer alike."),
    ]


class EnergySource(Document):
    """How a phase's energy was come by, over all its repeats."""

    kind: Annotated[
        Literal["counter", "sampled", "estimated"],
        about(
            "Of the meter that is known worst: a counter of the device; the trapezoid of sampled power; the same where "
            "the sensor averages over more than a tenth of the window."
        ),
    ]
    meters: Annotated[
        Positive, about("Devices, or cards that several share, whose power was read.")
    ]
    covered: Annotated[Ratio, about("Least share of a window between the samples of a meter.")]
    gap_s: Annotated[
        NonNegative, about("Longest time between two samples in a window, in seconds.")
    ]
    counter_ratio: Annotated[
        NonNegative | UnsetType,
        about(
            "Joules by a counter over those by the power, of the meter where they lie farthest apart."
        ),
    ] = UNSET
    idle_w: Annotated[
        NonNegative | UnsetType,
        about("Power in watts before the engine started; absent where unknown."),
    ] = UNSET


class CardPhase(Document):
    """One load and what came of it."""

    name: Annotated[Name, about("Name.")]
    scenario: Annotated[ScenarioKind, about("Kind of load.")]
    load: Annotated[Load, about("How requests were offered.")]
    tasks: Annotated[Count, about("Requests of one repeat; with a stop rule, the most.")]
    repeats: Annotated[Count, about("How often it was repeated.")]
    metrics: Annotated[dict[str, Value], about("Values by metric name.")]
    series: Annotated[Series, about("Plot data.")]
    token_source: Annotated[
        str, about("Which token count says how long answers are.", max_length=300)
    ]
    arrival_source: Annotated[
        str,
        about(
            "Which count says how many tokens came with which chunk: it feeds TPOT, TT4T, throughput, normalised "
            "latency, MFU, MBU and energy per token; with none, totals are as claimed.",
            max_length=300,
        ),
    ]
    token_counts: Annotated[
        Annotated[tuple[TokenCount, ...], Meta(max_length=8)] | UnsetType,
        about("Every source that counted all answers, those that feed the metrics among them."),
    ] = UNSET
    finish_reasons: Annotated[
        dict[str, Count] | UnsetType,
        about("Requests by the finish reason that the engine gave; none for no reason."),
    ] = UNSET
    group: Annotated[
        Group | UnsetType, about("Which point of which sweep or grid the phase is.")
    ] = UNSET
    not_run: Annotated[
        Annotated[str, Meta(min_length=1, max_length=2000)] | UnsetType,
        about("Why the phase was skipped, by the plan."),
    ] = UNSET
    ended: Annotated[
        Annotated[tuple[Ending, ...], Meta(max_length=1000)] | UnsetType,
        about(
            "How each repeat ended; where a stop rule was set, or where not everything was sent."
        ),
    ] = UNSET
    steady: Annotated[
        Annotated[tuple[SteadyState, ...], Meta(max_length=1000)] | UnsetType,
        about("When each repeat's load was steady."),
    ] = UNSET
    searches: Annotated[
        Annotated[tuple[SearchResult, ...], Meta(max_length=1000)] | UnsetType,
        about("The search of each repeat."),
    ] = UNSET
    limited_by: Annotated[
        LimitedBy | UnsetType,
        about(
            "What held its numbers down: a bigger load might have shown more, the machine did all it can, or the load "
            "client was too busy to tell."
        ),
    ] = UNSET
    energy: Annotated[EnergySource | UnsetType, about("How its energy was come by.")] = UNSET
    turns: Annotated[
        Annotated[tuple[Turn, ...], Meta(max_length=1000)] | UnsetType,
        about("The turns of conversations."),
    ] = UNSET
    lengths: Annotated[
        LengthsResult | UnsetType,
        about("Exact lengths: asked for, and had; smallest and largest, tokens."),
    ] = UNSET
    track: Annotated[
        Track | UnsetType,
        about("Medians over time, of the first repeat, in equal buckets by time of sending."),
    ] = UNSET
