"""The client's own ceiling: its times held against those of a server that knows when it really wrote.

The scripted server stamps each chunk just before it writes it, and each request by the kernel's stamp of its
arrival; both processes read one monotonic clock. What the client reports beyond that is its own bias.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import tempfile
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from suite.base import jsonio
from suite.base.errors import EvidenceError
from suite.declare.arrivals import schedule
from suite.measure.engine import sim
from suite.measure.load.client import run_phase
from suite.measure.load.job import Job, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.base.jsonio import JSONObject
    from suite.declare.plandoc import ArrivalsDoc, PhaseDoc, RequestDoc
    from suite.eventdoc import RequestEvent
    from suite.measure.load.job import PhaseStats

_REQUEST: Final[RequestDoc] = {
    "api": "chat",
    "path": "/v1/chat/completions",
    "extra_body": {},
    "stream_options": {"include_usage": True},
    "token_ids": False,
    "omit": [],
    "done_marker": True,
}


@dataclass(frozen=True, slots=True)
class Case:
    """One load.

    Attributes:
        concurrency: requests in flight; 0 sends open loop at `rate`.
        requests: how many.
        rate: requests per second of a Poisson process, for the open loop.
        ttft_ms: the server's time to the first token.
        itl_ms: the server's time between tokens.
        tokens: tokens of each answer.
        server_core: processor that the server is bound to; None leaves it free.
        client_core: the same for this process.
    """

    concurrency: int
    requests: int
    rate: float = 0.0
    ttft_ms: float = 200.0
    itl_ms: float = 20.0
    tokens: int = 128
    server_core: int | None = None
    client_core: int | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, 99th percentile and largest of some values, milliseconds; by the nearest order statistic."""

    median: float
    p99: float
    largest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarise; no values give zeros."""
        ordered = sorted(values) or [0.0]
        last = len(ordered) - 1
        return cls(ordered[round(last * 0.5)], ordered[round(last * 0.99)], ordered[-1])


_Kept: TypeAlias = "tuple[str, int, int, array[int]]"
"""Digest of the prompt, intended start, start, and arrival of each chunk."""


@dataclass(slots=True)
class _Biases:
    ttft: list[float] = field(default_factory=list)
    itl: list[float] = field(default_factory=list)
    e2e: list[float] = field(default_factory=list)
    lateness: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What one load showed. Biases are the client's number minus the true one, ITL's its absolute value.

    Attributes:
        stats: the phase.
        tokens: content chunks received.
        tokens_per_s: over the phase.
        ttft, itl, e2e: biases, milliseconds.
        lateness: sending later than intended, milliseconds; zeros in a closed loop.
        cpu_s_per_1000: processor seconds of the client for a thousand streamed tokens.
        peak_mb: largest resident memory of this process so far.
    """

    stats: PhaseStats
    tokens: int
    tokens_per_s: float
    ttft: Spread
    itl: Spread
    e2e: Spread
    lateness: Spread
    cpu_s_per_1000: float
    peak_mb: float

    def to_json(self) -> JSONObject:
        """As a JSON object, rounded to what means something."""

        def spread(one: Spread) -> JSONObject:
            return {
                "median_ms": round(one.median, 4),
                "p99_ms": round(one.p99, 4),
                "max_ms": round(one.largest, 4),
            }

        return {
            "phase": self.stats.to_json(),
            "tokens": self.tokens,
            "tokens_per_s": round(self.tokens_per_s),
            "ttft_bias": spread(self.ttft),
            "itl_bias": spread(self.itl),
            "e2e_bias": spread(self.e2e),
            "lateness": spread(self.lateness),
            "cpu_s_per_1000_tokens": round(self.cpu_s_per_1000, 5),
            "peak_mb": round(self.peak_mb, 1),
        }


