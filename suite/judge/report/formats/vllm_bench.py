"""What ``vllm bench serve --save-result --save-detailed`` writes; several phases as ``--append-result`` does, a line each."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from suite.base.bilingual import Bilingual
from suite.judge.log.samples import MS
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.loads import Load, as_json, error_of, loads, spread
from suite.judge.report.othertools.view import first, ttft

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject
    from suite.judge.report.formats.format import Subject


def _statistics(load: Load) -> JSONObject:
    members: JSONObject = {}
    for name, values in (
        ("ttft", load.ttft_ms),
        ("tpot", load.tpot_ms),
        ("itl", load.itl_ms),
        ("e2el", load.e2e_ms),
    ):
        figures = spread(values, (99,))
        for kind in ("mean", "median", "std", "p99"):
            members[f"{kind}_{name}_ms"] = figures[kind]
    return members


def _busiest_second(load: Load) -> float:
    """The most generated tokens whose chunks arrived in one second of the window."""
    start = load.phase.repeats[0].first_sent
    buckets: dict[int, int] = {}
    for answer in load.answers:
        moments = np.cumsum([first(answer), *answer.gaps])
        tokens = answer.event.chunk_tokens or [1] * len(moments)
        for moment, count in zip(moments, tokens, strict=False):
            place = int((int(moment) - start) // 1_000_000_000)
            buckets[place] = buckets.get(place, 0) + count
    return float(max(buckets.values(), default=0))


def _result(load: Load) -> JSONObject:
    evidence, totals = load.evidence, load.totals
    good = {answer.event.index: answer for answer in load.answers}
    requests = [(request, good.get(request.index)) for request in load.requests]
    started = dt.datetime.fromtimestamp(load.epoch_s(load.phase.repeats[0].first_sent), dt.UTC)
    return {
        "date": started.strftime("%Y%m%d-%H%M%S"),
        "endpoint_type": "openai",
        "backend": "openai",
        "label": load.name,
        "model_id": evidence.plan.model.id,
        "tokenizer_id": evidence.plan.model.id,
        "num_prompts": len(requests),
        "request_rate": "inf" if load.rate is None else load.rate,
        "burstiness": 1.0,
        "max_concurrency": load.phase.doc.concurrency,
        "duration": totals.seconds,
        "completed": len(load.answers),
        "failed": load.failed,
        "total_input_tokens": totals.prompt,
        "total_output_tokens": totals.generated,
        "request_throughput": len(load.answers) / totals.seconds,
        "request_goodput": None,
        "output_throughput": totals.generated / totals.seconds,
        "total_token_throughput": (totals.prompt + totals.generated) / totals.seconds,
        "input_lens": [0 if answer is None else answer.prompt or 0 for _, answer in requests],
        "output_lens": [0 if answer is None else answer.claimed or 0 for _, answer in requests],
        "ttfts": [0.0 if answer is None else ttft(answer) / 1000 for _, answer in requests],
        "itls": [
            [] if answer is None else [gap * MS / 1000 for gap in answer.gaps]
            for _, answer in requests
        ],
        "latencies": [0.0 if answer is None else answer.e2e / 1000 for _, answer in requests],
        "start_times": [request.t_send / 1e9 for request, _ in requests],
        "queue_times": [(request.t_send - request.t_sched) / 1e9 for request, _ in requests],
        "generated_texts": [request.text for request, _ in requests],
        "errors": [error_of(request) for request, _ in requests],
        "max_output_tokens_per_s": _busiest_second(load),
        "max_concurrent_requests": load.most_at_once(),
        "rtfx": 0.0,
        **_statistics(load),
    }


def render(subject: Subject) -> bytes:
    """The chosen phase as indented JSON; all of them a line each."""
    listed = loads(subject)
    indent = 2 if subject.phase else None
    return b"".join(as_json(_result(load), indent=indent) for load in listed)


FORMAT = Format(
    Bilingual("vLLM bench's saved result", "vLLM bench 的保存结果"),
    ".json",
    "evidence",
    render,
    per_phase=True,
    verbatim=True,
)
