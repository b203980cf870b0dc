"""``cnmon``: a table of two lines for each device, and the text of ``cnmon info``."""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Boxes, Label, Members
from suite.measure.telemetry.layouts.labels import DEVICE, Labels
from suite.measure.telemetry.tool import program

_TABLE: Final[Labels] = {
    "card": DEVICE,
    "temp": Label("temperature_c", "C"),
    "pwr:usage/cap": Label("power_w", "W"),
    "memory-usage": Label("memory_used_bytes", "MiB", "memory_total_bytes"),
    "util": Label("utilisation", "%"),
}
_INFO: Final[Labels] = {
    "power/usage": Label("power_w", "W"),
    "temperature/board": Label("temperature_c", "C"),
    "utilization/mlu average": Label("utilisation", "%"),
    "physical memory usage/used": Label("memory_used_bytes", "MiB"),
    "physical memory usage/total": Label("memory_total_bytes", "MiB"),
}

program(
    "cnmon",
    Bilingual("`cnmon`, table, or `cnmon info`", "`cnmon` 的表格，或 `cnmon info`"),
    Boxes(_TABLE),
    Members(_INFO, start=r"\s*Card\s+(?P<device>\d+)\s*:?\s*\Z"),
    command=("cnmon",),
)
