"""``nvidia-smi``: the csv queries for devices and for the processes that compute on them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from suite.documents.devices import DeviceProcess, ObservedDevice
from suite.measure.devices.tool import device_tool
from suite.measure.telemetry.reading import number

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEVICES = (
    "index,uuid,name,driver_version,memory.total,power.limit,power.default_limit,clocks.max.sm,"
    "ecc.mode.current,mig.mode.current,persistence_mode,vbios_version,memory.used"
)
_PROCESSES = "gpu_uuid,pid,used_memory,process_name"


@device_tool(
    "nvidia-smi",
    "devices of nvidia-smi",
    ("nvidia-smi", f"--query-gpu={_DEVICES}", "--format=csv"),
    ("nvidia-smi", f"--query-compute-apps={_PROCESSES}", "--format=csv"),
)
def parse(outputs: Sequence[str]) -> list[ObservedDevice]:
    """Read both queries; what a device does not support is absent, never 0."""
    devices, processes = outputs
    return [
        ObservedDevice(
            index=row["index"],
            name=row["name"],
            identity=_text(row, "uuid"),
            driver=_text(row, "driver_version"),
            firmware=_text(row, "vbios_version"),
            memory_bytes=_bytes(row, "memory.total"),
            power_limit_w=_number(row, "power.limit", "W"),
            power_default_w=_number(row, "power.default_limit", "W"),
            clock_max_mhz=_number(row, "clocks.max.sm", "MHz"),
            ecc=_text(row, "ecc.mode.current"),
            partition=_text(row, "mig.mode.current"),
            partitioned=_partitioned(row),
            memory_used_bytes=_bytes(row, "memory.used"),
            processes=_processes(processes, row.get("uuid", "")),
        )
        for row in _rows(devices)
        if row.get("index", "").isdigit() and row.get("name")
    ]


def _rows(text: str) -> list[dict[str, str]]:
    """Rows by the names of the header, without the units that it states; other lines are left out."""
    rows: list[dict[str, str]] = []
    header: list[str] = []
    for line in text.splitlines():
        # Nothing is quoted: a program's name may begin with a quotation mark.
        cells = [cell.strip() for cell in line.split(",")]
        names = [re.sub(r" \[.*\]$", "", cell) for cell in cells]
        if {"index", "pid"} & set(names):
            header = names
        elif header and len(cells) >= len(header):
            # A program's name, the last column, may hold commas.
            last = ", ".join(cells[len(header) - 1 :])
            values = [*cells[: len(header) - 1], last]
            rows.append(dict(zip(header, values, strict=True)))
    return rows


def _text(row: dict[str, str], name: str) -> str | UnsetType:
    value = row.get(name, "")
    return UNSET if not value or value.startswith("[") or value == "N/A" else value


def _number(row: dict[str, str], name: str, unit: str) -> float | UnsetType:
    value = number(row.get(name, ""), unit)
    return UNSET if value is None else value


def _bytes(row: dict[str, str], name: str) -> int | UnsetType:
    value = number(row.get(name, ""), "MiB")
    return UNSET if value is None else round(value)


def _partitioned(row: dict[str, str]) -> bool | UnsetType:
    mode = _text(row, "mig.mode.current")
    return UNSET if mode is UNSET else mode == "Enabled"


def _processes(text: str, uuid: str) -> tuple[DeviceProcess, ...] | UnsetType:
    if not text or not uuid:
        return UNSET
    return tuple(
        DeviceProcess(
            pid=int(row["pid"]),
            name=row.get("process_name", ""),
            memory_bytes=_bytes(row, "used_gpu_memory"),
        )
        for row in _rows(text)
        if row.get("gpu_uuid") == uuid and row["pid"].isdigit()
    )
