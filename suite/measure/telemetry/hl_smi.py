"""``hl-smi``: csv with a header, and a table like that of ``nvidia-smi``."""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Boxes, Delimited, Label
from suite.measure.telemetry.layouts.cuda import QUERY, TABLE
from suite.measure.telemetry.layouts.labels import DEVICE, Labels
from suite.measure.telemetry.tool import program

_QUERY: Final[Labels] = {
    **QUERY,
    "temperature.aip": Label("temperature_c", "C"),
    "utilization.aip": Label("utilisation", "%"),
    "clocks.current.soc": Label("clock_mhz", "MHz"),
}
_TABLE: Final[Labels] = {**TABLE, "aip": DEVICE, "aip-util": Label("utilisation", "%")}

program(
    "hl-smi",
    Bilingual("`hl-smi`: csv with a header line, or table", "`hl-smi`：带表头行的 csv 或表格"),
    Delimited(_QUERY),
    Boxes(_TABLE),
    command=(
        "hl-smi",
        "-Q",
        "index,power.draw,temperature.aip,utilization.aip,memory.used,memory.total",
        *("-f", "csv"),
    ),
)
