"""A phase sent to a scripted server, for the tests beside."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from msgspec import UNSET
from msgspec.structs import replace

from suite.base import jsonio
from suite.documents.engine import RequestFormat
from suite.documents.event import Request
from suite.measure.engine.sim_faults import FAULTS
from suite.measure.load import synthetic
from suite.measure.load.requests.job import Job, response_limit
from suite.measure.load.send import run_phase
from suite.measure.load.sources import Source
from suite.measure.load.stats import Ending, PhaseStats
from suite.measure.load.target import Target

PER_REQUEST = sorted(set(FAULTS) - {"dies_after", "refuses", "slow_start"})


@dataclass(frozen=True)
class Result:
    """A phase's events by index, its statistics, and what progress was told."""

    events: list[Request]
    stats: PhaseStats
    progress: list[tuple[int, int, int]]

    def __getitem__(self, index: int) -> Request:
        return next(event for event in self.events if event.index == index)


def request_doc(**changes: object) -> RequestFormat:
    return replace(synthetic.REQUEST, token_ids=True, **changes)


def job(index: int, prompt: str, at: int | None = None, tokens: int = 6, **body: object) -> Job:
    document = {
        "model": "sim",
        "messages": [{"role": "user", "content": prompt}],
        "prompt": prompt,
        "max_tokens": tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_token_ids": True,
        **body,
    }
    digest = jsonio.sha256_hex(prompt.encode())
    data = jsonio.canonical(document)
    limit = response_limit(data, tokens)
    return Job(index, f"task-{index}", data, at, digest, most_bytes=limit)


def send(
    base_url: str,
    jobs: list[Job] | Source,
    *,
    concurrency: int | None = 1,
    timeout_s: float = 60,
    stop: Callable[[], bool] = lambda: False,
    enough: Callable[[], Ending | None] | None = None,
    lockstep: bool = False,
    workers: int = 1,
    events: list[Request] | None = None,
    **target: object,
) -> Result:
    count = jobs.planned if hasattr(jobs, "planned") else len(jobs)
    phase = replace(
        synthetic.phase("test", count, concurrency, timeout_s),
        scenario="offline",
        lockstep=True if lockstep else UNSET,
    )
    events = [] if events is None else events
    progress: list[tuple[int, int, int]] = []
    settings = {"path": "/v1/chat/completions", "headers": {}, "request": request_doc(), **target}
    stats = run_phase(
        Target(base_url=base_url, **settings),  # type: ignore[arg-type]
        jobs,
        phase=phase,
        zero_ns=0,
        on_request=events.append,
        stop=stop,
        enough=enough,
        workers=workers,
        on_progress=lambda *state: progress.append(state),
    )
    return Result(events, stats, progress)


def read_truth(path: Path) -> dict[str, dict[str, object]]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {line["prompt_sha256"]: line for line in lines}
