"""The event log ``events.jsonl``: a header, marks and requests as they happened, a footer.

Every time is an integer number of nanoseconds of one monotonic clock, relative to the run's start.
"""

import datetime as dt
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import Count, Integer, Line, Sha256

OutcomeCode = Literal[
    "ok",
    "connect-refused",
    "connect-timeout",
    "tls-failed",
    "send-failed",
    "reset",
    "http-error",
    "rate-limited",
    "malformed-chunk",
    "malformed-response",
    "answer-too-large",
    "error-in-stream",
    "stall",
    "timeout",
    "missing-done",
    "missing-usage",
    "no-content",
    "aborted",
    "cancelled",
]
StampSource = Literal["kernel", "user"]


EVENT_SCHEMA: Final = 1
FOURTH: Final = 4
"""The token whose time stands beside the first one's: a guessed first token does not buy it."""
FINISHED: Final = frozenset(("stop", "length", "eos", "eos_token", "stop_sequence"))
"""Finish reasons of answers that came to their end; every other one says that the engine gave the answer up."""


def given_up(reason: str | None) -> bool:
    """Whether a finish reason says that the answer is not the whole answer: aborted, filtered, failed, unknown."""
    return bool(reason) and reason not in FINISHED and str(reason).lower() not in FINISHED


class Usage(Document):
    """Token counts by source; absent when the source did not say."""

    engine_prompt: Annotated[Count | UnsetType, about("Prompt tokens by the engine's usage.")] = (
        UNSET
    )
    engine_completion: Annotated[
        Count | UnsetType, about("Generated tokens by the engine's usage.")
    ] = UNSET
    cached_tokens: Annotated[
        Count | UnsetType,
        about(
            "Prompt tokens that the engine took from its cache, by its usage; part of the prompt's."
        ),
    ] = UNSET
    ids_completion: Annotated[Count | UnsetType, about("Number of token ids received.")] = UNSET
    own_prompt: Annotated[
        Count | UnsetType, about("Prompt tokens by the suite's own tokenizer.")
    ] = UNSET
    own_completion: Annotated[
        Count | UnsetType, about("Generated tokens by the suite's own tokenizer.")
    ] = UNSET
    own_lead: Annotated[
        tuple[Count, ...] | UnsetType,
        about(
            "By the suite's own tokenizer: tokens of the text up to and with each chunk of lead_chars; "
            "only where the engine does not say how many a chunk carries."
        ),
    ] = UNSET


class Origin(Document):
    """Who answered, in the server's own words; more than one where they changed within the answer."""

    models: Annotated[
        Annotated[tuple[Line, ...], Meta(max_length=8)], about("Names of the model, in order.")
    ]
    fingerprints: Annotated[
        Annotated[tuple[Line, ...], Meta(max_length=8)],
        about("`system_fingerprint`: the configuration that served, in order."),
    ]


class RunError(Document):
    """An error."""

    code: Annotated[str, about("Stable code.")]
    message: Annotated[str, about("One sentence.")]


class EventBase(Document, tag_field="type"):
    """What every event has in common: its ``type`` tells which one it is."""

    SCHEMA: ClassVar[str] = "event"


class Header(EventBase, tag="header"):
    """First line of ``events.jsonl``."""

    INTEGERS_ONLY: ClassVar[bool] = True

    event_schema: Annotated[Literal[1], about("Version of this schema.")]
    run_id: Annotated[
        str, about("The run's name, unique where it was made.", min_length=1, max_length=128)
    ]
    plan_sha256: Annotated[Sha256, about("SHA-256 of the canonical plan.")]
    started_utc: Annotated[
        str,
        about(
            "Start of the run in UTC.",
            pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$",
        ),
    ]
    clock: Annotated[Literal["CLOCK_MONOTONIC"], about("The clock of every time in this log.")]
    clock_zero_ns: Annotated[Count, about("Reading of that clock at the run's start.")]
    receive_stamps: Annotated[
        StampSource,
        about("Who stamped arrivals: the kernel on receiving, or the client on reading."),
    ]
    send_stamps: Annotated[StampSource, about("Who stamped sends.")]
    realtime_minus_monotonic_us: Annotated[
        Integer,
        about(
            "CLOCK_REALTIME minus CLOCK_MONOTONIC at the start, in microseconds, so that it stays below 2^53."
        ),
    ]

    def __post_init__(self) -> None:
        """Refuse a start that no clock shows, or to which no run can be added."""
        if dt.datetime.fromisoformat(self.started_utc).year == dt.MAXYEAR:
            raise ValueError("started_utc is the last year that there is")


