"""A client's process and everything it starts: processor time, memory, how it ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from suite.measure.signals import shielded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from typing import IO

LOOK_S: Final = 0.1
FAMILY_S: Final = 0.5
"""How often new members of the family are looked for; a member is then sampled every `LOOK_S`."""
_SPINNER: Final = ("/bin/sh", "-c", "while :; do :; done")
"""A neighbour that takes what it gets of a core."""
_TICK: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class ChildResult:
    """How a command went. Times are nanoseconds of the monotonic clock.

    Attributes:
        status: exit status; None when it was ended because it took too long.
        output: what it wrote to standard output.
        errors: the end of what it wrote to standard error.
        started: just before it was started.
        ended: when it had ended.
        cpu_s: processor seconds of it and all its waited-for descendants.
        peak_mb: largest sum of resident memory of the family in a sample, or of its largest member ever;
            pages that members share are counted for each.
        samples: moment and processor seconds of the family so far.
    """

    started: int
    status: int | None = None
    output: bytes = b""
    errors: str = ""
    ended: int = 0
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    samples: list[tuple[int, float]] = field(default_factory=list)

    def cpu_between(self, start: int, end: int) -> float:
        """Processor seconds between two moments, between samples in proportion."""
        return self._cpu_at(end) - self._cpu_at(start)

    def _cpu_at(self, moment: int) -> float:
        before = (self.started, 0.0)
        for sample in [*self.samples, (self.ended, self.cpu_s)]:
            if sample[0] >= moment:
                width = sample[0] - before[0]
                share = (moment - before[0]) / width if width else 1.0
                return before[1] + max(0.0, share) * (max(sample[1], before[1]) - before[1])
            before = sample
        return self.cpu_s


def run(
    command: Sequence[str],
    *,
    cores: AbstractSet[int],
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    busy: bool = False,
) -> ChildResult:
    """Run a client to its end and watch it.

    Args:
        command: program and arguments.
        cores: processors that the family is bound to; none given leaves it free.
        timeout_s: after this it is killed with its session.
        environment: the whole environment; None inherits.
        folder: working directory.
        busy: a process spins on the same cores meanwhile.
    """
    with contextlib.ExitStack() as stack:
        if busy:
            stack.callback(_kill, _start(_SPINNER, cores))
        out = stack.enter_context(tempfile.TemporaryFile())
        err = stack.enter_context(tempfile.TemporaryFile())
        result = ChildResult(time.monotonic_ns())
        try:
            with shielded():
                process = _start(command, cores, (out, err), environment, folder)
                stack.callback(_kill, process)
        except OSError as cause:
            return ChildResult(
                result.started, status=127, errors=str(cause), ended=time.monotonic_ns()
            )
        _watch(process, result, timeout_s)
        out.seek(0)
        err.seek(0)
        result.output, result.errors = out.read(), err.read().decode("utf-8", "replace")[-4000:]
    return result


def _start(
    command: Sequence[str],
    cores: AbstractSet[int],
    streams: tuple[IO[bytes] | int, IO[bytes] | int] = (subprocess.DEVNULL, subprocess.DEVNULL),
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command on some cores: what a bound thread starts is bound too."""
    free = os.sched_getaffinity(0)
    if cores:
        os.sched_setaffinity(0, cores)
    try:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=streams[0],
            stderr=streams[1],
            env=None if environment is None else dict(environment),
            cwd=folder,
            start_new_session=True,
        )
    finally:
        os.sched_setaffinity(0, free)


def _watch(process: subprocess.Popen[bytes], result: ChildResult, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    family, look_again = [process.pid], 0.0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            result.ended = time.monotonic_ns()
            process.returncode = os.waitstatus_to_exitcode(status)
            result.status = process.returncode
            result.cpu_s = usage.ru_utime + usage.ru_stime
            return
        now = time.monotonic()
        if now > deadline:
            _kill(process)
            result.ended = time.monotonic_ns()
            result.cpu_s = result.samples[-1][1] if result.samples else 0.0
            return
        if now >= look_again:
            look_again = now + FAMILY_S
            family = _family(process.pid)
        seconds, resident = _sample(family)
        result.samples.append((time.monotonic_ns(), seconds))
        result.peak_mb = max(result.peak_mb, resident)
        time.sleep(LOOK_S)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _family(root: int) -> list[int]:
    """A process and its living descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        fields = _stat(int(entry.name)) if entry.name.isdigit() else []
        if fields:
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    family, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        family.append(pid)
        waiting += children.get(pid, [])
    return family


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _sample(family: Sequence[int]) -> tuple[float, float]:
    """Processor seconds of the living and the waited-for, and resident megabytes."""
    ticks, pages, largest = 0, 0, 0.0
    for pid in family:
        fields = _stat(pid)
        if fields:
            ticks += sum(int(field) for field in fields[11:15])
            pages += int(fields[21])
            largest = max(largest, _peak_mb(pid))
    return ticks / _TICK, max(pages * _PAGE / 1e6, largest)


def _peak_mb(pid: int) -> float:
    """Largest resident memory of a process since it started its program."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0
