"""An engine over several nodes: the layouts that a vendor declares, what is chosen of them, and what a plan states."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import (
    Count,
    Identifier,
    Name,
    Positive,
    PositiveNumber,
    Required,
    VariableName,
)

RoleName = Literal["head", "follower", "prefill", "decode", "router"]
Split = Literal["tensor", "pipeline", "data", "expert"]

NodeCount = Annotated[int, Meta(ge=2, le=10_000)]


class DeclaredRole(Document):
    """What the nodes of one role run."""

    role: Annotated[RoleName, about("Its part in the group.")]
    without_devices: Annotated[
        bool | UnsetType, about("It computes nothing and takes no accelerators.")
    ] = UNSET
    command: Annotated[
        tuple[str, ...] | UnsetType,
        about("Template that stands for the engine's command and all its arguments."),
    ] = UNSET
    arguments: Annotated[
        tuple[str, ...] | UnsetType, about("Template of what follows the engine's arguments.")
    ] = UNSET
    env: Annotated[
        dict[VariableName, str] | UnsetType, about("Variables beside the engine's, as templates.")
    ] = UNSET
    why: Annotated[Required, about("What it does in the group.")]


class DeclaredLayout(Document):
    """One way of running an engine over several nodes."""

    id: Annotated[Identifier, about("Short name, unique in the engine.")]
    splits: Annotated[tuple[Split, ...], about("What it spreads over the nodes.")]
    command: Annotated[
        tuple[str, ...] | UnsetType,
        about("Template in place of the engine's command; its arguments follow."),
    ] = UNSET
    roles: Annotated[
        tuple[DeclaredRole, ...],
        about(
            "In the order of the nodes' numbers, one node each, but for the last, which has the rest. "
            "Requests go to the first.",
            min_length=2,
        ),
    ]
    source: Annotated[Required, about("Key of sources.")]


class PlannedLinks(Document):
    """What the network between the nodes is declared to reach."""

    bytes_per_s: Annotated[PositiveNumber, about("One way between two nodes, bytes per second.")]
    round_trip_s: Annotated[
        PositiveNumber, about("A small message and its answer over TCP, seconds.")
    ]
    source: Annotated[Name, about("Where the two figures come from.")]


class TopologyChoice(Document):
    """What a user decides about several nodes."""

    nodes: Annotated[NodeCount, about("How many.")]
    layout: Annotated[str | None, about("A declared layout by id; null: the first that fits.")] = (
        None
    )
    pipeline: Annotated[Positive | None, about("Stages; null: one.")] = None
    data: Annotated[Positive | None, about("Replicas; null: one.")] = None
    expert: Annotated[bool, about("Experts are spread over all ranks.")] = False
    counts: Annotated[
        dict[str, Positive] | UnsetType, about("Nodes by role, where they are not the layout's.")
    ] = UNSET
    links: Annotated[PlannedLinks | UnsetType, about("Declared network.")] = UNSET


class Role(Document):
    """What some nodes of the plan run; their names for each other are filled in on each of them."""

    role: Annotated[RoleName, about("Its part in the group.")]
    nodes: Annotated[Positive, about("How many nodes have it.")]
    devices: Annotated[Count, about("Accelerators of each of them.")]
    command: Annotated[
        tuple[str, ...] | UnsetType,
        about("What follows the entrypoint; absent for the first role: the engine's."),
    ] = UNSET
    env: Annotated[dict[str, str], about("Variables beside the engine's.")]


class Topology(Document):
    """How the engine lies over nodes. No address is in it: {head_address} and the like are filled in at the start."""

    layout: Annotated[Identifier, about("The declared layout.")]
    nodes: Annotated[NodeCount, about("How many.")]
    pipeline: Annotated[Positive, about("Pipeline stages.")]
    data: Annotated[Positive, about("Replicas that share the requests.")]
    expert: Annotated[bool, about("Experts are spread over all ranks.")]
    roles: Annotated[
        tuple[Role, ...],
        about("In the order of the nodes' numbers; requests go to the first.", min_length=2),
    ]
    links: Annotated[
        PlannedLinks | UnsetType, about("What the network between them is declared to reach.")
    ] = UNSET
