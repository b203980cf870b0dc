"""What a run and the agents on its nodes say to each other: orders one way, replies the other, each in a frame.

Load clients are spoken to likewise, in the words of `suite.documents.farm`.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from suite.documents.container import ContainerRecord, ObservedImage
from suite.documents.devices import ObservedDevice
from suite.documents.document import Document, about
from suite.documents.environment import Fact
from suite.documents.nodes import NodeLog
from suite.documents.plan import Plan, SuiteVersion
from suite.documents.scalars import Count, NonNegative, PositiveNumber, Sha256

PROTOCOL = 1
NodeEnd: TypeAlias = Literal["node-died", "node-paused", "node-unlinked", "run-unwritable"]
"""Why a container no longer takes part, as an error code."""


class Joined(Document):
    """A Docker network of one machine, with an address for each node."""

    network: Annotated[str, about("Name of the network.")]
    addresses: Annotated[tuple[str, ...], about("By the nodes' numbers.")]


class Order(Document, tag_field="do"):
    """What an agent or a load client is asked to do."""


class Describe(Order, tag="describe"):
    """Say which machine this is."""

    protocol: Annotated[int, about("Version of these messages.")]
    salt: Annotated[str, about("What the machine's own numbers are hashed with.")]


class AskClock(Order, tag="clock"):
    """Read the clock."""


class Prepare(Order, tag="prepare"):
    """Get the plan's image and read its model."""

    plan: Annotated[Plan, about("The run's plan.")]
    run: Annotated[str, about("Name of the run.")]
    salt: Annotated[str, about("What devices' own numbers are hashed with.")]


class Start(Order, tag="start"):
    """Start the node's container."""

    number: Annotated[Count, about("Of the node.")]
    addresses: Annotated[tuple[str, ...], about("Of all nodes, by number.")]
    joined: Annotated[Joined | UnsetType, about("Absent on the machines' own network.")] = UNSET
    head: Annotated[
        str | UnsetType, about("HOST:PORT of node 0's agent, whose link is watched; absent there.")
    ] = UNSET
    silence_s: Annotated[
        PositiveNumber, about("After so many seconds without an order the container is ended.")
    ]


class Watch(Order, tag="watch"):
    """Say whether the container takes part, and what it has printed since."""

    log_from: Annotated[Count, about("Bytes of its log that were read.")]


class AskFacts(Order, tag="facts"):
    """Say what is known of the engine that answers."""

    base_url: Annotated[str, about("Of its server.")]


class MeasureLinks(Order, tag="links"):
    """Measure the way to other agents."""

    peers: Annotated[tuple[str, ...], about("HOST:PORT of each.")]


class Stop(Order, tag="stop"):
    """End the container and seal what it left."""


class Probe(Order, tag="probe"):
    """From another agent: answer its small messages, then take what it sends."""


Orders: TypeAlias = (
    Describe | AskClock | Prepare | Start | Watch | AskFacts | MeasureLinks | Stop | Probe
)


class Reply(Document, tag_field="is"):
    """What it answers."""


class Machine(Reply, tag="machine"):
    """Which machine this is."""

    machine: Annotated[Sha256, about("Salted digest of the machine's own numbers.")]
    boot: Annotated[Sha256, about("Salted digest of its boot.")]
    suite: Annotated[SuiteVersion, about("The suite there.")]
    facts: Annotated[dict[str, Fact], about("Facts about the machine.")]


class Clock(Reply, tag="clock"):
    """What the agent's clock reads."""

    clock_ns: Annotated[Count, about("Reading of CLOCK_MONOTONIC, nanoseconds.")]


class Prepared(Reply, tag="prepared"):
    """The image is here, and the model was read."""

    image: Annotated[ObservedImage, about("The image.")]
    model_sha256: Annotated[str, about("Digest of the planned model files; else why none.")]
    devices: Annotated[tuple[ObservedDevice, ...], about("Accelerators, identities hashed.")]


class Watched(Reply, tag="watched"):
    """Whether the container takes part."""

    code: Annotated[
        NodeEnd | Literal[""],
        about("Why not, as an error code; empty while it does."),
    ]
    why: Annotated[str, about("The same in words.")]
    log: Annotated[bytes, about("What it printed since, base64; not all of it at once.")]


class Answered(Reply, tag="facts"):
    """What is known of the engine."""

    facts: Annotated[dict[str, Fact], about("By dotted name.")]


class Measured(Reply, tag="links"):
    """The way to other agents, in the order of the question."""

    bytes_per_s: Annotated[tuple[NonNegative, ...], about("0 where there was no connection.")]
    round_trip_ns: Annotated[tuple[tuple[Count, ...], ...], about("Nanoseconds of each message.")]


class Sealed(Reply, tag="sealed"):
    """The container is gone."""

    container: Annotated[ContainerRecord | UnsetType, about("What ran.")] = UNSET
    log: Annotated[NodeLog, about("Its log.")]
    boot: Annotated[Sha256, about("Salted digest of the machine's boot.")]


class Done(Reply, tag="done"):
    """It was done, and there is nothing to say."""


class Refused(Reply, tag="refused"):
    """It was not done, or came to nothing."""

    code: Annotated[str, about("As an error code.")]
    message: Annotated[str, about("In words.")]
    hint: Annotated[str, about("What to do.")] = ""
    message_zh: Annotated[str, about("The words in Chinese.")] = ""
    hint_zh: Annotated[str, about("What to do, in Chinese.")] = ""


Replies: TypeAlias = (
    Machine | Clock | Prepared | Watched | Answered | Measured | Sealed | Done | Refused
)
