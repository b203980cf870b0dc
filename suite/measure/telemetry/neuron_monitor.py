"""``neuron-monitor``: a JSON document each period; devices are NeuronCores. It knows no power and no temperature.

A core that no runtime uses is not in the document and stays unknown. The memory is that of the core's tensors,
constants, code and buffers, in bytes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Label
from suite.measure.telemetry.layouts.labels import Labels, device_id, reading
from suite.measure.telemetry.layouts.tree import documents
from suite.measure.telemetry.tool import program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.base.jsonio import JSONValue
    from suite.measure.telemetry.reading import Reading

_LABELS: Final[Labels] = {
    "neuroncore_utilization": Label("utilisation", "%"),
    "neuroncore_memory_usage": Label("memory_used_bytes", "B"),
}


@dataclass(frozen=True, slots=True)
class _Runtimes:
    labels: Labels

    def read(self, text: str) -> list[Reading]:
        return [core for document in documents(text) for core in self._cores(document)]

    def _cores(self, document: JSONValue) -> Iterator[Reading]:
        runtimes = _at(document, "neuron_runtime_data")
        for runtime in runtimes if isinstance(runtimes, list) else []:
            report = _at(runtime, "report")
            busy = _at(report, "neuroncore_counters", "neuroncores_in_use")
            usage = _at(report, "memory_used", "neuron_runtime_used_bytes", "usage_breakdown")
            memory = _at(usage, "neuroncore_memory_usage")
            for core in busy if isinstance(busy, dict) else {}:
                share = _at(busy, core, "neuroncore_utilization")
                texts = {
                    "neuroncore_utilization": _text(share),
                    "neuroncore_memory_usage": _sum(_at(memory, core)),
                }
                identity = [(self.labels[name], "", text) for name, text in texts.items() if text]
                of_core = reading(identity, device=device_id(core))
                if of_core is not None:
                    yield of_core


def _at(value: JSONValue, *path: str) -> JSONValue:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: JSONValue) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return ""
    return f"{value:.6f}"


def _sum(parts: JSONValue) -> str:
    sizes = list(parts.values()) if isinstance(parts, dict) else []
    known = [size for size in sizes if isinstance(size, int) and not isinstance(size, bool)]
    return str(sum(known)) if known and len(known) == len(sizes) else ""


program(
    "neuron-monitor",
    Bilingual("`neuron-monitor`, JSON", "`neuron-monitor` 的 JSON"),
    _Runtimes(_LABELS),
    command=("sh", "-c", "neuron-monitor | head -n 1"),
)
