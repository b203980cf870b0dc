"""One line of ``telemetry.jsonl``."""

from typing import Annotated, ClassVar

from msgspec import UNSET, UnsetType

from suite.documents.counters import CounterName
from suite.documents.document import Document, about
from suite.documents.scalars import Count, Integer, NonNegative, Number, Ratio


class TelemetrySample(Document):
    """One line of ``telemetry.jsonl``; a value that the tool did not give is absent."""

    SCHEMA: ClassVar[str] = "telemetry"

    t: Annotated[Integer, about("When. Nanoseconds of the monotonic clock since the run's start.")]
    tool: Annotated[str, about("The tool that was read.")]
    device: Annotated[str, about("The device's id by that tool.")]
    card: Annotated[
        str | UnsetType,
        about(
            "The card that it sits on, where the tool tells; power is then that of the whole card."
        ),
    ] = UNSET
    power_w: Annotated[NonNegative | UnsetType, about("Power in watts.")] = UNSET
    energy_j: Annotated[NonNegative | UnsetType, about("Cumulative energy counter in joules.")] = (
        UNSET
    )
    utilisation: Annotated[Ratio | UnsetType, about("Share of the device in use.")] = UNSET
    memory_used_bytes: Annotated[Count | UnsetType, about("Memory in use.")] = UNSET
    memory_total_bytes: Annotated[Count | UnsetType, about("Memory in all.")] = UNSET
    temperature_c: Annotated[Number | UnsetType, about("Temperature in degrees Celsius.")] = UNSET
    clock_mhz: Annotated[NonNegative | UnsetType, about("Core clock in megahertz.")] = UNSET
    counters: Annotated[
        dict[CounterName, NonNegative] | UnsetType,
        about(
            "What tells whether the device was held back, as the tool printed it: throttle_* are states (1 or 0), throttle_mask "
            "the bits of NVML's reasons; pcie_replays and ecc_* counts since the driver was loaded; the others levels."
        ),
    ] = UNSET
