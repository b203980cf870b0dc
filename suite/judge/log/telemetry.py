"""What telemetry says of the devices in use while a phase ran, by quantity and device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from suite.base.bilingual import Sentence
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from suite.documents.plan import Plan
    from suite.documents.telemetry import TelemetrySample
    from suite.evidence import Evidence
    from suite.judge.log.samples import Repeat

GIB = 2**30
Quantity = Literal["power", "utilisation", "memory", "temperature", "clock"]


@dataclass(frozen=True, slots=True)
class Read:
    """How a quantity is read off a sample.

    Attributes:
        unit: of the values.
        value: off one sample; None where the tool did not give it.
        adds: several devices have the sum of theirs; otherwise their mean.
    """

    unit: str
    value: Callable[[TelemetrySample], float | None]
    adds: bool


def _memory(sample: TelemetrySample) -> float | None:
    used = given(sample.memory_used_bytes)
    return None if used is None else used / GIB


READS: Mapping[Quantity, Read] = {
    "power": Read("W", lambda sample: given(sample.power_w), adds=True),
    "utilisation": Read("1", lambda sample: given(sample.utilisation), adds=False),
    "memory": Read("GiB", _memory, adds=True),
    "temperature": Read("°C", lambda sample: given(sample.temperature_c), adds=False),
    "clock": Read("MHz", lambda sample: given(sample.clock_mhz), adds=False),
}
"""Every quantity that is shown over time, in the order of the page."""

Points = list[tuple[int, float]]
"""Times in nanoseconds of the run's clock, and values."""


def partitioned(evidence: Evidence) -> str:
    """A device in use that is cut into slices, in words; "" where none is."""
    visible = {part.strip() for part in evidence.plan.devices.visible.split(",")}
    for device in given(evidence.environment.devices, ()):
        if given(device.partitioned, False) and (device.index in visible or len(visible) == 1):
            return Sentence(f"device {device.index} is partitioned", f"设备 {device.index} 已分区")
    return ""


def within(samples: Sequence[TelemetrySample], repeat: Repeat) -> list[TelemetrySample]:
    """Samples from the first request of a repeat to its last chunk."""
    return [sample for sample in samples if repeat.first_sent <= sample.t <= repeat.end]


def by_device(
    plan: Plan, samples: Sequence[TelemetrySample], quantity: Quantity
) -> dict[str, Points]:
    """A quantity of each device in use, in order of time.

    Where two tools watch one device the first by name is read. Devices that the plan does not name are left out where
    it names some that are there.
    """
    read = READS[quantity].value
    tools: dict[str, str] = {}
    devices: dict[str, Points] = {}
    for sample in sorted(samples, key=lambda sample: (sample.tool, sample.t)):
        value = read(sample)
        if value is not None and tools.setdefault(sample.device, sample.tool) == sample.tool:
            devices.setdefault(sample.device, []).append((sample.t, value))
    visible = {part.strip() for part in plan.devices.visible.split(",")}
    used = {device: points for device, points in devices.items() if device in visible}
    return used or devices
