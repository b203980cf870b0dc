"""What a run and its load clients on other machines say to each other, and what the event log's marks keep of that."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import Meta

from suite.documents.agent import Describe, Machine, Order, Refused, Reply
from suite.documents.document import Document, about
from suite.documents.engine import RequestFormat
from suite.documents.event import Request, StampSource
from suite.documents.phase import Phase
from suite.documents.plan import SuiteVersion
from suite.documents.scalars import Count, Integer, Line, NonNegative, Sha256

PROTOCOL = 1
MOST_CLIENTS = 64
"""Load clients of a run; as many processes as a phase may have been dealt among."""

Exchange: TypeAlias = tuple[Integer, Integer, Integer, Integer]
"""Sent and answered by the run's clock (first and last), received and answered by the client's (between), each in
nanoseconds since its own zero."""


class Join(Describe, tag="join"):
    """Say which machine this is, and begin a log."""


class AskCeiling(Order, tag="ceiling"):
    """Measure what this client can do here."""

    seconds: Annotated[NonNegative, about("For about so long.")]


class Reach(Order, tag="reach"):
    """Open connections to the server, and time that."""

    base_url: Annotated[str, about("The server.")]
    address: Annotated[str, about("Numeric address in place of its name; empty takes the name's.")]


class AskTime(Order, tag="time"):
    """Read the clock, twice."""


class Load(Order, tag="load"):
    """A load: its requests follow in messages of their own."""

    base_url: Annotated[str, about("The server.")]
    path: Annotated[str, about("Of the endpoint.")]
    address: Annotated[str, about("Numeric address in place of its name; empty takes the name's.")]
    headers: Annotated[dict[str, str], about("Extra header fields.")]
    request: Annotated[RequestFormat, about("What the server understands.")]
    send_stamps: Annotated[StampSource, about("Who stamps the sending.")]
    phase: Annotated[
        Phase, about("The phase, with this client's requests and share of the concurrency.")
    ]
    jobs: Annotated[Count, about("Requests that follow.")]


class DealtJob(Document):
    """A request of a load."""

    index: Annotated[Count, about("Position within the phase.")]
    task: Annotated[str, about("Id of the task.")]
    body: Annotated[bytes, about("What is sent, base64.")]
    t_sched_ns: Annotated[
        Count | None, about("Intended start after the load's; null in a closed loop.")
    ]
    prompt_sha256: Annotated[Sha256, about("Of the prompt.")]
    truncated: Annotated[bool, about("The document was cut to fit.")]
    own_prompt_tokens: Annotated[Count | None, about("By the suite's own tokenizer.")]
    most_bytes: Annotated[Count, about("That the response may have.")]


class Jobs(Order, tag="jobs"):
    """Some of a load's requests."""

    jobs: Annotated[tuple[DealtJob, ...], about("In order.")]


class Begin(Order, tag="begin"):
    """Start the load."""

    at_ns: Annotated[Integer, about("When, by the client's clock, since its zero.")]


class End(Order, tag="end"):
    """Send nothing more."""

    reason: Annotated[str, about("Why, in one word.")]
    cancel: Annotated[bool, about("What is in flight ends as cancelled; else it is waited for.")]


class Halt(Order, tag="halt"):
    """End the load at once."""


FarmOrders: TypeAlias = Join | AskCeiling | Reach | AskTime | Load | Jobs | Begin | End | Halt


class Joined(Machine, tag="joined"):
    """Which machine this is, and by which clock it speaks."""

    clock_zero_ns: Annotated[
        Count, about("Reading of its monotonic clock that is 0 in what it says.")
    ]


class Ceiling(Reply, tag="ceiling"):
    """What a client can do on its machine, against a scripted server there."""

    tokens_s: Annotated[
        NonNegative, about("Tokens per second up to which every latency is within 5 %; 0 for none.")
    ]
    limited_by: Annotated[
        Literal["client", "server", "range"],
        about("What a higher load failed on; range where the highest one was exact."),
    ]
    lateness_ms: Annotated[NonNegative, about("99th percentile at 250 requests a second.")]


class Reached(Reply, tag="reached"):
    """The way to the server."""

    connect_ns: Annotated[
        tuple[Count, ...], about("Nanoseconds that each connection took; none where none stood.")
    ]
    why: Annotated[str, about("Why none stood; empty where some did.")]