class Mark(EventBase, tag="mark"):
    """Something happened.

    Names: ``run.start``, ``suite.setup.end``, ``conversion.start``, ``conversion.end``, or
    ``conversion.reused`` in their place, ``engine.prepare``, ``engine.prepared``, ``engine.start``,
    ``engine.healthy``, ``engine.first_answer``, ``phase.start``, ``phase.end``, ``probe.start``,
    ``probe.end`` (inside a search's phase), ``network.probe`` (of a server that runs already), ``engine.stop``, ``engine.stopped``;
    with load clients on several machines those of `suite.documents.farm.FARM_MARKS`.
    """

    t: Annotated[Integer, about("When. Nanoseconds of the monotonic clock since the run's start.")]
    name: Annotated[
        str,
        about("What, for example engine.healthy or phase.start.", pattern="^[a-z_]+(\\.[a-z_]+)+$"),
    ]
    phase: Annotated[str | UnsetType, about("The phase, for phase marks.")] = UNSET
    repeat: Annotated[Count | UnsetType, about("The phase's repeat, from 0.")] = UNSET
    measured: Annotated[bool | UnsetType, about("False for a warm-up.")] = UNSET
    detail: Annotated[dict[str, object] | UnsetType, about("Further facts, by name.")] = UNSET

    OPEN: ClassVar[bool] = True
    SCHEMA_EXTRA: ClassVar[dict[str, object]] = {
        "allOf": [
            {
                "if": {"properties": {"name": {"enum": ["phase.start", "phase.end"]}}},
                "then": {"required": ["phase", "repeat", "measured"]},
            }
        ]
    }

    def __post_init__(self) -> None:
        """Refuse a phase's mark that does not name the phase."""
        if self.name in ("phase.start", "phase.end") and UNSET in (
            self.phase,
            self.repeat,
            self.measured,
        ):
            raise ValueError(f"{self.name} needs phase, repeat and measured")


class Request(EventBase, tag="request"):
    """One request, successful or not. Appended when it ends."""

    INTEGERS_ONLY: ClassVar[bool] = True

    phase: Annotated[str, about("Name of the phase.")]
    repeat: Annotated[Count, about("Repeat of the phase, from 0.")]
    measured: Annotated[bool, about("False for a warm-up.")]
    index: Annotated[Count, about("Position within the phase, from 0.")]
    task: Annotated[str, about("Id of the task.")]
    t_sched: Annotated[
        Integer,
        about(
            "Intended start; equals t_send in a closed loop. Nanoseconds of the monotonic clock since the run's start."
        ),
    ]
    t_send: Annotated[
        Integer,
        about(
            "First byte of the request written. Nanoseconds of the monotonic clock since the run's start."
        ),
    ]
    chunk_t0: Annotated[
        Integer | None,
        about("Arrival of the first chunk with generated text; null when none came."),
    ]
    chunk_dt: Annotated[
        tuple[Count, ...], about("Gaps in nanoseconds to each following chunk with generated text.")
    ]
    chunk_tokens: Annotated[
        tuple[Count, ...] | None,
        about("Tokens in each chunk with generated text; null when the engine does not say."),
    ]
    lead_chars: Annotated[
        tuple[Count, ...],
        about(
            "Characters of text in each of the first chunks, up to the fourth that holds a token and "
            "shows something; 0 for a chunk of reasoning, which text leaves out."
        ),
    ] = ()
    merged_reads: Annotated[
        Count,
        about(
            "Chunks that came out of one read with the chunk before, so that their arrival could not be told apart."
        ),
    ]
    t_end: Annotated[
        Integer,
        about(
            "End of the stream or of the attempt. Nanoseconds of the monotonic clock since the run's start."
        ),
    ]
    outcome: Annotated[OutcomeCode, about("How the request ended.")]
    status: Annotated[Integer | None, about("HTTP status.")]
    error: Annotated[Line | None, about("What went wrong, shortened.")]
    finish_reason: Annotated[str | None, about("The engine's finish reason.")]
    text: Annotated[str, about("Generated text.")]
    token_ids: Annotated[
        tuple[Count, ...] | None, about("Generated token ids; null when the engine gives none.")
    ]
    usage: Annotated[Usage, about("Token counts by source; a source that said nothing is absent.")]
    prompt_sha256: Annotated[Sha256, about("SHA-256 of the prompt's UTF-8 text.")]
    truncated: Annotated[bool, about("The document was cut to fit.")]
    origin: Annotated[
        Origin | UnsetType, about("Who answered; absent where the server does not say.")
    ] = UNSET
    reasoning: Annotated[
        str | UnsetType, about("Generated text that came as reasoning, apart from the answer.")
    ] = UNSET
    client: Annotated[
        Count | UnsetType,
        about(
            "Number of the load client that sent it; absent where the run did. Its times are nanoseconds of that client's "
            "monotonic clock since it joined."
        ),
    ] = UNSET
    t_seen: Annotated[
        Integer | UnsetType,
        about(
            "When the run heard of it from its client; by the run's clock, since the run's start."
        ),
    ] = UNSET


def has_failed(request: Request) -> bool:
    """Whether a request failed, by its outcome, its status, its error or a finish reason that says so."""
    refused = request.status is not None and request.status >= REFUSED
    return (
        request.outcome != "ok"
        or refused
        or request.error is not None
        or given_up(request.finish_reason)
    )


REFUSED: Final = 300
"""HTTP status from which on there is no answer."""


class Footer(EventBase, tag="footer"):
    """Last line. A log without it is incomplete."""

    INTEGERS_ONLY: ClassVar[bool] = True

    t: Annotated[
        Integer, about("End of the run. Nanoseconds of the monotonic clock since the run's start.")
    ]
    ended: Annotated[
        Literal["complete", "interrupted", "engine-died", "engine-failed", "failed"],
        about("How the run ended."),
    ]
    requests: Annotated[Count, about("Number of request events in the log.")]
    error: Annotated[
        RunError | None, about("The error that ended the run; null when it ended as planned.")
    ]
    clock_steps_ns: Annotated[
        Integer, about("Change of CLOCK_REALTIME minus CLOCK_MONOTONIC over the run.")
    ]


Event: TypeAlias = Header | Mark | Request | Footer
"""One line of ``events.jsonl``."""
