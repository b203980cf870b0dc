"""The load client's own ceiling on this machine, in a few seconds: how many tokens a second it times exactly.

The scripted server writes down when each request reached it and when it wrote each token; what the client reports
beyond that is the client's error. Both share the machine, and the server takes a core at some 40,000 tokens a second:
where it gives up first, what is found is a lower bound.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from suite.base.bilingual import Sentence
from suite.base.errors import EngineError
from suite.measure.engine import sim
from suite.measure.load.send import run_phase
from suite.measure.load.synthetic import REQUEST, job, phase
from suite.measure.load.target import Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.event import Request
    from suite.measure.load.requests.job import Job

STREAMS: Final = (16, 64, 160, 320, 640, 960)
ITL_MS: Final = 20
TTFT_MS: Final = 100
SPACING_NS: Final = 4_000_000
TIMEOUT_S: Final = 30.0
EXACT_SHARE: Final = 0.05
"""A latency counts as exact while its 99th percentile lies within this share of the true one."""
HELD_SHARE: Final = 0.9
"""Below this share of the tokens per second that the streams ask for, the server is at its limit."""


class Ceiling(NamedTuple):
    """What the client can do here.

    Attributes:
        tokens_s: tokens per second of the highest load at which it and all lower ones were exact; 0 when none was.
        limited_by: what a higher load failed on; ``range`` when the highest one was exact.
        lateness_ms: 99th percentile of how late requests were sent, at 250 a second.
    """

    tokens_s: float
    limited_by: Literal["client", "server", "range"]
    lateness_ms: float


def ceiling(seconds: float = 5.0) -> Ceiling:
    """Find the highest token rate that the client times exactly; takes about so many seconds.

    Raises:
        EngineError: the scripted server did not start, or ``self-test-failed``.
    """
    tokens = max(8, round((seconds / (len(STREAMS) + 2) * 1000 - TTFT_MS) / ITL_MS))
    script = json.dumps({"ttft_ms": TTFT_MS, "itl_ms": ITL_MS, "tokens": tokens})
    rates: list[float] = []
    runs: list[list[Request]] = []
    with tempfile.TemporaryDirectory(prefix="llmc-load-") as folder:
        truth = Path(folder) / "truth"
        with sim.start(script, truth=truth) as server:
            schedule = [index * SPACING_NS for index in range(max(50, round(seconds * 25)))]
            opened = _send(
                server.base_url, [job(i, f"open {i}", 1, at) for i, at in enumerate(schedule)]
            )
            for streams in STREAMS:
                jobs = [job(i, f"{streams} {i}", tokens) for i in range(streams)]
                runs.append(_send(server.base_url, jobs))
                rates.append(_tokens_s(runs[-1]))
                if rates[-1] < HELD_SHARE * streams * 1000 / ITL_MS:
                    break
        lines = [json.loads(line) for line in truth.read_bytes().splitlines()]
    true = {line["prompt_sha256"]: (line["arrived"], line["writes"]) for line in lines}
    exact = len(list(itertools.takewhile(lambda events: _exact(events, true), runs)))
    limited: Literal["client", "server", "range"] = "client"
    if exact == len(runs):
        limited = "range" if len(runs) == len(STREAMS) else "server"
    lateness = _p99([event.t_send - event.t_sched for event in opened]) / 1e6
    return Ceiling(max(rates[:exact], default=0.0), limited, lateness)


def _exact(events: Sequence[Request], true: dict[str, tuple[int, list[int]]]) -> bool:
    """Whether the latencies of a load are those by the server's own times of arrival and of its writes."""
    truth = [true[event.prompt_sha256] for event in events]
    first = [(event.chunk_t0 or 0) - event.t_send for event in events]
    gaps = [gap for event in events for gap in event.chunk_dt]
    true_first = [writes[0] - arrived for arrived, writes in truth]
    true_gaps = [b - a for _, writes in truth for a, b in itertools.pairwise(writes)]
    pairs = ((_p99(first), _p99(true_first)), (_p99(gaps), _p99(true_gaps)))
    return all(abs(reported - real) <= EXACT_SHARE * real for reported, real in pairs)


def _tokens_s(events: Sequence[Request]) -> float:
    """Tokens per second of each stream while it generated, summed."""
    return sum(len(event.chunk_dt) * 1e9 / max(1, sum(event.chunk_dt)) for event in events)


def _p99(values: Sequence[int]) -> int:
    return sorted(values)[round((len(values) - 1) * 0.99)]


def _send(base_url: str, jobs: Sequence[Job]) -> list[Request]:
    """Send requests, all at once or each at its time."""
    events: list[Request] = []
    run_phase(
        Target(base_url, REQUEST.path, {}, REQUEST),
        jobs,
        phase=phase("self-test", len(jobs), None, TIMEOUT_S),
        zero_ns=0,
        on_request=events.append,
        stop=lambda: False,
        on_progress=lambda _completed, _failed, _in_flight: None,
    )
    failed = [event.error for event in events if event.outcome != "ok"]
    if failed:
        message = Sentence(
            f"{len(failed)} of {len(events)} requests failed: {failed[0]}",
            f"{len(events)} 个请求中有 {len(failed)} 个失败：{failed[0]}",
        )
        raise EngineError(
            "self-test-failed",
            message,
            hint=Sentence("try again on an idle machine", "请在空闲的机器上重试"),
        )
    return events
