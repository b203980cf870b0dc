"""The host's own counters: load from ``/proc/stat``, memory, RAPL energy, temperature, clock.

RAPL counts microjoules since some start and wraps at ``max_energy_range_uj``; virtual machines have none,
and since 2020 only root may read it. The counter itself is passed on: it needs no interpolation, as a power
made from two readings would. What cannot be read is absent.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Bilingual
from suite.measure.telemetry.reading import Quantity, Reading, put
from suite.measure.telemetry.tool import files

if TYPE_CHECKING:
    from collections.abc import Iterable

HOST: Final = "host"
_PACKAGE: Final = re.compile(r"intel-rapl:\d+\Z|amd-rapl:\d+\Z")
_JIFFIES: Final = re.compile(r"cpu((?:\s+\d+){4,})")
_MEMINFO: Final = re.compile(r"(MemTotal|MemAvailable):\s+(\d+) kB")


@files(
    "linux-cpu",
    Bilingual(
        "the host's counters under `/proc` and `/sys`", "主机在 `/proc` 与 `/sys` 下的计数器"
    ),
    units={
        "energy_j": "µJ",
        "utilisation": "ticks",
        "memory_used_bytes": "kB",
        "memory_total_bytes": "kB",
        "temperature_c": "m°C",
        "clock_mhz": "kHz",
    },
)
class LinuxCPU:
    """Counters of one host; keeps the last reading, from which the load follows.

    Args:
        root: where ``proc`` and ``sys`` are, for tests.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._proc = root / "proc"
        self._sys = root / "sys"
        self._ticks: tuple[int, int] | None = None
        self._packages: dict[
            str, tuple[int, int]
        ] = {}  # last counter, sum of its wraps, both in µJ

    def read(self) -> list[Reading]:
        """One reading of the whole host; the first has no load, which needs two."""
        values: dict[Quantity, float] = {}
        put(values, "utilisation", self._utilisation())
        self._memory(values)
        put(values, "energy_j", self._energy_j())
        put(values, "temperature_c", self._temperature())
        put(values, "clock_mhz", self._clock())
        return [Reading(HOST, values)] if values else []

    def _utilisation(self) -> float | None:
        match = _JIFFIES.match(_text(self._proc / "stat"))
        if match is None:
            return None
        ticks = [int(tick) for tick in match[1].split()]
        # user nice system idle iowait irq softirq steal; guest time is part of user time.
        idle, total = sum(ticks[3:5]), sum(ticks[:8])
        before, self._ticks = self._ticks, (idle, total)
        if before is None or total <= before[1]:
            return None
        passed = total - before[1]
        return (passed - (idle - before[0])) / passed

    def _memory(self, values: dict[Quantity, float]) -> None:
        sizes = {
            name: int(size) * 1024 for name, size in _MEMINFO.findall(_text(self._proc / "meminfo"))
        }
        total, available = sizes.get("MemTotal"), sizes.get("MemAvailable")
        if total is not None:
            put(values, "memory_total_bytes", total)
            if available is not None:
                put(values, "memory_used_bytes", total - available)

    def _energy_j(self) -> float | None:
        """Joules on the counters of all packages, wraps undone; None when one cannot be read."""
        packages = [p for p in _entries(self._sys / "class" / "powercap") if _PACKAGE.match(p.name)]
        total = 0
        for package in packages:
            counter = _integer(package / "energy_uj")
            if counter is None:
                return None
            before, turns = self._packages.get(package.name, (0, 0))
            if counter < before:
                turns += _integer(package / "max_energy_range_uj") or 0
            self._packages[package.name] = (counter, turns)
            total += counter + turns
        return total * 1e-6 if packages else None

    def _temperature(self) -> float | None:
        """The hottest sensor of a CPU, in degrees."""
        degrees = []
        for chip in _entries(self._sys / "class" / "hwmon"):
            if _text(chip / "name").strip() in ("coretemp", "k10temp", "zenpower", "cpu_thermal"):
                degrees += [_integer(path) for path in chip.glob("temp*_input")]
        known = [value / 1000 for value in degrees if value is not None]
        return max(known) if known else None

    def _clock(self) -> float | None:
        """Mean clock of all cores, in MHz."""
        cores = (self._sys / "devices" / "system" / "cpu").glob(
            "cpu[0-9]*/cpufreq/scaling_cur_freq"
        )
        known = [value / 1000 for value in map(_integer, cores) if value is not None]
        return sum(known) / len(known) if known else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _integer(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isascii() and text.isdigit() else None


def _entries(directory: Path) -> Iterable[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []
