"""``qaic-util -q``: a block for each ``QID``. A board may hold four, each of which states the power of the board."""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Label, Members
from suite.measure.telemetry.layouts.labels import BINARY, CARD, Labels
from suite.measure.telemetry.tool import program

_QUERY: Final[Labels] = {
    "board serial": CARD,
    "board power": Label("power_w", "Watts"),
    "soc temperature": Label("temperature_c", "degree C"),
    "dram total": Label("memory_total_bytes", "KB", None, BINARY),
    "dram free": Label("memory_free_bytes", "KB", None, BINARY),
    "nsp frequency": Label("clock_mhz", "Mhz"),
}

program(
    "qaic-util",
    Bilingual("`qaic-util -q`, text", "`qaic-util -q` 的文本"),
    Members(_QUERY, start=r"\s*QID\s+(?P<device>\d+)\s*:?\s*\Z"),
    command=("/opt/qti-aic/tools/qaic-util", "-q"),
)
