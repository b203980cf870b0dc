"""One client under one load, held against the true times."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from benchmarks.load import child, spreads
from benchmarks.load.errors import ClientError
from benchmarks.load.server import serve
from benchmarks.load.spreads import Biases, Latencies, Spread
from suite.base.errors import EvidenceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.load.case import Load
    from benchmarks.load.ccompiler import Programs
    from benchmarks.load.child import ChildResult
    from benchmarks.load.server import Served
    from benchmarks.load.times import Timed
    from suite.base.jsonio import JSONObject

EXACT_SHARE: Final = 0.05
"""TTFT and ITL count as exact while their 99th percentiles lie within this share of the true ones."""
START_S: Final = 60.0
"""Time that a client may take beside the load itself."""
NONE: Final = Spread(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client left.

    Attributes:
        latencies: as it reports them.
        times: its times by request, where it leaves them on the monotonic clock; empty otherwise.
        completed: requests that ended well, by its own count.
        cpu_s: processor seconds of the load by its own count; None leaves it to the samples.
        streaming_cpu_s: the part until its last response had ended, likewise.
        lateness: sending later than intended; None where the client does not say.
        real_time: it ran ahead of other processes.
        mean_gaps: ITL is each request's mean, not every gap.
        phase: what the suite's client told about the phase.
    """

    latencies: Latencies
    completed: int
    times: Sequence[Timed] = ()
    cpu_s: float | None = None
    streaming_cpu_s: float | None = None
    lateness: Spread | None = None
    real_time: bool = False
    mean_gaps: bool = False
    phase: JSONObject = field(default_factory=dict)


class Client(Protocol):
    """A client as a command."""

    @property
    def name(self) -> str:
        """As it stands in tables."""

    def command(self, load: Load, url: str, folder: Path) -> Sequence[str]:
        """The command for a load; files that it needs are written into the folder."""

    def environment(self, folder: Path) -> Mapping[str, str]:
        """The whole environment of the command."""

    def read(self, load: Load, folder: Path, result: ChildResult) -> Seen:
        """What it left.

        Raises:
            ClientError: it failed, or left something else.
            EvidenceError: what it left is not JSON.
        """


