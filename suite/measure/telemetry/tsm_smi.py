"""Tsingmicro's ``tsm_smi``: a table of one line for each device; its memory's ``M`` are mebibytes, for a card of 64 GB has 65536.

Of the header nothing public is known but its words ``NPU-Util``, ``Card`` and ``Name``, so that the row as it is
documented stands in for one that is not there.
"""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Boxes, Label
from suite.measure.telemetry.layouts.labels import DEVICE, Labels
from suite.measure.telemetry.tool import program

_TABLE: Final[Labels] = {
    "card": DEVICE,
    "temp": Label("temperature_c", "C"),
    "pwr:usage/cap": Label("power_w", "W"),
    "memory-usage": Label("memory_used_bytes", "MiB", "memory_total_bytes", (("m", "MiB"),)),
    "npu-util": Label("utilisation", "%"),
}
_USUAL: Final = (
    "| Card  Name               Version Temp    Pwr:Usage/Cap|  Bus-Id            |   Memory-Usage     NPU-Util|     |",
)

program(
    "tsm_smi",
    Bilingual("`tsm_smi`, table", "`tsm_smi` 的表格"),
    Boxes(_TABLE, _USUAL),
    command=("tsm_smi",),
)
