"""``efsmi``: a table of two lines for each device, where a sleeping card states neither temperature nor power; ``-q``."""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Boxes, Label, Members
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

_QUERY: Final[Labels] = {
    "power info/cur power": Label("power_w", "W"),
    "temperature info/gcu temp": Label("temperature_c", "C"),
    "device usage info/gcu usage": Label("utilisation", "%"),
    "device mem info/used size": Label("memory_used_bytes", "MiB"),
    "device mem info/mem usage": Label("memory_used_bytes", "MiB"),
    "device mem info/total size": Label("memory_total_bytes", "MiB"),
    "device mem info/mem size": Label("memory_total_bytes", "MiB"),
}
"""Sections and members of ``-q``; older versions say ``Mem Size`` and ``Mem Usage``."""

program(
    "efsmi",
    Bilingual("`efsmi`: table, or the text of `-q`", "`efsmi`：表格，或 `-q` 文本"),
    Boxes(_TABLE),
    Members(_QUERY, start=r"\s*DEV ID\s+(?P<device>\d+)\s*:?\s*\Z"),
    command=("efsmi",),
)
