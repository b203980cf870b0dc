"""A profile file; docs/scenarios.md explains every member."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about
from suite.documents.phase import ArrivalProcess, ScenarioKind, Search, Session, Stop
from suite.documents.scalars import Milliseconds, Ratio, Seed
from suite.documents.text import Title
from suite.documents.workload import Decoding, Division, Objectives

Tokens = Annotated[int, Meta(ge=1, le=10000000)]
Streams = Annotated[int, Meta(ge=1, le=4096)]
Rate = Annotated[int, Meta(gt=0, le=100000)] | Annotated[float, Meta(gt=0, le=100000)]
GammaShape = Annotated[int, Meta(gt=0, le=1000)] | Annotated[float, Meta(gt=0, le=1000)]
Timeout = Annotated[int, Meta(gt=0, le=86400)] | Annotated[float, Meta(gt=0, le=86400)]


class ProfileTaskSet(Document):
    """Which tasks a profile wants."""

    set: Annotated[
        Literal["mini", "xsum", "data"],
        about("The shipped mini set, XSum from a file of the user's, or whatever file that is."),
    ]
    size: Annotated[
        int, about("Number of tasks, in the order of the selection rule.", ge=1, le=1000000)
    ]


class ProfileArrivals(Document):
    """An open loop: a process that is drawn, or a trace that is replayed."""

    process: Annotated[ArrivalProcess, about("Distribution of the gaps, or the replay of a trace.")]
    rate: Annotated[Rate | None, about("Requests per second; null with a replay.")]
    seed: Annotated[Seed, about("Seed of the first repeat; repeat r takes seed + r.")]
    shape: Annotated[GammaShape | None, about("Shape of gamma gaps; null otherwise.")]
    trace: Annotated[
        Annotated[
            str,
            Meta(
                pattern="^[A-Za-z0-9_][A-Za-z0-9._/-]{0,254}$",
                extra_json_schema={"not": {"pattern": "[.][.]"}},
            ),
        ]
        | UnsetType,
        about("With replay only: the trace file, relative to the profile's."),
    ] = UNSET
    speed: Annotated[Rate | UnsetType, about("With replay only: 2 replays twice as fast.")] = UNSET


class ProfileLengths(Document):
    """Prompts and answers of exact length: from a list, from the trace that is replayed, or from the data."""

    seed: Annotated[Seed, about("Every request has a prompt of its own, drawn from this.")]
    pairs: Annotated[
        Annotated[
            tuple[tuple[Tokens, Tokens], ...],
            Meta(min_length=1, max_length=64, extra_json_schema={"uniqueItems": True}),
        ]
        | UnsetType,
        about("Tokens in and out; each pair is a point of its own."),
    ] = UNSET
    trace: Annotated[
        Annotated[bool, Meta(extra_json_schema={"const": True})] | UnsetType,
        about("The lengths of the trace that is replayed."),
    ] = UNSET
    data: Annotated[
        Annotated[bool, Meta(extra_json_schema={"const": True})] | UnsetType,
        about("The tasks' own prompts, and answers as long as the data's own."),
    ] = UNSET


class Grid(Document):
    """Every combination of concurrency, prompt length and answer length is a point."""

    seed: Annotated[Seed, about("Every request has a prompt of its own, drawn from this.")]
    input: Annotated[
        tuple[Tokens, ...],
        about(
            "Tokens of the prompt: prefill.",
            min_length=1,
            max_length=16,
            extra_json_schema={"uniqueItems": True},
        ),
    ]
    output: Annotated[
        tuple[Tokens, ...],
        about(
            "Tokens of the answer: decode.",
            min_length=1,
            max_length=16,
            extra_json_schema={"uniqueItems": True},
        ),
    ]
    concurrency: Annotated[
        tuple[Streams, ...],
        about(
            "Streams: batch.", min_length=1, max_length=16, extra_json_schema={"uniqueItems": True}
        ),
    ]


class ProfileControls(Document):
    """Requests that catch a server which reuses earlier work, hidden among the phase's own."""

    tasks: Annotated[
        int, about("Early tasks, each asked four times more, three times salted.", ge=4, le=64)
    ]
    seed: Annotated[Seed, about("Of places and salts; repeat r takes seed + r.")]


