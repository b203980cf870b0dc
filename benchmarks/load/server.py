"""The server that every client is held against: `benchmarks/load/pace.c`, or the scripted one without a compiler.

How much of a core it took and how late its writes were against its own schedule is part of every result:
a server that is itself at its limit says nothing about a client.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from benchmarks.load.errors import BenchmarkError
from benchmarks.load.spreads import Spread
from benchmarks.load.times import Timed, read_binary, read_sim
from suite.base import jsonio
from suite.base.errors import EngineError, EvidenceError
from suite.measure.engine import sim

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.load.case import Load
    from suite.base.jsonio import JSONObject

STOP_TIMEOUT_S: Final = 20.0


@dataclass(slots=True)
class Served:
    """A running server; `truth` and the figures are there once it has ended.

    Attributes:
        base_url: where it listens.
        kind: ``pace`` or ``sim``.
        truth: every request and when its tokens were written.
        cpu_share: share of a core that it used between the first request and the end of the last answer.
        late: how late its writes were against its own schedule, milliseconds.
        real_time: it ran ahead of other processes.
        tokens: tokens written.
    """

    base_url: str
    kind: str
    truth: list[Timed] = field(default_factory=list)
    cpu_share: float = 0.0
    late: Spread = field(default_factory=lambda: Spread(0, 0, 0))
    real_time: bool = False
    tokens: int = 0

    def to_json(self) -> JSONObject:
        """What the report says about it."""
        return {
            "kind": self.kind,
            "cpu_share": round(self.cpu_share, 3),
            "late": self.late.to_json(),
            "real_time": self.real_time,
            "tokens": self.tokens,
        }


def prompt(index: int) -> str:
    """The prompt by which server and client know a request."""
    return f"request {index}"


@contextlib.contextmanager
def serve(load: Load, folder: Path, pace: Path | None, core: int | None) -> Iterator[Served]:
    """Run the server for the length of a ``with`` block, bound to a core.

    Raises:
        EngineError: ``engine-start-failed`` when it does not start.
        BenchmarkError: it ended otherwise than asked.
    """
    truth = folder / "truth"
    if pace is None:
        with _sim(load, truth, core) as served:
            yield served
        digests = {
            jsonio.sha256_hex(prompt(index).encode()): index for index in range(load.requests)
        }
        served.truth = read_sim(truth, digests)
    else:
        with _pace(load, truth, pace, core) as served:
            yield served
        served.truth = read_binary(truth)
    served.tokens = sum(len(request.tokens) for request in served.truth)
    served.late = Spread.of(_late(load, served.truth))


@contextlib.contextmanager
def _pace(load: Load, truth: Path, program: Path, core: int | None) -> Iterator[Served]:
    options = {
        "--ttft-us": round(load.ttft_ms * 1000),
        "--itl-us": round(load.itl_ms * 1000),
        "--tokens": load.tokens,
        "--pack": load.pack,
        "--truth": truth,
    }
    command = [str(program), *(str(part) for pair in options.items() for part in pair)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        port = process.stdout.readline().strip()
        if not port:
            raise EngineError("engine-start-failed", "the paced server did not start")
        served = Served(f"http://127.0.0.1:{int(port)}", "pace")
        yield served
        output, _ = process.communicate(timeout=STOP_TIMEOUT_S)
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
    if process.returncode:
        raise BenchmarkError(f"the server ended with status {process.returncode}")
    report = cast("dict[str, float]", jsonio.loads(output, name="pace", error=EvidenceError))
    served.cpu_share = report["cpu_s"] / report["wall_s"] if report["wall_s"] else 0.0
    served.real_time = bool(report["real_time"])


@contextlib.contextmanager
def _sim(load: Load, truth: Path, core: int | None) -> Iterator[Served]:
    script = {
        "ttft_ms": load.ttft_ms,
        "itl_ms": load.itl_ms,
        "tokens": load.tokens,
    }
    with sim.start(json.dumps(script), truth=truth) as running:
        if core is not None:
            os.sched_setaffinity(running.process.pid, {core})
        served = Served(running.base_url, "sim")
        start, cpu = time.monotonic(), _cpu_s(running.process.pid)
        yield served
        wall = time.monotonic() - start
        served.cpu_share = (_cpu_s(running.process.pid) - cpu) / wall


def _cpu_s(pid: int) -> float:
    """Processor seconds of a process so far."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _late(load: Load, truth: Sequence[Timed]) -> list[float]:
    """Milliseconds between the moments when tokens were due and when they were written."""
    first, gap = round(load.ttft_ms * 1e6), round(load.itl_ms * 1e6)
    if not gap:
        return []
    return [
        (moment - request.started - first - position // load.pack * load.pack * gap) / 1e6
        for request in truth
        for position, moment in enumerate(request.tokens)
    ]
