"""Facts about the machine, the driver, the container engine and the inference engine.

Every fact has a value or the reason why it is unknown; asking for one never raises.
"""

from __future__ import annotations

import os
import platform
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.declare.vendor import host_cpu
from suite.documents.environment import Fact
from suite.measure.engine import docker_available
from suite.measure.engine.served import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from suite.measure.engine.served import FactValue

# Kernel modules of accelerators; each tells its version in /sys.
DRIVER_MODULES = ("nvidia", "mtgpu", "amdgpu", "davinci", "habanalabs", "metax", "iluvatar", "xpu")
# Instruction sets that decide how fast a CPU multiplies matrices.
CPU_FLAGS = (
    "avx2",
    "avx512f",
    "avx512_bf16",
    "avx512_vnni",
    "amx_bf16",
    "amx_int8",
    "asimd",
    "sve",
)


class _MissingError(Exception):
    """Internal: why a fact cannot be known."""


def facts() -> dict[str, Fact]:
    """Facts about this machine by dotted name. Never raises.

    Memory is in bytes, clocks in MHz; ``host.cores`` counts those that this process may run on.
    """
    status = docker_available()
    docker: FactValue = status.version if status.ok else Unknown(status.why)
    values: dict[str, FactValue] = {name: _ask(question) for name, question in _QUESTIONS.items()}
    values["host.docker"] = docker
    values.update({f"host.driver.{name}": version for name, version in _drivers().items()})
    if not any(name.startswith("host.driver.") for name in values):
        values["host.driver"] = Unknown(
            Sentence(
                "no kernel module of a known accelerator is loaded",
                "没有加载任何已知加速器的内核模块",
            )
        )
    return {name: _fact(value) for name, value in values.items()}


def processor() -> dict[str, FactValue]:
    """What is known of this machine's processor, of the facts that a declared peak is held against."""
    names = (host_cpu.CORES, host_cpu.THREADS, host_cpu.CLOCK, host_cpu.CLOCK_MAX, host_cpu.FLAGS)
    values = {name: _ask(_QUESTIONS[name]) for name in names}
    return {name: value for name, value in values.items() if not isinstance(value, Unknown)}


def served_facts(values: Mapping[str, FactValue]) -> dict[str, Fact]:
    """The facts that a running engine came with, in the form of this module."""
    return {name: _fact(value) for name, value in values.items()}


def _fact(value: FactValue) -> Fact:
    return Fact(unknown=value) if isinstance(value, Unknown) else Fact(value=value)


def _ask(question: Callable[[], FactValue]) -> FactValue:
    try:
        return question()
    except OSError as error:
        return Unknown(
            Sentence(
                f"{error.filename}: {error.strerror}",
                f"无法读取 {error.filename}：{error.strerror}",
            )
        )
    except (ValueError, IndexError, _MissingError) as error:
        return Unknown(str(error))


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8", errors="replace")


def _field(path: str, pattern: str) -> str:
    match = re.search(pattern, _read(path), re.MULTILINE)
    if match is None:
        raise _MissingError(f"{path} does not tell it")
    return match.group(1).strip().strip('"')


def _cpu_flags() -> str:
    present = set(_field("/proc/cpuinfo", r"^(?:flags|Features)\s*:\s*(.+)$").split())
    return " ".join(flag for flag in CPU_FLAGS if flag in present) or Sentence(
        "none of interest", "没有值得记录的变量"
    )


def _virtual() -> bool:
    return "hypervisor" in _field("/proc/cpuinfo", r"^(?:flags|Features)\s*:\s*(.+)$").split()


def _numa_nodes() -> int:
    nodes = len(list(Path("/sys/devices/system/node").glob("node[0-9]*")))
    if nodes == 0:
        raise _MissingError("the kernel shows no NUMA nodes")
    return nodes


def _physical_cores() -> int:
    """Cores without hyper-threads, among the processors that this process may run on."""
    usable = os.sched_getaffinity(0)
    pairs = set()
    for number in usable:
        topology = f"{_SYSTEM}/cpu/cpu{number}/topology"
        pairs.add((_read(f"{topology}/physical_package_id"), _read(f"{topology}/core_id")))
    return len(pairs)


def _sockets() -> int:
    return (
        len(set(re.findall(r"^physical id\s*:\s*(\d+)", _read("/proc/cpuinfo"), re.MULTILINE))) or 1
    )


def _drivers() -> dict[str, FactValue]:
    versions: dict[str, FactValue] = {}
    for module in DRIVER_MODULES:
        if Path(f"/sys/module/{module}").is_dir():
            versions[module] = _ask(partial(_version, module))
    return versions


def _version(module: str) -> str:
    return _read(f"/sys/module/{module}/version").strip()


_SYSTEM = "/sys/devices/system"
_QUESTIONS: dict[str, Callable[[], FactValue]] = {
    "host.os": lambda: _field("/etc/os-release", r"^PRETTY_NAME=(.+)$"),
    "host.kernel": platform.release,
    "host.architecture": platform.machine,
    "host.cpu": lambda: _field("/proc/cpuinfo", r"^model name\s*:\s*(.+)$"),
    "host.cpu.flags": _cpu_flags,
    "host.cpu.sockets": _sockets,
    "host.cpu.numa_nodes": _numa_nodes,
    "host.cpu.governor": lambda: _read(f"{_SYSTEM}/cpu/cpu0/cpufreq/scaling_governor").strip(),
    "host.cpu.clock_mhz": lambda: float(_field("/proc/cpuinfo", r"^cpu MHz\s*:\s*([0-9.]+)")),
    "host.cpu.clock_max_mhz": lambda: (
        int(_read(f"{_SYSTEM}/cpu/cpu0/cpufreq/cpuinfo_max_freq")) / 1000
    ),
    "host.cpu.cores": _physical_cores,
    "host.cores": lambda: len(os.sched_getaffinity(0)),
    "host.memory_bytes": lambda: int(_field("/proc/meminfo", r"^MemTotal:\s*(\d+) kB")) * 1024,
    "host.memory_available_bytes": lambda: (
        int(_field("/proc/meminfo", r"^MemAvailable:\s*(\d+) kB")) * 1024
    ),
    "host.swap_bytes": lambda: int(_field("/proc/meminfo", r"^SwapTotal:\s*(\d+) kB")) * 1024,
    "host.load_1min": lambda: float(_read("/proc/loadavg").split()[0]),
    "host.virtual_machine": _virtual,
    "host.machine": lambda: _read("/sys/class/dmi/id/product_name").strip(),
    "host.clocksource": lambda: _read(
        f"{_SYSTEM}/clocksource/clocksource0/current_clocksource"
    ).strip(),
    "host.python": platform.python_version,
}
