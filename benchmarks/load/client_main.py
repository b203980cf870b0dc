"""The suite's client as a command of its own: one load, every event written as in a run.

``python -m benchmarks.load.client_main JSON``; JSON is a `Spec`. Prints what the phase told and the
processor seconds of the phase, start of the interpreter and imports left out.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
import time
from typing import TYPE_CHECKING, Final, TypedDict, cast

from suite.declare.profiles.arrivals import schedule
from suite.documents.codec import canonical
from suite.documents.phase import Arrivals
from suite.measure.load.send import run_phase
from suite.measure.load.synthetic import REQUEST, job, phase
from suite.measure.load.target import Target

if TYPE_CHECKING:
    from suite.documents.event import Request
    from suite.measure.load.requests.job import Job

SEED: Final = 1
TIMEOUT_S: Final = 120.0
_SYS_NICE: Final = 23
_CAPABILITY_VERSION: Final = 0x20080522


class Spec(TypedDict):
    """What the command is told.

    Attributes:
        url: the server.
        streams, requests, rate, tokens: as in `benchmarks.load.case.Load`.
        events: file that gets one line per request.
        workers: processes that send.
        ordinary: without running ahead of other processes, even where that is permitted.
    """

    url: str
    streams: int
    requests: int
    rate: float
    tokens: int
    events: str
    workers: int
    ordinary: bool


def main() -> int:
    """Run the load of the first argument."""
    spec = cast("Spec", json.loads(sys.argv[1]))
    if spec["ordinary"]:
        _give_up_priority()
    jobs = _jobs(spec)
    events = os.open(spec["events"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)

    def keep(event: Request) -> None:
        os.write(events, canonical(event) + b"\n")

    cpu = _cpu_s()
    stats = run_phase(
        Target(spec["url"], REQUEST.path, {}, REQUEST),
        jobs,
        phase=phase("bench", spec["requests"], spec["streams"] or None, TIMEOUT_S),
        zero_ns=0,
        on_request=keep,
        stop=lambda: False,
        on_progress=lambda _completed, _failed, _in_flight: None,
        workers=spec["workers"],
    )
    cpu = _cpu_s() - cpu
    os.close(events)
    if spec["workers"] == 1:
        # From the first request on, as the floor counts; of several workers the one that merges counts too.
        cpu = stats.cpu_s
    document = {
        "phase": stats.to_json(),
        "cpu_s": cpu,
        "streaming_cpu_s": cpu - stats.decode_cpu_s,
        "summary": stats.summary(),
    }
    sys.stdout.write(json.dumps({**document, "wall_s": (stats.t_end - stats.t_start) / 1e9}))
    return 0


def _cpu_s() -> float:
    """Processor seconds of this process and of the helpers that have ended."""
    helpers = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + helpers.ru_utime + helpers.ru_stime


def _jobs(spec: Spec) -> list[Job]:
    arrivals: list[int] | None = None
    if not spec["streams"]:
        process: Arrivals = Arrivals(
            process="poisson",
            rate=spec["rate"],
            seed=SEED,
            shape=None,
        )
        arrivals = schedule(process, spec["requests"])
    return [
        job(
            index, f"request {index}", spec["tokens"], None if arrivals is None else arrivals[index]
        )
        for index in range(spec["requests"])
    ]


def _give_up_priority() -> None:
    """Lose the right to run ahead of other processes, as a user without it has none.

    Source: capset(2); the library's `capset` takes a header and two sets of 32 bits.
    """
    library = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    data = (ctypes.c_uint32 * 6)()
    if library.capget(header, data) == 0:
        for member in range(3):
            data[member] &= ~(1 << _SYS_NICE)
        library.capset(header, data)
    resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))


if __name__ == "__main__":
    sys.exit(main())
