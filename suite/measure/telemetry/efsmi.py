"""``efsmi``: a table of two lines for each device; a sleeping card states neither temperature nor power."""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Boxes, Label
from suite.measure.telemetry.layouts.labels import DEVICE, Labels
from suite.measure.telemetry.tool import program

_TABLE: Final[Labels] = {
    "dev": DEVICE,
    "temp": Label("temperature_c", "C"),
    "pwr(usage/cap)": Label("power_w", "W"),
    "mem": Label("memory_total_bytes", "MiB"),
    "dused": Label("utilisation", "%"),
    "gcu util": Label("utilisation", "%"),
}

program(
    "efsmi",
    Bilingual("`efsmi`, table", "`efsmi` 的表格"),
    Boxes(_TABLE),
    command=("efsmi",),
)
