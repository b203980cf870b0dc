"""``nodes.json``: which machines an engine over several nodes ran on, what ran on each, and the links between them."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.container import ContainerRecord
from suite.documents.devices import ObservedDevice
from suite.documents.document import Document, about
from suite.documents.environment import Fact
from suite.documents.plan import SuiteVersion
from suite.documents.scalars import Count, Integer, Line, NonNegative, Sha256
from suite.documents.topology import RoleName

MOST_NODES = 10_000


class NodeClock(Document):
    """What one exchange proves of a node's clock, whatever the way of the messages: CLOCK_MONOTONIC there minus here."""

    least_us: Annotated[Integer, about("At least so much, microseconds.")]
    most_us: Annotated[Integer, about("At most so much, microseconds.")]


class NodeLog(Document):
    """The output of a node's container, as its agent sealed it; the text is in engine.log or nodes.log."""

    bytes: Annotated[Count, about("Length.")]
    sha256: Annotated[Sha256, about("Digest.")]


class NodeRecord(Document):
    """One node."""

    number: Annotated[Count, about("Its number in the group, from 0.")]
    role: Annotated[RoleName, about("What it was.")]
    machine: Annotated[Sha256, about("Salted digest of the machine's own numbers.")]
    boot: Annotated[Sha256, about("Salted digest of the machine's boot, before the start.")]
    boot_after: Annotated[
        Sha256 | UnsetType, about("The same at the end; absent where the node was lost.")
    ] = UNSET
    suite: Annotated[SuiteVersion, about("The suite that watched it.")]
    model_sha256: Annotated[
        str, about("Digest of the planned model files there; else why there is none.")
    ]
    facts: Annotated[dict[str, Fact], about("Facts about the machine by dotted name.")]
    devices: Annotated[tuple[ObservedDevice, ...], about("Accelerators, as their tool names them.")]
    clock: Annotated[NodeClock, about("Its clock against that of the machine that measured.")]
    address: Annotated[
        Line, about("Under which the others reached it; also in its container's command.")
    ]
    container: Annotated[
        ContainerRecord | UnsetType, about("What ran there; absent where nobody could say.")
    ] = UNSET
    log: Annotated[NodeLog | UnsetType, about("Absent where the node was lost.")] = UNSET
    ended: Annotated[Line, about("Why it ended before it was stopped; empty when it did not.")]


class LinkRecord(Document):
    """One link, one way, as a TCP connection between two agents saw it."""

    when: Annotated[Literal["before", "after"], about("Before the engine, or after its end.")]
    source: Annotated[Count, about("Number of the node that sent.")]
    target: Annotated[Count, about("Number of the node that received.")]
    bytes_per_s: Annotated[NonNegative, about("Bytes per second; 0 where there was no connection.")]
    round_trip_ns: Annotated[
        tuple[Count, ...], about("Nanoseconds of small messages and their answers, in order.")
    ]


class Nodes(Document):
    """Everything that is known of the nodes of a run."""

    SCHEMA: ClassVar[str] = "nodes"

    nodes_schema: Annotated[Literal[1], about("Version of this schema.")]
    network: Annotated[
        Literal["isolated", "host"],
        about("A Docker network of one machine, or the machines' own network."),
    ]
    nodes: Annotated[
        Annotated[tuple[NodeRecord, ...], Meta(max_length=MOST_NODES)],
        about("In the order of their numbers."),
    ]
    links: Annotated[tuple[LinkRecord, ...], about("In the order in which they were measured.")]
