"""The text format of Prometheus: metrics that exporters of devices and servers give on a page."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.measure.telemetry.layouts.labels import DEVICE, Labels, first_part, reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from suite.measure.telemetry.layouts.labels import Label
    from suite.measure.telemetry.reading import Reading

_LINE: Final = re.compile(
    r"([A-Za-z_:][\w:]*)\s*(?:\{(.*)\})?\s+([-+]?[0-9.eE+-]+|[-+]?Inf|NaN)(?:\s+-?\d+)?\s*\Z"
)
_BLANK_KINDS: Final = 3
"""Above a blank value: not found, not supported, not permitted."""
_LABEL: Final = re.compile(r'([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Metric:
    """One value of a page."""

    name: str
    labels: Mapping[str, str]
    value: float


def metrics(text: str) -> Iterator[Metric]:
    """The values of a page in order; comments, what is no number, and lines that make no sense are left out."""
    for line in first_part(text).splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        try:
            value = float(match[3])
        except ValueError:
            continue
        if math.isfinite(value):
            yield Metric(match[1], dict(_LABEL.findall(match[2] or "")), value)


@dataclass(frozen=True, slots=True)
class Exposition:
    """A page with a value of each device under each name.

    Attributes:
        devices: names of the label with the device's number, the first that is there is read.
        others: labels of parts of a device, whose values are left out.
        blanks: values that mean, with the few above each, that nothing is known.
    """

    labels: Labels
    devices: tuple[str, ...]
    others: tuple[str, ...] = ()
    blanks: tuple[float, ...] = ()

    def read(self, text: str) -> list[Reading]:
        """A reading for each device, of the first name that it has for each role."""
        by_device: dict[str, dict[str, float]] = {}
        for metric in metrics(text):
            device = next((metric.labels[n] for n in self.devices if n in metric.labels), "")
            known = metric.name.lower() in self.labels and not self._blank(metric.value)
            if known and device and not self._part(metric):
                by_device.setdefault(device, {})[metric.name.lower()] = metric.value
        readings = []
        for device, values in by_device.items():
            texts: list[tuple[Label, str, str]] = []
            for name, label in self.labels.items():
                if name in values and all(label.role != other.role for other, _, _ in texts):
                    texts.append((label, "", f"{values[name]:.6f}"))
            of_device = reading([*texts, (DEVICE, "", device)])
            if of_device is not None:
                readings.append(of_device)
        return readings

    def _blank(self, value: float) -> bool:
        return any(blank <= value <= blank + _BLANK_KINDS for blank in self.blanks)

    def _part(self, metric: Metric) -> bool:
        return any(metric.labels.get(name) for name in self.others)
