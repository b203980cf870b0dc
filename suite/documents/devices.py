"""What the machine's own tools say of its accelerators, before anything of the run is started on them."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from suite.documents.document import Document, about
from suite.documents.scalars import Count, NonNegative


class DeviceProcess(Document):
    """A process that holds a device."""

    pid: Annotated[Count, about("Number of the process.")]
    name: Annotated[str, about("Program, as the tool names it.")]
    memory_bytes: Annotated[Count | UnsetType, about("Device memory that it holds.")] = UNSET


class ObservedDevice(Document):
    """One device; what its tool does not say is absent."""

    index: Annotated[str, about("Number of the device, as the tool counts.")]
    name: Annotated[str, about("Name that the tool prints.")]
    identity: Annotated[
        str | UnsetType,
        about(
            "The device's UUID or serial number as a digest: SHA-256 of the run's salt, a line feed and the number."
        ),
    ] = UNSET
    driver: Annotated[str | UnsetType, about("Version of the driver.")] = UNSET
    firmware: Annotated[str | UnsetType, about("Version of the firmware.")] = UNSET
    memory_bytes: Annotated[Count | UnsetType, about("Device memory.")] = UNSET
    power_limit_w: Annotated[NonNegative | UnsetType, about("Power limit in force, watts.")] = UNSET
    power_default_w: Annotated[NonNegative | UnsetType, about("Power limit as shipped, watts.")] = (
        UNSET
    )
    clock_max_mhz: Annotated[
        NonNegative | UnsetType, about("Highest clock of the compute units.")
    ] = UNSET
    ecc: Annotated[str | UnsetType, about("Error correction, as the tool writes it.")] = UNSET
    partition: Annotated[
        str | UnsetType, about("Partitioning mode such as MIG, as the tool writes it.")
    ] = UNSET
    partitioned: Annotated[bool | UnsetType, about("It is divided into parts.")] = UNSET
    memory_used_bytes: Annotated[
        Count | UnsetType, about("Device memory in use when the tool was asked.")
    ] = UNSET
    processes: Annotated[
        tuple[DeviceProcess, ...] | UnsetType, about("Processes on it when the tool was asked.")
    ] = UNSET


class ToolOutput(Document):
    """A question to this machine before the run, and the answer as it came."""

    what: Annotated[str, about("What was asked, for people.")]
    command: Annotated[tuple[str, ...], about("Resolved argv; a path for a path that must exist.")]
    ok: Annotated[bool, about("The answer was the expected one.")]
    answer: Annotated[str, about("The line that decided, or why there is none.")]
    output: Annotated[
        str, about("Everything that the tool printed, its end cut off if it is long.")
    ]
