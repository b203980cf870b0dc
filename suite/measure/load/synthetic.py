"""Requests and phases that belong to no plan, for measuring the client itself against a scripted server."""

from __future__ import annotations

from typing import Final

from suite.base import jsonio
from suite.documents.engine import RequestFormat
from suite.documents.phase import Phase
from suite.measure.load.requests.job import Job, response_limit

REQUEST: Final[RequestFormat] = RequestFormat(
    api="chat",
    path="/v1/chat/completions",
    extra_body={},
    stream_options={"include_usage": True},
    token_ids=False,
    omit=(),
    done_marker=True,
)


def job(index: int, prompt: str, tokens: int, at_ns: int | None = None) -> Job:
    """A request for so many tokens, at a moment of the phase where it has one."""
    document = {
        "model": "sim",
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": tokens,
        "stream": True,
        "stream_options": REQUEST.stream_options,
    }
    digest = jsonio.sha256_hex(prompt.encode())
    body = jsonio.canonical(document)
    limit = response_limit(body, tokens)
    return Job(index, f"task-{index}", body, at_ns, digest, most_bytes=limit)


def phase(name: str, requests: int, concurrency: int | None, timeout_s: float) -> Phase:
    """A measured phase; with a concurrency a closed loop."""
    return Phase(
        name=name,
        repeat=0,
        scenario="offline" if concurrency else "server",
        measured=True,
        first_task=0,
        tasks=requests,
        concurrency=concurrency,
        arrivals=None,
        arrivals_ns=None,
        timeout_s=timeout_s,
        failure_bound=0.0,
        lateness_bound_ms=None,
    )
