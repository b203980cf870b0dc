"""One phase of a plan: its load, its lengths, when it ends. Times are relative to the phase's start."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import (
    Count,
    Name,
    NonNegative,
    Number,
    Percentile,
    Positive,
    PositiveNumber,
    Ratio,
    Required,
    Sha256,
    Share,
)

ScenarioKind = Literal[
    "single_stream", "offline", "server", "concurrency", "slo_search", "soak", "multi_turn"
]
StopMetric = Literal["ttft_mean", "tpot_mean", "e2e_mean", "output_throughput"]
Salted = Literal["nowhere", "start", "middle", "end"]
ArrivalProcess = Literal["poisson", "constant", "gamma", "replay"]


class Trace(Document):
    """The file whose arrivals are replayed."""

    name: Annotated[str, about("The file's name.", min_length=1, max_length=300)]
    sha256: Annotated[Sha256, about("Of the file.")]
    speed: Annotated[PositiveNumber, about("2 replays twice as fast.")]


class Arrivals(Document):
    """An open-loop arrival process."""

    process: Annotated[ArrivalProcess, about("Distribution of the gaps between requests.")]
    rate: Annotated[PositiveNumber, about("Requests per second; of a replay, the mean.")]
    seed: Annotated[int, about("Seed of the schedule.")]
    shape: Annotated[Number | None, about("Shape of gamma gaps; null otherwise.")]
    trace: Annotated[Trace | UnsetType, about("With replay only.")] = UNSET


class Group(Document):
    """Which point of which sweep or grid a phase is."""

    name: Annotated[Name, about("The profile's phase.")]
    axes: Annotated[
        dict[
            Annotated[str, Meta(pattern="^(concurrency|input_tokens|output_tokens)(?!\\n)$")],
            Positive,
        ],
        about("Of concurrency, input_tokens, output_tokens: those that vary."),
    ]


class Lengths(Document):
    """Prompts and answers of exact length; request i takes entry i modulo the list's length."""

    input_tokens: Annotated[
        tuple[Positive, ...],
        about("Tokens of the rendered prompt, chat template included.", min_length=1),
    ]
    output_tokens: Annotated[
        tuple[Positive, ...], about("Tokens to generate, exactly.", min_length=1)
    ]
    seed: Annotated[Count, about("Every request has a prompt of its own, drawn from this.")]
    own: Annotated[
        bool | UnsetType,
        about("True: the prompts are the tasks' own, and answers are as long as the data's."),
    ] = UNSET


class Interval(Document):
    """Stop when the 95 % interval of a metric lies within a share of its value."""

    metric: Annotated[StopMetric, about("Which metric.")]
    within: Annotated[Share, about("Half width divided by value.")]


class Stop(Document):
    """When a phase has seen enough; its ``tasks`` are then the most that it sends.

    It ends when both minimums are met and the interval, if there is one, is reached; or at the
    longest duration; or when an open loop is over-saturated. What is in flight is waited for.
    """

    min_duration_s: Annotated[NonNegative, about("Goes on at least this long.")]
    min_requests: Annotated[Count, about("And until so many requests have ended.")]
    max_duration_s: Annotated[
        PositiveNumber | None, about("Sends nothing after this; null for no limit.")
    ]
    interval: Annotated[
        Interval | None,
        about("Goes on until this interval is reached; null when the minimums are enough."),
    ]
    saturation: Annotated[
        bool, about("An open loop ends when the server falls ever further behind.")
    ]


