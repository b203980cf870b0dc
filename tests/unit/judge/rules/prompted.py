"""A sound run whose prompts differ in length, and take as long to read as they are: alone, then four at a time."""

from __future__ import annotations

import random

from suite.base import jsonio
from tests.factories import loads
from tests.unit.judge.rules.manytasks import append

SIZE = 32
PER_TOKEN = 100_000
"""Nanoseconds that reading one token takes."""


def length(index: int) -> int:
    """Prompt tokens of a request: 200 to 820, in no order."""
    return 200 + 20 * (index * 7 % SIZE)


def _phase(name: str, scenario: str, concurrency: int) -> dict:
    doc = loads.phase(name, scenario, concurrency=concurrency, tasks=SIZE)
    draw = random.Random(name)

    def serve(index: int, _now: int) -> tuple[int, int]:
        read = length(index) * PER_TOKEN * concurrency
        return round(read * draw.uniform(0.97, 1.03)), 2 * loads.MS

    events = loads.closed_loop(doc, serve)
    for event in events:
        count = length(event["index"])
        event["usage"] |= {"engine_prompt": count, "own_prompt": count}
        event["prompt_sha256"] = jsonio.sha256_hex(f"prompt {event['task']} {count}".encode())
    whole = {"ended_by": "all-sent", "sent": SIZE, "seen": SIZE, "workers": 1}
    return loads.run(doc, events, loads.marks(doc, events, whole))


def document() -> dict:
    """The run, on a device whose peak is not known."""
    parts = _phase("lengths-alone", "single_stream", 1)
    append(parts, _phase("lengths-together", "concurrency", 4), "lengths-together")
    peaks = parts["plan"]["peaks"]
    peaks |= {"compute": None, "compute_unknown": "peak not declared for float32"}
    parts["header"]["plan_sha256"] = jsonio.digest(parts["plan"])
    return parts


def _grown(event: dict, step: dict) -> None:
    """The first token after so many nanoseconds at 500 prompt tokens, and a power of the length elsewhere."""
    share = event["usage"]["own_prompt"] / 500
    event["chunk_t0"] = event["t_send"] + round(step["by"] * share ** step["power"])


def _drawn(event: dict, step: dict) -> None:
    """The first token after a time that was drawn whatever the prompt."""
    draw = random.Random(f"{event['phase']}:{event['index']}").gauss(1, 0.05)
    event["chunk_t0"] = event["t_send"] + round(step["by"] * draw)


def _paced(event: dict, step: dict) -> None:
    """Every token after the first as many nanoseconds after the one before."""
    event["chunk_dt"] = [step["by"]] * len(event["chunk_dt"])


OPS = {"grown": _grown, "drawn": _drawn, "paced": _paced}
"""What a case can do to the times of tokens."""
