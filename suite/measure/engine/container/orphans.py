"""Containers and networks whose suite is gone: found by their labels, removed.

Normally nothing is left: the end of the block removes them, and a lifeline does when the suite was killed.
This is for what survives even that, such as a Docker engine that was down at the time.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from docker import errors

from suite.measure.engine.container.options import LABEL_OWNER

if TYPE_CHECKING:
    from docker import DockerClient

REMOVE_ATTEMPTS = 10


def owner() -> str:
    """Who this process is, so that its number used again by another is not mistaken for it."""
    return f"{_place()}:{os.getpid()}:{_started(os.getpid())}"


def owner_lives(label: str) -> bool:
    """Whether the process named by a label still runs; so it counts where its number would mean another one here."""
    place, _, rest = label.partition(":")
    number, _, started = rest.partition(":")
    if place != _place() or not number.isdigit():
        # Another machine may use the same engine, or a container of this one: its processes are not ours to judge.
        return place != _place()
    return bool(started) and _started(int(number)) == started


def remove_orphans(client: DockerClient) -> int:
    """Remove what dead suites left behind; returns how many containers that were."""
    removed = 0
    for container in client.containers.list(all=True, filters={"label": LABEL_OWNER}):
        if not owner_lives(container.labels.get(LABEL_OWNER, "")):
            remove_container(client, container.id or "")
            removed += 1
    for network in client.networks.list(filters={"label": LABEL_OWNER}):
        labels = network.attrs.get("Labels") or {}
        if not owner_lives(str(labels.get(LABEL_OWNER, ""))):
            remove_network(client, network.id or "")
    return removed


def remove_container(client: DockerClient, name: str) -> None:
    """Remove a container, running or not; it is fine when it is gone already."""
    for attempt in range(REMOVE_ATTEMPTS):
        try:
            client.api.remove_container(name, force=True, v=True)
        except errors.NotFound:
            return
        except errors.APIError:
            # "removal already in progress", or the storage driver is still busy with it.
            if attempt + 1 == REMOVE_ATTEMPTS:
                raise
            time.sleep(0.5)


def remove_network(client: DockerClient, name: str) -> None:
    """Remove a network; it is fine when it is gone already.

    The container of an agent that was killed leaves it a moment later; what is still in use then is left for the next time.
    """
    for _ in range(REMOVE_ATTEMPTS):
        try:
            client.api.remove_network(name)
        except errors.NotFound:
            return
        except errors.APIError:
            time.sleep(0.5)
        else:
            return


def _place() -> str:
    """Where a process has the number and the start that it has here: boot, and the namespaces of processes and of time."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        spaces = [str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in ("pid", "time")]
    except OSError:
        return "unknown"
    return "-".join([boot, *(space.partition(":")[2].strip("[]") for space in spaces)])


def _started(process: int) -> str:
    """Start time of a process in clock ticks since boot; "" when there is no such process."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    # The name, in brackets, may hold spaces and brackets; field 22 counts from the state, field 3.
    return stat.rpartition(")")[2].split()[19]
