"""``amd-smi``: csv and JSON of ``metric``, the columns of ``monitor``, whose names changed between versions, and the table.

Memory is counted in powers of 1024 and printed as MB.
"""

from __future__ import annotations

from typing import Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.layouts import Boxes, Columns, Delimited, Label, Tree
from suite.measure.telemetry.layouts.labels import BINARY, DEVICE, PART, Labels
from suite.measure.telemetry.tool import program

_POWER: Final = Label("power_w", "W")
_TEMPERATURE: Final = Label("temperature_c", "C")
_LOAD: Final = Label("utilisation", "%")
_CLOCK: Final = Label("clock_mhz", "MHz")
_USED: Final = Label("memory_used_bytes", "MB", None, BINARY)
_TOTAL: Final = Label("memory_total_bytes", "MB", None, BINARY)
_PAIR: Final = Label("memory_used_bytes", "MB", "memory_total_bytes", BINARY)
_ENERGY: Final = Label("energy_j", "J")

_COUNTERS: Final = (
    ("pcie", "width", Label("pcie_lanes")),
    ("pcie", "replay_count", Label("pcie_replays")),
    ("ecc", "total_correctable_count", Label("ecc_corrected")),
    ("ecc", "total_uncorrectable_count", Label("ecc_uncorrected")),
    ("throttle", "ppt_violation_status", Label("throttle_power")),
    ("throttle", "socket_thermal_violation_status", Label("throttle_heat")),
    ("throttle", "hbm_thermal_violation_status", Label("throttle_heat")),
    ("throttle", "vr_thermal_violation_status", Label("throttle_heat")),
    ("throttle", "prochot_violation_status", Label("throttle_other")),
    ("power", "throttle_status", Label("throttle_other")),
)
"""Section, member and label; the csv has the members without their sections, where a width could be anything's."""

_METRIC: Final[Labels] = {
    "gpu": DEVICE,
    "power/socket_power": _POWER,
    "power/current_socket_power": _POWER,
    "power/average_socket_power": _POWER,
    "temperature/hotspot": _TEMPERATURE,
    "temperature/edge": _TEMPERATURE,
    "usage/gfx_activity": _LOAD,
    "mem_usage/used_vram": _USED,
    "mem_usage/total_vram": _TOTAL,
    "clock/gfx_0/clk": _CLOCK,
    "energy/total_energy_consumption": _ENERGY,
    **{f"{section}/{name}": label for section, name, label in _COUNTERS},
}
_CSV: Final[Labels] = {
    "gpu": DEVICE,
    "socket_power": _POWER,
    "current_socket_power": _POWER,
    "average_socket_power": _POWER,
    "power_usage": _POWER,
    "hotspot": _TEMPERATURE,
    "hotspot_temperature": _TEMPERATURE,
    "edge": _TEMPERATURE,
    "gfx_activity": _LOAD,
    "gfx": _LOAD,
    "used_vram": _USED,
    "vram_used": _USED,
    "total_vram": _TOTAL,
    "vram_total": _TOTAL,
    "gfx_0_clk": _CLOCK,
    "gfx_clk": _CLOCK,
    "total_energy_consumption": _ENERGY,
    **{name: label for _, name, label in _COUNTERS if name != "width"},
}
_MONITOR: Final[Labels] = {
    "gpu": DEVICE,
    "xcp": PART,
    "power": _POWER,
    "gpu_temp": _TEMPERATURE,
    "gpu_t": _TEMPERATURE,
    "gfx_util": _LOAD,
    "gfx%": _LOAD,
    "gfx_clock": _CLOCK,
    "gfx_clk": _CLOCK,
    "vram_used": _USED,
    "vram_total": _TOTAL,
    "vram_usage": _PAIR,
}
_TABLE: Final[Labels] = {
    "gpu": DEVICE,
    "power-usage": _POWER,
    "temp": _TEMPERATURE,
    "gfx-uti": _LOAD,
    "mem-usage": _PAIR,
}
"""Of ``amd-smi`` alone, since ROCm 7."""

program(
    "amd-smi",
    Bilingual(
        "`amd-smi metric` as csv or JSON, the columns of `amd-smi monitor`, or the table",
        "`amd-smi metric` 的 csv 或 JSON、`amd-smi monitor` 的列，或表格",
    ),
    Tree(_METRIC),
    Delimited(_CSV),
    Columns(_MONITOR),
    Boxes(_TABLE, least=2),
    command=("amd-smi", "metric", "-p", "-t", "-u", "-c", "-m", "-E", "--csv"),
)
