"""``rocm-smi``: JSON, whose values are texts and whose memory is in bytes; csv with the same names; the concise table.

MI300 names its power ``Current Socket Graphics Package Power``; older cards print an average.
"""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Columns, Delimited, Label, Tree
from suite.measure.telemetry.layouts.labels import DEVICE, Labels
from suite.measure.telemetry.tool import program

NAMES: Final[Labels] = {
    "device": DEVICE,
    "current socket graphics package power": Label("power_w", "W"),
    "average graphics package power": Label("power_w", "W"),
    "temperature (sensor junction)": Label("temperature_c", "C"),
    "temperature (sensor edge)": Label("temperature_c", "C"),
    "temperature (sensor core)": Label("temperature_c", "C"),
    "gpu use": Label("utilisation", "%"),
    "dcu use": Label("utilisation", "%"),
    "hcu use": Label("utilisation", "%"),
    "vram total used memory": Label("memory_used_bytes", "B"),
    "vram total memory": Label("memory_total_bytes", "B"),
}
"""Members of ``--json``, which are the columns of ``--csv``."""
_CONCISE: Final[Labels] = {
    "device": DEVICE,
    "gpu": DEVICE,
    "power": Label("power_w", "W"),
    "avgpwr": Label("power_w", "W"),
    "temp": Label("temperature_c", "C"),
    "gpu%": Label("utilisation", "%"),
    "sclk": Label("clock_mhz", "MHz"),
}

program(
    "rocm-smi",
    Bilingual("`rocm-smi` as JSON, csv or table", "`rocm-smi` 的 JSON、csv 或表格"),
    Tree(NAMES),
    Delimited(NAMES),
    Columns(_CONCISE),
    command=(
        *("rocm-smi", "--showuse", "--showmeminfo", "vram", "--showtemp", "--showpower"),
        "--json",
    ),
)
