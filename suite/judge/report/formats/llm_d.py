"""llm-d's Benchmark Report v0.2.1: one report a phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite import __version__
from suite.base import jsonio
from suite.base.bilingual import Bilingual
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.loads import Load, as_json, loads, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.base.jsonio import JSONObject
    from suite.documents.card import Scorecard
    from suite.judge.report.formats.format import Subject

_PERCENTILES = {
    "p0p1": 0.1,
    "p1": 1,
    "p5": 5,
    "p10": 10,
    "p25": 25,
    "p50": 50,
    "p75": 75,
    "p90": 90,
    "p95": 95,
    "p99": 99,
    "p99p9": 99.9,
}


def _statistics(values: Sequence[float], units: str) -> JSONObject | None:
    if not values:
        return None
    figures = spread(values, tuple(_PERCENTILES.values()))
    document: JSONObject = {"units": units, "mean": figures["mean"], "stddev": figures["std"]}
    document |= {"min": figures["min"], "max": figures["max"]}
    return document | {name: figures[f"p{percent:g}"] for name, percent in _PERCENTILES.items()}


def _performance(load: Load) -> JSONObject:
    seconds, totals = load.totals.seconds, load.totals
    normalised = [answer.e2e / answer.claimed for answer in load.answers if answer.claimed]

    def rate(count: float, units: str) -> JSONObject:
        return {"units": units, "mean": count / seconds}

    return {
        "requests": {
            "total": len(load.requests),
            "failures": load.failed,
            "input_length": _statistics(load.inputs, "count"),
            "output_length": _statistics(load.outputs, "count"),
        },
        "latency": {
            "time_to_first_token": _statistics(load.ttft_ms, "ms"),
            "normalized_time_per_output_token": _statistics(normalised, "ms/token"),
            "time_per_output_token": _statistics(load.tpot_ms, "ms/token"),
            "inter_token_latency": _statistics(load.itl_ms, "ms/token"),
            "request_latency": _statistics(load.e2e_ms, "ms"),
        },
        "throughput": {
            "input_token_rate": rate(totals.prompt, "tokens/s"),
            "output_token_rate": rate(totals.generated, "tokens/s"),
            "total_token_rate": rate(totals.prompt + totals.generated, "tokens/s"),
            "request_rate": rate(len(load.answers), "queries/s"),
        },
    }


def _stack(card: Scorecard) -> JSONObject:
    engine = card.engine
    arguments: JSONObject = {str(place): word for place, word in enumerate(engine.arguments)}
    return {
        "metadata": {"label": "engine", "cfg_id": jsonio.digest(list(engine.arguments))},
        "standardized": {
            "kind": "inference_engine",
            "tool": engine.id,
            "tool_version": engine.version or "unknown",
            "role": "replica",
            "replicas": 1,
            "model": {"name": card.model.id},
            "accelerator": {
                "model": card.devices.name,
                "count": card.devices.count or 0,
                "parallelism": {"tp": engine.tensor_parallel},
            },
        },
        "native": {"args": arguments, "envars": dict(engine.environment)},
    }


def _load(load: Load) -> JSONObject:
    standardized: JSONObject = {
        "tool": "llm-inference-conformance",
        "tool_version": __version__,
        "source": "sampled",
        "input_seq_len": {
            "distribution": "other",
            "value": load.totals.prompt / len(load.answers),
            "min": min(load.inputs),
            "max": max(1, *load.inputs),
        },
    }
    if load.rate:
        standardized["rate_qps"] = load.rate
    if load.phase.doc.concurrency:
        standardized["concurrency"] = load.phase.doc.concurrency
    native: JSONObject = {"config": {"phase": load.name, "scenario": load.phase.scenario}}
    return {"metadata": {"description": load.name}, "standardized": standardized, "native": native}


def _report(load: Load, card: Scorecard) -> JSONObject:
    return {
        "version": "0.2.1",
        "run": {
            "uid": f"{card.run.id}/{load.name}",
            "eid": card.run.id,
            "description": str(card.verdict.sentence.en),
        },
        "scenario": {"stack": [_stack(card)], "load": _load(load)},
        "results": {"request_performance": {"aggregate": _performance(load)}},
    }


def render(subject: Subject) -> bytes:
    """The chosen phase as indented JSON, which is YAML too; all of them a line each."""
    indent = 2 if subject.phase else None
    return b"".join(as_json(_report(load, subject.card), indent=indent) for load in loads(subject))


FORMAT = Format(
    Bilingual("llm-d's Benchmark Report v0.2.1", "llm-d 基准报告 v0.2.1"),
    ".json",
    "evidence",
    render,
    per_phase=True,
    verbatim=True,
)
