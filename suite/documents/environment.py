"""``environment.json``: facts about the machine, the container and the engine."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from suite.documents.devices import ObservedDevice, ToolOutput
from suite.documents.document import Document, about
from suite.documents.scalars import Count, Number


class Fact(Document):
    """A known value, or why it is unknown."""

    value: Annotated[str | Number | bool | UnsetType, about("The value.")] = UNSET
    unknown: Annotated[str | UnsetType, about("Why.")] = UNSET

    SCHEMA_EXTRA: ClassVar[dict[str, object]] = {
        "oneOf": [{"required": ["value"]}, {"required": ["unknown"]}]
    }

    def __post_init__(self) -> None:
        """Refuse a fact that is both or neither."""
        if (self.value is UNSET) == (self.unknown is UNSET):
            raise ValueError("a fact has either a value or the reason why it is unknown")


class Environment(Document):
    """Facts about the machine, the container and the engine, each known or unknown with the reason."""

    SCHEMA: ClassVar[str] = "environment"

    environment_schema: Annotated[Literal[1], about("Version of this schema.")]
    facts: Annotated[
        dict[str, Fact], about("Facts by dotted name, for example host.cpu or engine.version.")
    ]
    task_defects: Annotated[
        dict[str, Count], about("Defects found in the task file, counted by kind.")
    ]
    devices: Annotated[
        tuple[ObservedDevice, ...] | UnsetType,
        about("Accelerators as their own tool named them before the run; absent when none did."),
    ] = UNSET
    devices_serving: Annotated[
        tuple[ObservedDevice, ...] | UnsetType,
        about("The same at the end of what was measured, before the engine was stopped."),
    ] = UNSET
    device_salt: Annotated[
        str | UnsetType,
        about("What device identities were hashed with: the round's nonce, else a random number."),
    ] = UNSET
    outputs: Annotated[
        tuple[ToolOutput, ...] | UnsetType,
        about(
            "Preflight checks and device queries, with everything that was printed but for devices' numbers."
        ),
    ] = UNSET
    notes: Annotated[tuple[str, ...], about("Remarks of the run, in order.")]
    chinese: Annotated[
        dict[str, str] | UnsetType,
        about(
            "The Chinese form of the sentences above that the suite wrote, by their English one."
        ),
    ] = UNSET