def measure(case: Case) -> Ceiling:
    """Run one load against a scripted server of its own and compare.

    Raises:
        EngineError: the scripted server did not start.
        EvidenceError: ``bench-incomplete`` when not every request ended well.
    """
    script = {"ttft_ms": case.ttft_ms, "itl_ms": case.itl_ms, "tokens": case.tokens}
    kept: list[_Kept] = []

    def keep(event: RequestEvent) -> None:
        stamps = itertools.accumulate(event["chunk_dt"], initial=event["chunk_t0"] or 0)
        moments = (event["t_sched"], event["t_send"])
        kept.append((event["prompt_sha256"], *moments, array("q", stamps)))

    with tempfile.TemporaryDirectory(prefix="llmc-bench-") as folder:
        truth = Path(folder) / "truth"
        with sim.start(json.dumps(script), truth=truth) as server:
            if case.server_core is not None:
                os.sched_setaffinity(server.process.pid, {case.server_core})
            if case.client_core is not None:
                os.sched_setaffinity(0, {case.client_core})
            jobs = _jobs(case)
            stats = run_phase(
                Target(server.base_url, _REQUEST["path"], {}, _REQUEST),
                jobs,
                phase=_phase(case),
                zero_ns=0,
                on_request=keep,
                stop=lambda: False,
                on_progress=lambda _completed, _failed, _in_flight: None,
            )
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if stats.completed != case.requests:
            raise EvidenceError("bench-incomplete", stats.summary())
        biases = _compare(kept, _truth(truth))
    tokens = sum(len(line[3]) for line in kept)
    return Ceiling(
        stats=stats,
        tokens=tokens,
        tokens_per_s=tokens / ((stats.t_end - stats.t_start) / 1e9),
        ttft=Spread.of(biases.ttft),
        itl=Spread.of(biases.itl),
        e2e=Spread.of(biases.e2e),
        lateness=Spread.of(biases.lateness),
        cpu_s_per_1000=stats.cpu_s / tokens * 1000,
        peak_mb=peak_mb,
    )


def _jobs(case: Case) -> list[Job]:
    arrivals: list[int] | None = None
    if not case.concurrency:
        process: ArrivalsDoc = {"process": "poisson", "rate": case.rate, "seed": 1, "shape": None}
        arrivals = schedule(process, case.requests)
    jobs = []
    for index in range(case.requests):
        prompt = f"request {index}"
        body = {
            "model": "sim",
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": case.tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        digest = jsonio.sha256_hex(prompt.encode())
        at = None if arrivals is None else arrivals[index]
        jobs.append(Job(index, f"task-{index}", jsonio.canonical(body), at, digest))
    return jobs


def _phase(case: Case) -> PhaseDoc:
    return {
        "name": "bench",
        "repeat": 0,
        "scenario": "offline" if case.concurrency else "server",
        "measured": True,
        "first_task": 0,
        "tasks": case.requests,
        "concurrency": case.concurrency or None,
        "arrivals": None,
        "arrivals_ns": None,
        "timeout_s": 120.0,
        "failure_bound": 0.0,
        "lateness_bound_ms": None,
    }


def _truth(path: Path) -> dict[str, tuple[int, list[int]]]:
    """True arrival of each request and true moment of each write, by the prompt's digest."""
    result: dict[str, tuple[int, list[int]]] = {}
    with path.open("rb") as stream:
        for line in stream:
            document = cast("JSONObject", jsonio.loads(line, name=str(path), error=EvidenceError))
            writes = cast("list[int]", document["writes"])
            arrived = cast("int", document["arrived"])
            result[cast("str", document["prompt_sha256"])] = (arrived, writes)
    return result


def _compare(
    kept: Sequence[_Kept],
    truth: dict[str, tuple[int, list[int]]],
) -> _Biases:
    biases = _Biases()
    for digest, t_sched, t_send, stamps in kept:
        arrived, writes = truth[digest]
        biases.ttft.append(((stamps[0] - t_send) - (writes[0] - arrived)) / 1e6)
        biases.e2e.append(((stamps[-1] - t_send) - (writes[-1] - arrived)) / 1e6)
        biases.lateness.append((t_send - t_sched) / 1e6)
        gaps = zip(itertools.pairwise(stamps), itertools.pairwise(writes), strict=True)
        biases.itl += [abs((b - a) - (d - c)) / 1e6 for (a, b), (c, d) in gaps]
    return biases