class Search(Document):
    """The search for the highest Poisson rate that meets the workload's objectives.

    Probe p sends requests ``p * requests`` and following, with arrivals of a seed of its own, ``seed + p``: ``requests`` of them,
    or with the last two members, which come together, as many as the duration asks for.
    """

    min_rate: Annotated[PositiveNumber, about("Requests per second.")]
    max_rate: Annotated[PositiveNumber, about("Requests per second.")]
    requests: Annotated[
        Positive,
        about(
            "Requests of one probe, with duration_s at most; probe p has the indexes from p * requests on."
        ),
    ]
    max_probes: Annotated[Positive, about("Probes at most.")]
    resolution: Annotated[
        Share, about("Width of the bracket as a share of its upper end at which the search ends.")
    ]
    percentile: Annotated[
        Percentile, about("Of TTFT, TPOT and E2E that must meet their objectives.")
    ]
    seed: Annotated[
        Count,
        about(
            "Seed of the first probe's arrivals; probe p takes seed + p, drawn apart from every phase."
        ),
    ]
    min_requests: Annotated[
        Positive | UnsetType, about("Requests of one probe at least; comes with duration_s.")
    ] = UNSET
    duration_s: Annotated[
        PositiveNumber | UnsetType,
        about(
            "A probe at rate r plans min(requests, max(min_requests, ceil(r * duration_s))) requests; without it, requests."
        ),
    ] = UNSET


class Control(Document):
    """A request whose only purpose is to catch a server that reuses earlier work; nothing that is sent says so.

    It asks an earlier task of the phase again: as it was, or with a few words that make all or part of the prompt new.
    """

    index: Annotated[Count, about("Position in the phase.")]
    task: Annotated[Count, about("Number of the task in the set.")]
    salted: Annotated[
        Salted, about("Where the document has new words: nowhere, at its start, middle or end.")
    ]
    salt: Annotated[str, about('The new words; "" for none.', max_length=200)]


class Session(Document):
    """Conversations with growing history; request i is turn ``i % turns`` of session ``i // turns``."""

    turns: Annotated[Positive, about("Turns of a session.")]
    think_ms: Annotated[NonNegative, about("From the end of an answer to the next turn.")]


class Phase(Document):
    """One stretch of requests under one load."""

    name: Annotated[str, about('"offline", unique together with repeat.')]
    repeat: Annotated[Count, about("Which repeat, from 0.")]
    scenario: Annotated[ScenarioKind, about("How requests are sent.")]
    measured: Annotated[bool, about("False for warm-up.")]
    first_task: Annotated[Count, about("Index of the first task.")]
    tasks: Annotated[
        Positive, about("Number of requests; task index = (first_task + i) % taskset size.")
    ]
    concurrency: Annotated[
        int | None,
        about(
            "Closed loop: requests in flight at most; as many as tasks where all are sent at once."
        ),
    ]
    arrivals: Annotated[Arrivals | None, about("Open loop.")]
    arrivals_ns: Annotated[tuple[Count, ...] | None, about("Intended start of each request.")]
    timeout_s: Annotated[Number, about("Per request.")]
    failure_bound: Annotated[
        Ratio, about("Share of failed requests above which the phase is not measured.")
    ]
    lateness_bound_ms: Annotated[
        Number | None, about("p99 of (t_send - t_sched) above which the phase is invalid.")
    ]
    group: Annotated[Group | UnsetType, about("Which point of which sweep or grid this is.")] = (
        UNSET
    )
    lengths: Annotated[
        Lengths | UnsetType, about("Prompts and answers of exact length instead of the task set's.")
    ] = UNSET
    lockstep: Annotated[
        bool | UnsetType, about("The next batch of `concurrency` is sent when the last has ended.")
    ] = UNSET
    max_new_tokens: Annotated[
        Positive | UnsetType,
        about("Most tokens to generate, fewer than the workload's decoding says."),
    ] = UNSET
    stop: Annotated[Stop | UnsetType, about("When the phase has seen enough.")] = UNSET
    search: Annotated[Search | UnsetType, about("With slo_search only.")] = UNSET
    session: Annotated[Session | UnsetType, about("With multi_turn only.")] = UNSET
    controls: Annotated[
        tuple[Control, ...] | UnsetType,
        about(
            "Requests among the others that ask a task again, by position; task index counts only the others."
        ),
    ] = UNSET
    not_run: Annotated[
        Required | UnsetType, about("Why this point cannot be run with this model; it is skipped.")
    ] = UNSET
