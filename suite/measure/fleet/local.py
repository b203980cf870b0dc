"""Attempts as processes of this machine, each standing for a machine of its own; they outlive their controller."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError
from suite.measure.fleet.backend import Gone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.documents.fleet import BackendName, Machine
    from suite.measure.fleet.attempt import Files


class Local:
    """See `suite.measure.fleet.backend.Backend`. A handle is a process id with its start, so that no other process passes for it."""

    name: ClassVar[BackendName] = "local"
    batch: ClassVar[int] = 1

    def __init__(self) -> None:
        """Nothing runs yet."""
        self.settle_s = 0.0
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def submit(self, machine: Machine, attempts: Sequence[Files], name: str) -> list[str]:  # noqa: ARG002 - a script has its path as name
        """Start the attempts."""
        return [self._start(machine, at) for at in attempts]

    def _start(self, machine: Machine, at: Files) -> str:
        try:
            child = subprocess.Popen(
                ["sh", str(at.script)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as cause:
            message = Sentence(
                f"cannot start an attempt for {machine.name}: {cause.strerror}",
                f"无法为 {machine.name} 启动尝试：{cause.strerror}",
            )
            raise SetupError("fleet-unplaced", message) from cause
        handle = f"{child.pid}-{_started(str(child.pid))}"
        self._children[handle] = child
        return handle

    def find(self, machine: str, at: Files, name: str, index: int) -> str:  # noqa: ARG002 - the same
        """The process whose command line is the attempt's script; its own children, which look alike, lead no session."""
        wanted = f"sh\0{at.script}\0".encode()
        numbers = [entry.name for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
        for number in numbers:
            with contextlib.suppress(OSError):
                like = Path(f"/proc/{number}/cmdline").read_bytes() == wanted
                if like and os.getsid(int(number)) == int(number):
                    return f"{number}-{_started(number)}"
        return ""

    def gone(self, handles: Mapping[str, Files]) -> dict[str, Gone]:
        """Those whose process is no more."""
        over = {}
        for handle in handles:
            child = self._children.get(handle)
            if child is not None:
                alive = child.poll() is None
            else:
                number, _, start = handle.partition("-")
                alive = start != "" and _started(number) == start
            if not alive:
                over[handle] = Gone("fleet-lost", "its process ended without an exit status")
        return over

    def release(self, handle: str) -> None:
        """Wait for a child that has ended, or is about to: its last line was the exit status."""
        child = self._children.pop(handle, None)
        if child is not None:
            child.wait()

    def close(self) -> None:
        """Forget the children; they run on."""
        for child in self._children.values():
            # Popen warns of a child that still runs when it is collected; that is meant here.
            child.returncode = child.poll() or 0
        self._children.clear()


def _started(pid: str) -> str:
    """When a process began, in clock ticks since boot; "" for none, or one that is over and not yet waited for."""
    with contextlib.suppress(OSError):
        state, *fields = (
            Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        )
        return "" if state == "Z" else fields[18]
    return ""


def processors() -> int:
    """Processors that this process may use: so many machines are simulated at a time unless more are asked for."""
    return len(os.sched_getaffinity(0))
