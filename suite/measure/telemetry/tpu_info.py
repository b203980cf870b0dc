"""``tpu-info``: tables, of which that of the runtime has memory and duty cycle. It knows no power and no temperature.

It answers only while a program uses the chips. The table of TensorCores is not read: it counts cores, not chips.
"""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Boxes, Label
from suite.measure.telemetry.layouts.labels import DEVICE, Labels
from suite.measure.telemetry.tool import program

_MEMORY: Final = Label("memory_used_bytes", "GiB", "memory_total_bytes")
_TABLE: Final[Labels] = {
    "chip": DEVICE,
    "device": DEVICE,
    "hbm usage": _MEMORY,
    "memory usage": _MEMORY,
    "duty cycle": Label("utilisation", "%"),
}

program(
    "tpu-info",
    Bilingual("`tpu-info`, the table of the runtime", "`tpu-info` 的运行时表格"),
    Boxes(_TABLE),
    command=("tpu-info",),
)
