"""Phases of sweeps, grids, searches, soaks and conversations: each of a run in memory, scored; and cards of them."""

from __future__ import annotations

import copy
import functools
import itertools
import json

from suite.documents.codec import plain
from suite.documents.document import given
from suite.judge.card.build import build
from suite.judge.metrics.compute import compute
from tests.factories import evidence, loads, scorecard
from tests.factories.loads import MS

EVERYTHING = loads.stop()
"""A stop rule that ends nothing."""
_CHINESE: dict[str, str] = {}
"""The sentences of the phases made here."""


def _of(parts: dict, name: str) -> dict:
    """A phase of a run as its card has it; rules decide nothing of it, and are left out."""
    run = evidence.evidence(parts)
    card = build(run, compute(run), ())
    _CHINESE.update(given(card.chinese, {}))
    return plain(next(phase for phase in card.phases if phase.name == name))


def _queue(streams: int, prompt: int) -> loads.Service:
    """Throughput saturates and latency grows as they do on real servers."""
    ttft = 0.09 * prompt * (1 + (streams / 24) ** 1.6)
    tpot = 9.0 * (1 + streams / 20)
    return loads.even(round(ttft * MS), round(tpot * MS), seed=streams + prompt)


@functools.cache
def _point(group: str, axes: tuple[tuple[str, int], ...], not_run: str, lockstep: bool) -> dict:
    places = dict(axes)
    streams = places.get("concurrency", 1)
    prompt, output = places.get("input_tokens", 312), places.get("output_tokens", 24)
    name = "-".join([group, *(str(place) for place in places.values())])
    doc = loads.phase(name, "concurrency", concurrency=streams, tasks=max(64, 12 * streams))
    doc["group"] = {"name": group, "axes": places}
    if lockstep:
        doc["lockstep"] = True
    if "input_tokens" in places or "output_tokens" in places:
        doc["lengths"] = {"input_tokens": [prompt], "output_tokens": [output], "seed": 1}
    if not_run:
        return _of(loads.run(doc | {"not_run": not_run}, [], loads.marks(doc, [], {})), name)
    return _of(loads.closed(doc, _queue(streams, prompt)), name)


def point(group: str, *, not_run: str = "", lockstep: bool = False, **axes: int) -> dict:
    """A point of a sweep or grid; with a reason it was skipped by the plan."""
    return copy.deepcopy(_point(group, tuple(axes.items()), not_run, lockstep))


def sweep(*streams: int, group: str = "sweep") -> list[dict]:
    """A concurrency sweep."""
    return [point(group, concurrency=count) for count in streams]


def contexts() -> list[dict]:
    """A table of context lengths whose last points the model cannot hold."""
    why = "the model holds 32,768 tokens, this point needs more"
    _CHINESE[why] = "模型可容纳 32,768 个 token，该测点需要更多"
    return [
        point("context", input_tokens=length, not_run="" if length <= 30720 else why)
        for length in (1, 6144, 14336, 30720, 63488, 129024)
    ]


def grid() -> list[dict]:
    """Batch × prefill × decode, 32 points, in lockstep."""
    places = itertools.product((1, 4, 16, 64), (128, 512, 2048, 8192), (32, 128))
    return [
        point("grid", concurrency=streams, input_tokens=prompt, output_tokens=output, lockstep=True)
        for streams, prompt, output in places
    ]


@functools.cache
def _search(answered: bool) -> dict:
    # From 256 requests/s on, four servers of some 75 ms are never fast enough.
    parts = loads.search() if answered else loads.search(min_rate=256.0)
    return _of(parts, "search")


def search(*, answered: bool = True, repeats: int = 1) -> dict:
    """A search for the highest rate: doubling, then bisection, one probe cut short; repeats are alike."""
    made = copy.deepcopy(_search(answered))
    (result,) = made["searches"]
    made["searches"] = [copy.deepcopy(result) | {"repeat": repeat} for repeat in range(repeats)]
    return made | {"repeats": repeats}


@functools.cache
def _soak() -> dict:
    parts = loads.soak()
    for event in parts["requests"]:
        if event["phase"] == "soak":
            late = event["index"] * 2_000
            event["chunk_t0"] += late
            event["t_end"] += late
    return _of(parts, "soak")


def soak() -> dict:
    """Twenty seconds of four streams whose TTFT creeps up."""
    return copy.deepcopy(_soak())


@functools.cache
def _conversations(turns: int) -> dict:
    return _of(loads.multi_turn(turns), "chat")


def conversations(turns: int = 6) -> dict:
    """Conversations whose history grows."""
    return copy.deepcopy(_conversations(turns))


@functools.cache
def _open_loops() -> list[dict]:
    return [_of(loads.bursts(), "bursts"), _of(loads.replay(), "replay")]


def open_loops() -> list[dict]:
    """Gamma bursts, and arrivals from a trace."""
    return copy.deepcopy(_open_loops())


def card_of(phases: list[dict], headline: list[tuple[str, str]]) -> dict:
    """A sound card with these phases."""
    made = scorecard.card()
    made["phases"] = phases
    words = json.dumps(phases, ensure_ascii=False)
    made["chinese"] |= {
        en: zh for en, zh in _CHINESE.items() if json.dumps(en, ensure_ascii=False) in words
    }
    made["headline"] = [{"phase": phase, "metric": metric} for phase, metric in headline]
    made["workload"]["title"] = {"en": "Every scenario, small", "zh": "全部场景，小规模"}
    return made


def scenario_card() -> dict:
    """One of everything."""
    return card_of(
        [search(), *sweep(1, 2, 4, 8, 16, 32, 64), *contexts(), soak(), conversations()],
        [
            ("search", "slo_rate"),
            ("sweep-64", "output_throughput"),
            ("sweep-1", "ttft_p50"),
            ("sweep-1", "tpot_p50"),
            ("soak", "drift_ttft"),
        ],
    )


def grid_card() -> dict:
    """32 points over three axes, and a sweep of a single point, in bursts and from a trace."""
    return card_of(
        [
            *grid(),
            *sweep(8, group="single"),
            *open_loops(),
            search(answered=False, repeats=2),
        ],
        [("grid-64-128-32", "output_throughput"), ("search", "slo_rate")],
    )


def fine_card() -> dict:
    """A sweep of 32 points along one axis."""
    return card_of(sweep(*range(1, 32), 64, group="fine"), [("fine-64", "output_throughput")])
