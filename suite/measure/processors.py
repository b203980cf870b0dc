"""Who used the host's processors while a phase ran: the suite, its engine, or anybody else.

The kernel counts the time of the whole host, of each process and of each control group. What neither the suite and its
descendants (an engine that runs as a process is one) nor the engine's container used, or what a hypervisor took away,
is somebody else's. Interrupts are left out: whose work they do is not known.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from suite.measure import cgroups

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject

_CPU: Final = re.compile(r"cpu((?:\s+\d+){8,})")
_CONTROLLERS: Final = ("cpuacct", "cpu,cpuacct", "cpuacct,cpu")
"""Where the first version of control groups may count processor time."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Processor seconds up to a moment.

    Attributes:
        capacity: of all processors, idle or not.
        busy: spent on processes.
        stolen: that a hypervisor gave to other guests.
        suite: of the suite and all its descendants, living or gone.
        engine: of the engine's container; None where it is none or runs elsewhere.
    """

    capacity: float
    busy: float
    stolen: float
    suite: float
    engine: float | None


def read(engine_pid: int | None = None, root: Path = Path("/")) -> Reading | str:
    """What was used so far, or why that is unknown; never raises.

    Args:
        engine_pid: the first process of the engine's container, by its number on this host.
        root: where ``proc`` and ``sys`` are, for tests.
    """
    ticks = os.sysconf("SC_CLK_TCK")
    try:
        match = _CPU.match((root / "proc" / "stat").read_text("ascii"))
        if match is None:
            return "/proc/stat has no such counters"
        numbers = [int(number) / ticks for number in match[1].split()]
        # user nice system idle iowait irq softirq steal; guest time is part of user time.
        capacity, busy, stolen = sum(numbers[:8]), sum(numbers[:3]), numbers[7]
        if not capacity:
            return "/proc/stat counts nothing"
        suite = _descendants(os.getpid(), root) / ticks
        engine = None if engine_pid is None else _container(engine_pid, root)
    except (OSError, ValueError, IndexError) as error:
        return f"the kernel's counters cannot be read: {error}"
    return Reading(capacity, busy, stolen, suite, engine)


def quota(root: Path = Path("/")) -> tuple[float, str] | None:
    """How many processors' time the tightest control group allows, and its name; None without a limit.

    Args:
        root: where ``proc`` and ``sys`` are, for tests.
    """
    quotas = []
    for group in cgroups.groups("cpu", root):
        files = ("cpu.cfs_quota_us", "cpu.cfs_period_us") if group.first else ("cpu.max",)
        words = " ".join(map(group.text, files)).split()
        if len(words) == 2 and all(map(str.isdigit, words)) and int(words[1]):
            quotas.append((int(words[0]) / int(words[1]), group.name))
    return min(quotas, default=None)


def spent(before: Reading | str, after: Reading | str) -> JSONObject:
    """Processor milliseconds between two readings, for the phase's closing mark."""
    for reading in (before, after):
        if isinstance(reading, str):
            return {"unknown": reading}
    assert isinstance(before, Reading)
    assert isinstance(after, Reading)
    used: JSONObject = {
        "capacity_ms": _milliseconds(before.capacity, after.capacity),
        "busy_ms": _milliseconds(before.busy, after.busy),
        "stolen_ms": _milliseconds(before.stolen, after.stolen),
        "suite_ms": _milliseconds(before.suite, after.suite),
    }
    if before.engine is not None and after.engine is not None:
        used["engine_ms"] = _milliseconds(before.engine, after.engine)
    return used


def _milliseconds(before: float, after: float) -> int:
    return max(0, round((after - before) * 1000))


def _descendants(pid: int, root: Path) -> int:
    """Ticks of a process and all its descendants, with those of children that have ended."""
    children: dict[int, list[int]] = {}
    used: dict[int, int] = {}
    for entry in (root / "proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text("utf-8", "replace")
        except OSError:
            continue  # it has just ended
        # The name may hold anything, blanks and brackets too: what follows its last bracket is numbers.
        members = text.rpartition(")")[2].split()
        children.setdefault(int(members[1]), []).append(int(entry.name))
        used[int(entry.name)] = sum(int(member) for member in members[11:15])
    total, waiting = 0, [pid]
    while waiting:
        current = waiting.pop()
        total += used.get(current, 0)
        waiting += children.get(current, [])
    return total


def _container(pid: int, root: Path) -> float:
    """Seconds of the control group that a process is in, else of the process and its descendants."""
    groups = root / "sys" / "fs" / "cgroup"
    for line in (root / "proc" / str(pid) / "cgroup").read_text("utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        inside = path.lstrip("/")
        if not inside:
            continue  # the whole host's
        if not controllers:
            match = re.search(
                r"^usage_usec (\d+)$", cgroups.text(groups / inside / "cpu.stat"), re.MULTILINE
            )
            if match is not None:
                return int(match[1]) / 1e6
        elif "cpuacct" in controllers.split(","):
            for name in _CONTROLLERS:
                usage = cgroups.text(groups / name / inside / "cpuacct.usage").strip()
                if usage.isdigit():
                    return int(usage) / 1e9
    return _descendants(pid, root) / os.sysconf("SC_CLK_TCK")