class Time(Reply, tag="time"):
    """What the clock read, and how far the load is."""

    received_ns: Annotated[Count, about("When the question was read, since the client's zero.")]
    answered_ns: Annotated[Count, about("When the answer was written.")]
    in_flight: Annotated[Count, about("Requests in flight.")]


class Ready(Reply, tag="ready"):
    """The load's connections stand."""


class Ended(Reply, tag="ended"):
    """A request has ended; by the client's clock, since its zero."""

    INTEGERS_ONLY: ClassVar[bool] = True

    request: Annotated[Request, about("Its event, a line of the client's own log.")]


class LoadClock(Document):
    """How a client's arrival times came about; its wall clock's distance in microseconds, to stay below 2^53."""

    receive_stamps: StampSource
    offset_before_us: Integer
    offset_after_us: Integer
    offset_error_ns: Count
    step_ns: Integer
    reads: Count
    unstamped_reads: Count
    send_stamps: StampSource
    unstamped_sends: Count


class LoadStats(Document):
    """How a client's part of a load went, as `suite.measure.load.stats.PhaseStats` has it."""

    planned: Count
    clock: LoadClock
    unsent: Count
    ended_by: Line
    stopped: bool
    merged_reads: Count
    connections: Count
    resent: Count
    without_done: Count
    backward_stamps: Count
    usage_in_choice: Count
    half_characters: Count
    real_time: bool
    cpu_s: NonNegative
    undecoded_peak_bytes: Count
    decode_cpu_s: NonNegative


class Seal(Document):
    """What a client's own log was when a load had ended: all its lines since it joined."""

    lines: Annotated[Count, about("Lines.")]
    sha256: Annotated[Sha256, about("Digest, line feeds included.")]
    boot: Annotated[Sha256, about("Salted digest of its machine's boot, now.")]


class Over(Reply, tag="over"):
    """The load has ended."""

    stats: Annotated[LoadStats, about("How it went.")]
    seal: Annotated[Seal, about("The client's log.")]


FarmReplies: TypeAlias = Joined | Ceiling | Reached | Time | Ready | Ended | Over | Refused


class ClientMark(Document):
    """Detail of ``client.joined``: a client takes part from here on, and its log begins."""

    client: Annotated[Count, about("Its number, from 0.")]
    machine: Annotated[Sha256, about("Salted digest of the machine's own numbers.")]
    boot: Annotated[Sha256, about("Salted digest of its boot.")]
    suite: Annotated[SuiteVersion, about("The client's suite.")]
    host: Annotated[Line, about("Its processor, by its own word.")]
    cores: Annotated[Count, about("Its processors; 0 where unknown.")]
    clock_zero_ns: Annotated[
        Count, about("Reading of its monotonic clock that is 0 in what it says.")
    ]
    ceiling: Annotated[Ceiling, about("Measured on it, before the run.")]


class ReachMark(Document):
    """Detail of ``client.reach``: the way from a client to the server."""

    client: Annotated[Count, about("Its number.")]
    connect_ns: Annotated[tuple[Count, ...], about("Nanoseconds that each connection took.")]


class ClockMark(Document):
    """Detail of ``clock.exchange``."""

    client: Annotated[Count, about("Its number.")]
    exchanges: Annotated[tuple[Exchange, ...], about("In order.")]


class DealMark(Document):
    """Detail of ``clients.dealt``: the load that starts was dealt by index modulo the number of clients."""

    requests: Annotated[Count, about("Of the load.")]
    first_index: Annotated[Count, about("Index of its first request.")]
    shares: Annotated[
        tuple[Count, ...],
        about("Requests in flight at most, by client; all 0 in an open loop."),
    ]
    start_t: Annotated[Integer, about("When it starts, by the run's clock.")]
    starts: Annotated[
        Annotated[tuple[Integer, ...], Meta(min_length=1, max_length=MOST_CLIENTS)],
        about("The same moment as each client was told it, by its own clock since its zero."),
    ]


class SealMark(Document):
    """Detail of ``client.sealed``."""

    client: Annotated[Count, about("Its number.")]
    seal: Annotated[Seal, about("As the client stated it.")]


class LostMark(Document):
    """Detail of ``client.lost``."""

    client: Annotated[Count, about("Its number.")]
    why: Annotated[Line, about("In words.")]


FARM_MARKS: dict[str, type[Document]] = {
    "client.joined": ClientMark,
    "client.reach": ReachMark,
    "clock.exchange": ClockMark,
    "clients.dealt": DealMark,
    "client.sealed": SealMark,
    "client.lost": LostMark,
}
"""What each mark of a farm holds."""
