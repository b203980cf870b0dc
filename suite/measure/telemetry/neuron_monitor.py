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
        shares: dict[str, list[JSONValue]] = {}
        sizes: dict[str, list[JSONValue]] = {}
        # Each runtime lists every core, with 0 where it leaves one to others: what they use together is the core's.
        for runtime in runtimes if isinstance(runtimes, list) else []:
            report = _at(runtime, "report")
            busy = _at(report, "neuroncore_counters", "neuroncores_in_use")
            usage = _at(report, "memory_used", "neuron_runtime_used_bytes", "usage_breakdown")
            for core in busy if isinstance(busy, dict) else {}:
                memory = _at(usage, "neuroncore_memory_usage", core)
                shares.setdefault(core, []).append(_at(busy, core, "neuroncore_utilization"))
                sizes.setdefault(core, []).extend(
                    memory.values() if isinstance(memory, dict) and memory else [None]
                )
        for core, share in shares.items():
            texts = zip(self.labels.values(), (_sum(share), _sum(sizes[core])), strict=True)
            of_core = reading([(label, "", text) for label, text in texts], device=device_id(core))
            if of_core is not None:
                yield of_core


def _at(value: JSONValue, *path: str) -> JSONValue:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _sum(values: list[JSONValue]) -> str:
    """The sum of numbers; "" where one is none."""
    known = [v for v in values if isinstance(v, int | float) and math.isfinite(v)]
    whole = len(known) == len(values) and not any(isinstance(v, bool) for v in values)
    return f"{sum(known):.6f}" if whole else ""


program(
    "neuron-monitor",
    Bilingual("`neuron-monitor`, JSON", "`neuron-monitor` 的 JSON"),
    _Runtimes(_LABELS),
    command=("sh", "-c", "neuron-monitor | head -n 1"),
)
