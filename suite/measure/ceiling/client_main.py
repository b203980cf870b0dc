"""The suite's client as a command of its own: one load, every event written as in a run.

``python -m suite.measure.ceiling.client_main JSON``; JSON is a `Spec`. Prints what the phase told and the
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

from suite.base import jsonio
from suite.declare.profiles.arrivals import schedule
from suite.measure.load.client import run_phase
from suite.measure.load.job import Job, Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.declare.plandoc import ArrivalsDoc, PhaseDoc, RequestDoc

SEED: Final = 1
_SYS_NICE: Final = 23
_CAPABILITY_VERSION: Final = 0x20080522
REQUEST: Final[RequestDoc] = {
    "api": "chat",
    "path": "/v1/chat/completions",
    "extra_body": {},
    "stream_options": {"include_usage": True},
    "token_ids": False,
    "omit": [],
    "done_marker": True,
}


class Spec(TypedDict):
    """What the command is told.

    Attributes:
        url: the server.
        streams, requests, rate, tokens: as in `suite.measure.ceiling.case.Load`.
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

    def keep(event: Mapping[str, object]) -> None:
        os.write(events, jsonio.canonical(event) + b"\n")

    cpu = _cpu_s()
    stats = run_phase(
        Target(spec["url"], REQUEST["path"], {}, REQUEST),
        jobs,
        phase=_phase(spec),
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
    said = {
        "phase": stats.to_json(),
        "cpu_s": cpu,
        "streaming_cpu_s": cpu - stats.decode_cpu_s,
        "summary": stats.summary(),
    }
    sys.stdout.write(json.dumps({**said, "wall_s": (stats.t_end - stats.t_start) / 1e9}))
    return 0


def _cpu_s() -> float:
    """Processor seconds of this process and of the helpers that have ended."""
    helpers = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + helpers.ru_utime + helpers.ru_stime


def _jobs(spec: Spec) -> list[Job]:
    arrivals: list[int] | None = None
    if not spec["streams"]:
        process: ArrivalsDoc = {
            "process": "poisson",
            "rate": spec["rate"],
            "seed": SEED,
            "shape": None,
        }
        arrivals = schedule(process, spec["requests"])
    jobs = []
    for index in range(spec["requests"]):
        prompt = f"request {index}"
        body = {
            "model": "sim",
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": spec["tokens"],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        at = None if arrivals is None else arrivals[index]
        digest = jsonio.sha256_hex(prompt.encode())
        jobs.append(Job(index, f"task-{index}", jsonio.canonical(body), at, digest))
    return jobs


def _phase(spec: Spec) -> PhaseDoc:
    return {
        "name": "bench",
        "repeat": 0,
        "scenario": "offline" if spec["streams"] else "server",
        "measured": True,
        "first_task": 0,
        "tasks": spec["requests"],
        "concurrency": spec["streams"] or None,
        "arrivals": None,
        "arrivals_ns": None,
        "timeout_s": 120.0,
        "failure_bound": 0.0,
        "lateness_bound_ms": None,
    }


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
