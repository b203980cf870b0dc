"""The result file of transformers' benchmark_v2: by benchmark its metadata, measurements and configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Bilingual
from suite.documents.document import given
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.loads import Load, as_json, loads

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject
    from suite.judge.report.formats.format import Subject


def _benchmark(load: Load) -> tuple[str, JSONObject]:
    plan, facts = load.evidence.plan, load.evidence.environment.facts
    limit = given(load.phase.doc.max_new_tokens, plan.workload.decoding.max_new_tokens)
    config: JSONObject = {
        "name": load.name,
        "batch_size": load.phase.doc.concurrency,
        "sequence_length": round(load.totals.prompt / len(load.answers)),
        "num_tokens_to_generate": limit,
        "warmup_iterations": 0,
        "measurement_iterations": len(load.answers),
        "dtype": plan.engine.dtype.executed,
    }
    hardware: JSONObject = {
        name: given(facts[fact].value)
        for name, fact in (
            ("cpu_name", "host.cpu"),
            ("cpu_count", "host.cores"),
            ("python_version", "host.python"),
            ("torch_version", "engine.package.torch"),
        )
        if fact in facts
    }
    hardware |= {"gpu_name": plan.devices.name, "gpu_count": plan.devices.count}
    # Seconds since the request was sent, by token: a chunk's tokens arrive together.
    times: list[jsonio.JSONValue] = [
        [0.0, *_arrivals(load, place)] for place in range(len(load.answers))
    ]
    return jsonio.digest(config), {
        "metadata": {
            "model_id": plan.model.id,
            "timestamp": load.evidence.header.started_utc,
            "commit_id": plan.suite.commit,
            "hardware_info": hardware,
        },
        "measurements": {
            "e2e_latency": [value / 1000 for value in load.e2e_ms],
            "token_generation_times": times,
            "dt_tokens": [value / 1000 for value in load.tpot_ms],
            "decoded_outputs": [answer.event.text for answer in load.answers],
            "gpu_metrics": None,
        },
        "config": config,
    }


def _arrivals(load: Load, place: int) -> list[float]:
    answer = load.answers[place]
    at = answer.event.chunk_t0 or answer.sent
    tokens = answer.event.chunk_tokens
    moments: list[float] = []
    for number, gap in enumerate((0, *answer.gaps)):
        at += gap
        count = 1 if tokens is None or number >= len(tokens) else tokens[number]
        moments += [(at - answer.sent) / 1e9] * count
    return moments


def render(subject: Subject) -> bytes:
    """One object, a member a phase, by the digest of its configuration."""
    return as_json(dict(_benchmark(load) for load in loads(subject)))


FORMAT = Format(
    Bilingual("transformers' benchmark_v2 result", "transformers benchmark_v2 结果"),
    ".json",
    "evidence",
    render,
    verbatim=True,
)
