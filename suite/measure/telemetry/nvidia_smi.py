"""``nvidia-smi --query-gpu=… --format=csv``: the header names every field and its unit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.reading import Quantity, Reading, number, put
from suite.measure.telemetry.tool import program

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIELDS: Final[dict[str, tuple[Quantity, str]]] = {
    "power.draw": ("power_w", "W"),
    "power.draw.average": ("power_w", "W"),
    "power.draw.instant": ("power_w", "W"),
    "temperature.gpu": ("temperature_c", "C"),
    "utilization.gpu": ("utilisation", "%"),
    "memory.used": ("memory_used_bytes", "MiB"),
    "memory.total": ("memory_total_bytes", "MiB"),
    "clocks.current.sm": ("clock_mhz", "MHz"),
    "clocks.sm": ("clock_mhz", "MHz"),
}
_PLAIN: Final = ("power.draw", "clocks.current.sm")
"""Fields that are read where several of one quantity were asked for; else the first that was asked."""
_HEADER: Final = re.compile(r"([a-z_.]+)(?: \[([^\]]+)\])?\Z")


@program(
    "nvidia-smi-csv",
    Bilingual("`nvidia-smi` as csv with a header line", "带表头行的 `nvidia-smi` csv 输出"),
    command=(
        "nvidia-smi",
        "--query-gpu=index,power.draw,temperature.gpu,utilization.gpu,memory.used,memory.total,clocks.current.sm",
        "--format=csv",
        "--id={visible}",
    ),
    units=dict(_FIELDS.values()),
    sample="nvidia-smi.csv.txt",
)
def parse(text: str) -> list[Reading]:
    """Read the csv form with a header; also the repeated samples of ``-l``, in order.

    Lines that do not fit the header (a warning, a cut last line) are left out.
    """
    readings: list[Reading] = []
    columns: list[tuple[str, str]] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if "index" in cells:
            columns = _columns(cells)
        elif columns and len(cells) == len(columns):
            reading = _row(columns, cells)
            if reading is not None:
                readings.append(reading)
    return readings


def _columns(cells: Sequence[str]) -> list[tuple[str, str]]:
    result = []
    for cell in cells:
        match = _HEADER.match(cell)
        result.append((match[1], match[2] or "") if match else ("", ""))
    names = [name for name, _ in result]
    chosen: dict[Quantity, str] = {}
    for name in sorted(names, key=lambda name: name not in _PLAIN):
        if name in _FIELDS:
            chosen.setdefault(_FIELDS[name][0], name)
    read = {"index", *chosen.values()}
    return [(name, unit) if name in read else ("", "") for name, unit in result]


def _row(columns: Sequence[tuple[str, str]], cells: Sequence[str]) -> Reading | None:
    values: dict[Quantity, float] = {}
    device = ""
    for (name, unit), cell in zip(columns, cells, strict=True):
        if name == "index":
            device = cell
        elif name in _FIELDS:
            quantity, usual = _FIELDS[name]
            put(values, quantity, number(cell, unit or usual))
    return Reading(device, values) if device.isdigit() else None