@dataclass(frozen=True, slots=True)
class Machine:
    """Where things run.

    Attributes:
        server: core of the server.
        client: core of the client.
        programs: the C programs.
    """

    server: int
    client: int
    programs: Programs


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one load showed of one client. Times in milliseconds.

    Attributes:
        client: its name.
        load: the load.
        failure: why there are no numbers; empty when there are.
        ttft, itl, e2e: biases. With `matched` request by request (ITL: the absolute value of every gap's),
            else each quantile of what the client reports minus the same quantile of the truth.
        timed: it took times at all; the bare floor does not.
        exact: TTFT and ITL p99 lie within `EXACT_SHARE` of the true ones.
        tokens_s: streamed tokens per second while all streams ran, by the server.
        requests_s: requests per second that arrived at the server.
        lateness: sending later than intended; None where it is not known or does not apply.
        cpu_s_per_1000: processor seconds for a thousand streamed tokens: everything from the first request
            on, decoding, statistics and reports included; starting the program is not.
        streaming_cpu_s_per_1000: the part until the last token.
        first_request_s: from the start of the process to the arrival of its first request.
        peak_mb: resident memory of all its processes at most.
        tokens: tokens streamed.
        real_time: it ran ahead of other processes.
        server: what the server tells about itself.
        phase: what the suite's client told.
    """

    client: str
    load: Load
    failure: str = ""
    ttft: Spread = NONE
    itl: Spread = NONE
    e2e: Spread = NONE
    matched: bool = False
    timed: bool = False
    exact: bool = False
    tokens_s: float = 0.0
    requests_s: float = 0.0
    lateness: Spread | None = None
    cpu_s_per_1000: float = 0.0
    streaming_cpu_s_per_1000: float = 0.0
    first_request_s: float = 0.0
    peak_mb: float = 0.0
    tokens: int = 0
    real_time: bool = False
    server: JSONObject = field(default_factory=dict)
    phase: JSONObject = field(default_factory=dict)

    def to_json(self) -> JSONObject:
        """As a JSON object."""
        if self.failure:
            return {"client": self.client, "load": self.load.name, "failure": self.failure}
        biases: JSONObject = {
            "ttft_bias": self.ttft.to_json(),
            "itl_bias": self.itl.to_json(),
            "e2e_bias": self.e2e.to_json(),
            "matched": self.matched,
            "exact": self.exact,
        }
        return {
            "client": self.client,
            "load": self.load.name,
            **(biases if self.timed else {}),
            "tokens_per_s": round(self.tokens_s),
            "requests_per_s": round(self.requests_s, 1),
            "lateness": None if self.lateness is None else self.lateness.to_json(),
            "cpu_s_per_1000_tokens": round(self.cpu_s_per_1000, 5),
            "streaming_cpu_s_per_1000_tokens": round(self.streaming_cpu_s_per_1000, 5),
            "first_request_s": round(self.first_request_s, 3),
            "peak_mb": round(self.peak_mb, 1),
            "tokens": self.tokens,
            "real_time": self.real_time,
            "server": self.server,
            "phase": self.phase,
        }


def cost(measurement: Measurement) -> float:
    """Processor seconds for a thousand tokens, everything included."""
    return measurement.cpu_s_per_1000


def typical(
    measurements: Sequence[Measurement], figure: Callable[[Measurement], float] = cost
) -> list[Measurement]:
    """For each client and load one run: of those without failure the one with the median figure, the lower of two."""
    rows = []
    for client, load in dict.fromkeys((row.client, row.load) for row in measurements):
        runs = [row for row in measurements if row.client == client and row.load == load]
        sound = sorted((row for row in runs if not row.failure), key=figure)
        rows.append(sound[(len(sound) - 1) // 2] if sound else runs[0])
    return rows


def measure(client: Client, load: Load, machine: Machine, *, workers: int = 1) -> Measurement:
    """Run a client under a load; whatever goes wrong with the client is in `Measurement.failure`.

    Raises:
        EngineError, BenchmarkError: the server did not start, or ended badly.
    """
    with tempfile.TemporaryDirectory(prefix="llmc-bench-") as name:
        folder = Path(name)
        with serve(load, folder, machine.programs.pace, machine.server) as served:
            result = child.run(
                client.command(load, served.base_url, folder),
                cores={machine.client} if workers == 1 else {machine.client, machine.server},
                timeout_s=START_S + 3 * _expected_s(load),
                environment=client.environment(folder),
                folder=folder,
                busy=load.busy,
            )
        try:
            seen = client.read(load, folder, result)
        except (ClientError, EvidenceError) as cause:
            return Measurement(client.name, load, failure=str(cause))
    if seen.completed != load.requests:
        failure = f"{seen.completed} of {load.requests} requests completed"
        return Measurement(client.name, load, failure=failure)
    return judge(client.name, load, seen, served, result)


def _expected_s(load: Load) -> float:
    answer = (load.ttft_ms + load.itl_ms * load.tokens) / 1000
    if load.streams:
        return answer * -(-load.requests // load.streams)
    return answer + load.requests / load.rate


def judge(name: str, load: Load, seen: Seen, served: Served, result: ChildResult) -> Measurement:
    """Hold what a client left against the truth."""
    truth = served.truth
    true = spreads.truth_latencies(truth, mean_gaps=seen.mean_gaps)
    reported = seen.latencies.spreads()
    real = true.spreads()
    biases = _biases(seen, reported, real, truth)
    arrivals = sorted(row.planned for row in truth)
    last = max(row.tokens[-1] for row in truth)
    during = seen.streaming_cpu_s
    if during is None:
        during = result.cpu_between(arrivals[0], last)
    cpu = result.cpu_between(arrivals[0], result.ended) if seen.cpu_s is None else seen.cpu_s
    seconds = (arrivals[-1] - arrivals[0]) / 1e9
    failure = f"{biases.unmatched} requests cannot be matched" if biases.unmatched else ""
    return Measurement(
        client=name,
        load=load,
        failure=failure,
        ttft=biases.ttft,
        itl=biases.itl,
        e2e=biases.e2e,
        matched=bool(seen.times),
        timed=bool(seen.latencies.ttft),
        exact=_near(reported[0], real[0]) and _near(reported[1], real[1]),
        tokens_s=spreads.steady_tokens_s(truth),
        requests_s=(len(arrivals) - 1) / seconds if seconds else 0.0,
        lateness=seen.lateness,
        cpu_s_per_1000=cpu / served.tokens * 1000,
        streaming_cpu_s_per_1000=during / served.tokens * 1000,
        first_request_s=(arrivals[0] - result.started) / 1e9,
        peak_mb=result.peak_mb,
        tokens=served.tokens,
        real_time=seen.real_time,
        server=served.to_json(),
        phase=seen.phase,
    )


def _biases(
    seen: Seen,
    reported: tuple[Spread, Spread, Spread],
    real: tuple[Spread, Spread, Spread],
    truth: Sequence[Timed],
) -> Biases:
    if not seen.latencies.ttft:
        return Biases(NONE, NONE, NONE, 0)
    if seen.times:
        return spreads.compare(seen.times, truth)
    ttft, itl, e2e = (mine.minus(true) for mine, true in zip(reported, real, strict=True))
    return Biases(ttft, itl, e2e, 0)


def _near(reported: Spread, real: Spread) -> bool:
    return abs(reported.p99 - real.p99) <= EXACT_SHARE * real.p99
