"""How much memory this process, and what it starts, is left by limits that are tighter than the machine: its control groups' and its job's.

A job under Slurm, a systemd slice or a container may take less than ``MemAvailable`` says, and the kernel kills whoever
takes more.
"""

from __future__ import annotations

import os
import re
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from suite.measure import cgroups

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_V1: Final = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
_V2: Final = ("memory.max", "memory.current", "")
"""Of a control group, by its version: the file of its limit, of what it uses, and what precedes the members of ``memory.stat``."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What one limit leaves.

    Attributes:
        left: bytes that may still be taken, 0 at least.
        name: whose limit it is.
    """

    left: int
    name: str


def limits(root: Path = Path("/"), environment: Mapping[str, str] = os.environ) -> list[Limit]:
    """Every limit on this process's memory that can be read; never raises.

    Args:
        root: where ``proc`` and ``sys`` are, for tests.
        environment: variables that Slurm gives a job.
    """
    limits = [*_groups(root), *_slurm(environment)]
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        limits.append(Limit(soft, "ulimit -v"))
    return limits


def _groups(root: Path) -> Iterator[Limit]:
    for group in cgroups.groups("memory", root):
        left = _left(group, *(_V1 if group.first else _V2))
        if left is not None:
            yield Limit(left, group.name)


def _left(group: cgroups.Group, limit: str, usage: str, prefix: str) -> int | None:
    """Bytes that a control group may still take; the kernel gives its files' pages back before it kills."""
    most, used = group.text(limit).strip(), group.text(usage).strip()
    if not (most.isdigit() and used.isdigit()):
        return None  # "max", or none here
    pages = re.findall(
        rf"^{prefix}(?:in)?active_file (\d+)$", group.text("memory.stat"), re.MULTILINE
    )
    return max(0, int(most) - max(0, int(used) - sum(map(int, pages))))


def _slurm(environment: Mapping[str, str]) -> Iterator[Limit]:
    """What a job of Slurm was given on this node, in MiB; 0 is all that the node has."""
    for name, number in (
        ("SLURM_MEM_PER_NODE", ""),
        ("SLURM_MEM_PER_CPU", "SLURM_CPUS_ON_NODE"),
        ("SLURM_MEM_PER_GPU", "SLURM_GPUS_ON_NODE"),
    ):
        size, times = environment.get(name, ""), environment.get(number, "1")
        if size.isdecimal() and times.isdecimal() and int(size) * int(times):
            yield Limit(int(size) * int(times) << 20, name)