class ProfilePhase(Document):
    """One phase before it is resolved."""

    name: Annotated[
        str,
        about(
            "Name of the phase, unique in the profile.",
            pattern="^[a-z0-9][a-z0-9-]{0,30}$",
            extra_json_schema={"not": {"pattern": "-warmup$"}},
        ),
    ]
    scenario: Annotated[
        ScenarioKind,
        about(
            "One at a time, all at once or with bounded concurrency, open-loop arrivals, a closed loop at stated streams, the search for the highest rate, a long stretch, or conversations."
        ),
    ]
    tasks: Annotated[
        Tokens | None,
        about(
            "Number of requests, the most of them with stop; null is every task of the set once, with a replay every request of the trace, with arrivals and stop.max_duration_s as many as come within that time."
        ),
    ]
    first_task: Annotated[int, about("Index of the first task.", ge=0, le=10000000)]
    warmup: Annotated[
        int,
        about(
            "Requests sent before the phase, or before each of its points, and never counted; with rounds so many of each stream.",
            ge=0,
            le=10000,
        ),
    ]
    concurrency: Annotated[
        Streams | None,
        about(
            "Requests in flight at most, of multi_turn sessions; null with arrivals, sweep, grid and search, and where an offline phase sends everything at once."
        ),
    ]
    arrivals: Annotated[
        ProfileArrivals | None, about("Open-loop arrival process; null for a closed loop.")
    ]
    timeout_s: Annotated[Timeout, about("Time-out of one request, seconds.")]
    failure_bound: Annotated[
        Ratio, about("Share of failed requests above which the phase is not measured.")
    ]
    lateness_bound_ms: Annotated[
        Milliseconds | None,
        about("p99 of sending late above which the phase is invalid; null for a closed loop."),
    ]
    sweep: Annotated[
        Annotated[
            tuple[Streams, ...],
            Meta(min_length=1, max_length=32, extra_json_schema={"uniqueItems": True}),
        ]
        | UnsetType,
        about("A point for each of these concurrencies."),
    ] = UNSET
    lengths: Annotated[
        ProfileLengths | UnsetType,
        about("Prompts and answers of exact length in the place of the task set's."),
    ] = UNSET
    grid: Annotated[
        Grid | UnsetType, about("A point for each combination of lengths and concurrency.")
    ] = UNSET
    rounds: Annotated[
        Annotated[int, Meta(ge=1, le=1000000)] | UnsetType,
        about("Requests of each stream, in the place of tasks."),
    ] = UNSET
    warmup_concurrency: Annotated[
        Streams | UnsetType,
        about("With arrivals or search only: warm-up requests in flight at once; one without it."),
    ] = UNSET
    lockstep: Annotated[
        bool | UnsetType,
        about("The next batch of concurrency requests is sent when the last has ended."),
    ] = UNSET
    max_new_tokens: Annotated[
        Tokens | UnsetType,
        about(
            "Most tokens to generate in this phase, fewer than decoding says: 1 for the time to the first "
            "token of all requests."
        ),
    ] = UNSET
    stop: Annotated[Stop | UnsetType, about("When the phase has seen enough.")] = UNSET
    search: Annotated[
        Search | UnsetType, about("With slo_search only: where to search and how finely.")
    ] = UNSET
    session: Annotated[
        Session | UnsetType, about("With multi_turn only: turns and thinking time.")
    ] = UNSET
    controls: Annotated[
        ProfileControls | UnsetType,
        about(
            "With single_stream only: tasks that are asked again among the others, beside tasks."
        ),
    ] = UNSET


class QualityBounds(Document):
    """Quality bounds, ROUGE F-measures as ratios 0..1."""

    rouge_ratio_min: Annotated[
        Ratio, about("Each ROUGE must reach this share of the model's reference.")
    ]
    length_ratio_min: Annotated[
        Ratio, about("The mean generated length must reach this share of the reference's.")
    ]
    rouge1_floor: Annotated[Ratio, about("Below this ROUGE-1 nothing was summarised.")]
    rouge2_floor: Annotated[Ratio, about("Below this ROUGE-2 nothing was summarised.")]
    rouge1_ceiling: Annotated[
        Ratio, about("Above this ROUGE-1 the result is not credible; 1 sets no ceiling.")
    ]
    rouge2_ceiling: Annotated[
        Ratio, about("Above this ROUGE-2 the result is not credible; 1 sets no ceiling.")
    ]


class Profile(Document):
    """A profile file."""

    SCHEMA: ClassVar[str] = "profile"

    profile_schema: Annotated[Literal[1], about("Version of this format.")]
    name: Annotated[
        str,
        about("Name of the profile, the same as its file's.", pattern="^[a-z0-9][a-z0-9-]{0,62}$"),
    ]
    title: Annotated[Title, about("Title for people, by language.")]
    purpose: Annotated[
        str,
        about(
            "What the profile is for and why its numbers are what they are.",
            min_length=1,
            max_length=2000,
        ),
    ]
    division: Annotated[
        Division, about("The highest division that a run of this profile can be granted.")
    ]
    seed: Annotated[Seed, about("Seed of everything random but the arrivals.")]
    taskset: Annotated[
        ProfileTaskSet,
        about(
            "Which tasks; a file given by the user replaces the set and keeps the size as the upper bound."
        ),
    ]
    prompt: Annotated[
        Literal["closed-v1", "compat-flagperf", "plain-v1"], about("Id of the prompt template.")
    ]
    api: Annotated[
        Literal["completions"] | UnsetType,
        about(
            "Text completion in the place of the chat API; prompts of exact length then are token ids where the engine takes them."
        ),
    ] = UNSET
    decoding: Annotated[Decoding, about("Decoding parameters sent with every request.")]
    max_input_tokens: Annotated[
        Annotated[int, Meta(ge=16, le=10000000)] | None,
        about(
            "Longest rendered prompt in tokens; null is what the model's positions leave beside the new tokens."
        ),
    ]
    repeats: Annotated[int, about("How often all phases are run.", ge=1, le=100)]
    phases: Annotated[
        tuple[ProfilePhase, ...],
        about("The phases of one repeat in running order.", min_length=1, max_length=32),
    ]
    objectives: Annotated[Objectives, about("Service-level objectives for goodput.")]
    quality: Annotated[
        QualityBounds, about("What the summaries must reach; ROUGE F-measures as ratios.")
    ]
