"""GuideLLM's report: a benchmark a phase, each metric as its distribution summary over successful requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from suite.base.bilingual import Bilingual
from suite.judge.log.samples import MS
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.loads import Load, as_json, loads, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.base.jsonio import JSONObject, JSONValue
    from suite.judge.report.formats.format import Subject

_PERCENTILES = {
    "p001": 0.1,
    "p01": 1,
    "p05": 5,
    "p10": 10,
    "p25": 25,
    "p50": 50,
    "p75": 75,
    "p90": 90,
    "p95": 95,
    "p99": 99,
    "p999": 99.9,
}


def _summary(values: Sequence[float]) -> JSONObject:
    figures = spread(values, tuple(_PERCENTILES.values()))
    percentiles: JSONObject = {
        name: figures[f"p{percent:g}"] for name, percent in _PERCENTILES.items()
    }
    return {
        "mean": figures["mean"],
        "median": figures["median"],
        "mode": float(max(set(values), key=list(values).count)) if len(values) else 0.0,
        "variance": figures["std"] ** 2,
        "std_dev": figures["std"],
        "min": figures["min"],
        "max": figures["max"],
        "count": len(values),
        "total_sum": figures["sum"],
        "percentiles": percentiles,
    }


def _metrics(load: Load) -> JSONObject:
    seconds, totals = load.totals.seconds, load.totals
    per_token = [
        answer.e2e / answer.claimed for answer in load.answers if answer.claimed
    ]  # its TPOT counts the first token's wait
    values: dict[str, Sequence[float]] = {
        "request_latency": [value / 1000 for value in load.e2e_ms],
        "prompt_token_count": load.inputs,
        "output_token_count": load.outputs,
        "total_token_count": np.add(load.inputs, load.outputs).tolist(),
        "time_to_first_token_ms": load.ttft_ms,
        "time_per_output_token_ms": per_token,
        "inter_token_latency_ms": load.tpot_ms,
    }
    document: JSONObject = {name: {"successful": _summary(held)} for name, held in values.items()}
    rates = {
        "requests_per_second": len(load.answers) / seconds,
        "request_concurrency": sum(load.e2e_ms) * 1e-3 / seconds,
        "prompt_tokens_per_second": totals.prompt / seconds,
        "output_tokens_per_second": totals.generated / seconds,
        "tokens_per_second": (totals.prompt + totals.generated) / seconds,
    }
    document |= {
        name: {"successful": {"mean": rate, "count": len(load.answers)}}
        for name, rate in rates.items()
    }
    good, bad = len(load.answers), load.failed
    document["request_totals"] = {
        "successful": good,
        "incomplete": 0,
        "errored": bad,
        "total": good + bad,
    }
    return document


def _strategy(load: Load) -> JSONObject:
    if load.rate is not None:
        kind = "poisson" if load.phase.doc.arrivals is not None else "constant"
        return {"type_": kind, "rate": load.rate}
    if load.phase.doc.concurrency == 1:
        return {"type_": "synchronous"}
    return {"type_": "concurrent", "streams": load.phase.doc.concurrency}


def _benchmark(load: Load) -> JSONObject:
    repeat = load.phase.repeats[0]
    requests: list[JSONValue] = [
        {
            "request_id": answer.event.task,
            "prompt_tokens": answer.prompt,
            "output_tokens": answer.claimed,
            "request_start_time": load.epoch_s(answer.sent),
            "request_end_time": load.epoch_s(answer.last),
            "request_latency": answer.e2e / 1000,
            "time_to_first_token_ms": ttft,
            "output": answer.event.text,
        }
        for answer, ttft in zip(load.answers, load.ttft_ms, strict=True)
    ]
    return {
        "type_": "generative_benchmark",
        "id_": f"{load.evidence.header.run_id}/{load.name}",
        "run_id": load.evidence.header.run_id,
        "config": {"strategy": _strategy(load)},
        "start_time": load.epoch_s(repeat.first_sent),
        "end_time": load.epoch_s(repeat.end),
        "duration": (repeat.end - repeat.first_sent) * MS / 1000,
        "metrics": _metrics(load),
        "requests": {"successful": requests, "incomplete": [], "errored": []},
    }


def render(subject: Subject) -> bytes:
    """One report of all phases."""
    benchmarks: list[JSONValue] = [_benchmark(load) for load in loads(subject)]
    return as_json({"metadata": {"version": 1}, "benchmarks": benchmarks})


FORMAT = Format(
    Bilingual("GuideLLM's report", "GuideLLM 的报告"), ".json", "evidence", render, verbatim=True
)
