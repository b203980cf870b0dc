"""``npu-smi info``: two lines for each chip; a card may hold two, of which only the first states the power of both.

The device is the chip's physical number where the table has one, else the card's. Memory is counted in powers of 1024
and printed as MB; where there is a column for HBM that is the memory.
"""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Boxes, Label
from suite.measure.telemetry.layouts.labels import BINARY, CARD, DEVICE, Labels
from suite.measure.telemetry.tool import program

_TABLE: Final[Labels] = {
    "npu": CARD,
    "chip": Label("chip"),
    "phy-id": DEVICE,
    "device": DEVICE,
    "power": Label("power_w", "W"),
    "temp": Label("temperature_c", "C"),
    "aicore": Label("utilisation", "%"),
    "hbm-usage": Label("memory_used_bytes", "MB", "memory_total_bytes", BINARY),
    "memory-usage": Label("memory_used_bytes", "MB", "memory_total_bytes", BINARY),
}

program(
    "npu-smi",
    Bilingual("`npu-smi info`, table", "`npu-smi info` 的表格"),
    Boxes(_TABLE, least=2),
    command=("npu-smi", "info"),
)
