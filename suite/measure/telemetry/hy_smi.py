"""``hy-smi``: columns under a header, with memory only in per cent; its JSON has the members of ``rocm-smi``."""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Columns, Label, Tree
from suite.measure.telemetry.layouts.labels import DEVICE, Labels
from suite.measure.telemetry.rocm_smi import NAMES
from suite.measure.telemetry.tool import program

_TABLE: Final[Labels] = {
    "dcu": DEVICE,
    "hcu": DEVICE,
    "temp": Label("temperature_c", "C"),
    "avgpwr": Label("power_w", "W"),
    "dcu%": Label("utilisation", "%"),
    "hcu%": Label("utilisation", "%"),
}

program(
    "hy-smi",
    Bilingual("`hy-smi` as table or JSON", "`hy-smi` 的表格或 JSON"),
    Tree(NAMES),
    Columns(_TABLE),
    command=("hy-smi",),
)
