"""Scorecards for tests of everything that reads one: runs in memory, scored as every run is. Deterministic.

They are plain data, ready to be changed or broken; `document` reads one as a verifier does.
"""

from __future__ import annotations

import copy
import functools

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.documents.card import Scorecard
from suite.documents.card_phase import CardPhase
from suite.documents.codec import convert, plain
from suite.documents.value import Value, stored
from suite.judge.score import score
from tests.factories import evidence, shipped
from tests.factories.plans import plan_for

NO_DOCKER = Sentence(
    "no Docker engine answered at unix:///var/run/docker.sock",
    "unix:///var/run/docker.sock 处没有 Docker 引擎应答",
)


def sha(word: str) -> str:
    """A digest to put where one belongs."""
    return jsonio.sha256_hex(word.encode())


def document(card: dict) -> Scorecard:
    """The card as a verifier reads it."""
    return convert(card, Scorecard)


def phase_document(made: dict) -> CardPhase:
    """The same of one phase."""
    return convert(made, CardPhase)


def value(made: dict) -> Value:
    """The same of one value."""
    return convert(made, Value)


def measured(number: float, unit: str, n: int, spread: float | None = None) -> dict:
    """A measured value with a relative half-width, or without interval."""
    return {
        "value": stored(number),
        "unit": unit,
        "n": n,
        "low": None if spread is None else stored(number * (1 - spread)),
        "high": None if spread is None else stored(number * (1 + spread)),
        "interval": "exact count" if spread is None else "95 % bootstrap",
    }


def scored(parts: dict) -> dict:
    """The card of a run in memory."""
    parts["header"]["plan_sha256"] = jsonio.digest(parts["plan"])
    return plain(score(evidence.evidence(parts)))


def card() -> dict:
    """A conformant closed run of the smoke profile on a CPU."""
    return copy.deepcopy(_card())


@functools.cache
def _card() -> dict:
    return scored(_run("20260131-120000-cpu-vllm-smoke"))


def _run(name: str, planned: dict | None = None) -> dict:
    parts = shipped.document(planned)
    parts["header"]["run_id"] = name
    start = next(mark["t"] for mark in parts["marks"] if mark["name"] == "phase.start")
    end = max(mark["t"] for mark in parts["marks"])
    for tool in parts["plan"]["telemetry"]:
        parts["telemetry"] += [
            {"t": moment, "tool": tool["tool"], "device": "cpu", "utilisation": 0.75}
            for moment in (start, end)
        ]
    return parts


def process_card() -> dict:
    """The same profile without Docker: measured, conformant, not closed."""
    return copy.deepcopy(_process_card())


@functools.cache
def _process_card() -> dict:
    return scored(_in_process(_run("20260131-121500-cpu-vllm-smoke")))


def _in_process(parts: dict) -> dict:
    parts["plan"] |= {"runtime": "process", "runtime_note": str(NO_DOCKER)}
    parts["plan"]["chinese"] = {**parts["plan"].get("chinese", {}), str(NO_DOCKER): NO_DOCKER.zh}
    facts = parts["environment"]["facts"]
    parts["environment"]["facts"] = {n: f for n, f in facts.items() if not n.startswith("image.")}
    parts["environment"]["notes"] = [str(NO_DOCKER)]
    parts["environment"]["chinese"] = {str(NO_DOCKER): NO_DOCKER.zh}
    return parts


def poor_card() -> dict:
    """A run on tasks of one's own whose answers are no summaries: below the plausibility floor."""
    return copy.deepcopy(_poor_card())


@functools.cache
def _poor_card() -> dict:
    parts = _in_process(_run("20260131-130000-cpu-vllm-custom"))
    parts["plan"]["vendor"]["emulated"] = True
    workload = parts["plan"]["workload"]
    workload["taskset"] |= {"name": "custom", "locked": False}
    workload["quality"] |= {"reference": None, "reference_source": ""}
    workload["phases"] = [doc for doc in workload["phases"] if doc["name"] != "server"]
    kept = {doc["name"] for doc in workload["phases"]}
    parts["marks"] = [m for m in parts["marks"] if m.get("phase", "offline") in kept]
    parts["requests"] = [event for event in parts["requests"] if event["phase"] in kept]
    parts["footer"]["requests"] = len(parts["requests"])
    for event in parts["requests"]:
        event["text"] = f"Nobody knows what {event['task'].replace('-', ' ')} may be about at all."
    parts["environment"]["task_defects"] = {
        "empty-document": 1,
        "mojibake": 88,
        "duplicate-reference": 4,
    }
    return scored(parts)


def accelerator_card() -> dict:
    """A run on eight accelerators, with declared peaks and utilisation, long enough for a tail."""
    return copy.deepcopy(_accelerator_card())


@functools.cache
def _accelerator_card() -> dict:
    planned = plain(plan_for("nvidia", "vllm", 8, nonce="2026-02-round-7f21"))
    planned["workload"]["taskset"] = plain(shipped.mini_set().to_doc())
    planned["telemetry"] = []
    for doc in planned["workload"]["phases"]:
        if doc["name"] == "offline" and doc["measured"]:
            doc["tasks"] = 700
    return scored(_run("20260202-090000-nvidia-vllm-smoke", planned))


def long_card() -> dict:
    """Names, arguments and messages as long and unbreakable as they may come."""
    made = poor_card()
    word = "Qwen3-Next-80B-A3B-Instruct-FP8-Dynamic-W8A8-Smooth" * 3
    made["model"]["id"] = f"some-organisation/{word}"
    made["engine"]["title"] = word
    made["engine"]["version"] = f"0.11.0+{word.lower()}"
    made["devices"]["name"] = word
    made["vendor"]["name"] = word
    made["workload"]["taskset"]["name"] = word
    made["workload"]["title"] = {"en": word, "zh": "很长的标题" * 30}
    made["verdict"]["sentence"] = {"en": word, "zh": "很长的结论" * 30}
    made["runtime_note"] = word
    made["engine"]["arguments"] += [word, "{" + '"a":' * 60 + "}"]
    made["environment"]["engine.resolved_config"] = {"value": "x" * 3000}
    made["phases"][0]["metrics"]["ttft_p50"] = {"not_measured": word}
    made["phases"][0]["metrics"]["mfu"] = {"not_measured": word}
    made["headline"][0] = {"phase": "single-stream", "metric": "mfu"}
    made["headline"][1] = {"phase": "single-stream", "metric": "ttft_p50"}
    made["phases"][0]["token_source"] = word
    made["quality"]["reference_source"] = word
    made["notes"] = [word]
    return made
