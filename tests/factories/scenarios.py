"""Believable scorecards of sweeps, grids, searches, soaks and conversations. Deterministic; no run stands behind them."""

from __future__ import annotations

import copy
import math

from suite.documents.value import stored
from tests.factories import scorecard
from tests.factories.scorecard import measured, sha

EVERYTHING = {
    "min_duration_s": 0.0,
    "min_requests": 0,
    "max_duration_s": None,
    "interval": None,
    "saturation": False,
}
TOO_FEW = {"not_measured": "n/a (n = 31 < 662)"}


def steady(start: float, end: float, share: float, requests: int, repeat: int = 0) -> dict:
    """A steady stretch that was found."""
    return {
        "repeat": repeat,
        "found": True,
        "why": "requests in flight stay within 10 % of their plateau",
        "start_s": start,
        "end_s": end,
        "share": share,
        "requests": requests,
    }


def point(group: str, scenario: str = "concurrency", **axes: int) -> dict:
    """A point of a sweep or grid; throughput saturates and latency grows as they do on real servers."""
    streams = axes.get("concurrency", 1)
    given, wanted = axes.get("input_tokens", 312), axes.get("output_tokens", 24)
    made = scorecard.phase(
        "-".join([group, *(str(value) for value in axes.values())]),
        scenario,
        seed=streams + given,
        count=max(64, 24 * streams),
        ttft=0.09 * given * (1 + (streams / 24) ** 1.6),
        tpot=9.0 * (1 + streams / 20),
        tokens=wanted,
        concurrency=streams,
    )
    made["group"] = {"name": group, "axes": axes}
    made["steady"] = [steady(1.2, 14.8, 0.86, 7 * streams)]
    if "input_tokens" in axes or "output_tokens" in axes:
        made["load"]["lengths"] = {
            "input_tokens": [given, given],
            "output_tokens": [wanted, wanted],
            "seed": 1,
            "sha256": sha(f"{given} {wanted}"),
        }
        made["lengths"] = {
            "input_asked": [given, given],
            "input_got": [given, given],
            "output_asked": [wanted, wanted],
            "output_got": [wanted, wanted],
            "source": "engine usage",
        }
    made["metrics"]["output_length_exact"] = measured(1.0, "1", 64)
    return made


def not_run(made: dict, why: str) -> dict:
    """The same point, skipped by the plan."""
    made["not_run"] = why
    made["metrics"] = {name: {"not_measured": why} for name in made["metrics"]}
    made["series"] = {}
    made["token_source"] = "none"
    for member in ("steady", "lengths"):
        made.pop(member, None)
    return made


def sweep(*streams: int, group: str = "sweep") -> list[dict]:
    """A concurrency sweep."""
    return [point(group, concurrency=count) for count in streams]


def contexts() -> list[dict]:
    """A table of context lengths whose last points the model cannot hold."""
    lengths = (1, 6144, 14336, 30720, 63488, 129024)
    found = [point("context", input_tokens=length, output_tokens=2048) for length in lengths]
    for made in found:
        made["group"]["axes"] = {"input_tokens": made["group"]["axes"]["input_tokens"]}
        if made["group"]["axes"]["input_tokens"] > 30720:
            not_run(made, "the model holds 32,768 tokens, this point needs more")
    return found


def grid() -> list[dict]:
    """Batch × prefill × decode, 32 points, in lockstep."""
    found = []
    for streams in (1, 4, 16, 64):
        for given in (128, 512, 2048, 8192):
            for wanted in (32, 128):
                made = point("grid", concurrency=streams, input_tokens=given, output_tokens=wanted)
                made["load"]["lockstep"] = True
                found.append(made)
    return found


def search(*, answered: bool = True, repeats: int = 1) -> dict:
    """A search for the highest rate: doubling, then bisection, one probe cut short."""
    made = scorecard.phase(
        "slo", "slo_search", seed=5, count=2048, ttft=60.0, tpot=13.0, concurrency=None
    )
    made["load"] = {
        "concurrency": None,
        "process": None,
        "rate": None,
        "seed": None,
        "search": {
            "min_rate": 1.0,
            "max_rate": 64.0,
            "requests": 256,
            "max_probes": 8,
            "resolution": 0.05,
            "percentile": 99.0,
            "seed": 1,
        },
    }
    why = "a search has many loads: see its probes"
    made["metrics"] = {name: {"not_measured": why} for name in made["metrics"]}
    made["metrics"]["slo_rate"] = rate = _answer(answered)
    made["series"] = {}
    made["repeats"] = repeats
    made.pop("steady", None)
    rates = [1.0, 2.0, 4.0, 8.0, 16.0, 12.0, 14.0, 13.0] if answered else [1.0]
    made["searches"] = [
        {
            "repeat": repeat,
            "percentile": 99.0,
            "rate": rate,
            "ended": "resolution" if answered else "min-rate-missed",
            "probes": [
                _probe(number, offered, met=answered and offered <= 13.0)
                for number, offered in enumerate(rates)
            ],
        }
        for repeat in range(repeats)
    ]
    return made


def _answer(answered: bool) -> dict:
    if not answered:
        return {"not_measured": "the lowest rate of the search, 1 requests/s, missed an objective"}
    return {
        "value": 13.0,
        "unit": "requests/s",
        "n": 8,
        "low": 13.0,
        "high": 14.0,
        "interval": "bracket: met and missed",
    }


def _probe(number: int, rate: float, *, met: bool) -> dict:
    early = not met and rate == 16.0
    ttft = 180.0 * (1 + (rate / 11) ** 4)
    few = {"not_measured": "n/a (n = 41 < 662)"}
    return {
        "number": number,
        "rate": rate,
        "planned": 256,
        "sent": 44 if early else 256,
        "completed": 41 if early else 256,
        "failed": 0,
        "cancelled": 3 if early else 0,
        "met": met,
        "why": "p99 TTFT 612 ms <= 2,000 ms, p99 TPOT 31 ms <= 100 ms"
        if met
        else "4 of 256 requests missed an objective; at most 2 may",
        "ended_by": "objective-missed" if early else "all-sent",
        "ttft": few if early else measured(ttft * 4, "ms", 256, 0.08),
        "tpot": few if early else measured(20 + 4 * rate, "ms", 256, 0.03),
        "e2e": few if early else measured(900 + ttft, "ms", 256, 0.05),
        "goodput": measured(rate * (0.99 if met else 0.7), "requests/s", 256, 0.04),
    }


def soak() -> dict:
    """Half an hour at a fixed rate whose TTFT creeps up."""
    made = scorecard.phase("soak", "soak", seed=9, count=9000, ttft=71.0, tpot=15.0, rate=4.0)
    made["load"]["stop"] = EVERYTHING | {"min_duration_s": 1800.0, "max_duration_s": 2100.0}
    made["ended"] = [{"repeat": 0, "by": "enough", "most": 9000, "sent": 7211, "seconds": 1803.4}]
    made["steady"] = [steady(62.5, 1790.25, 0.958, 6911)]
    made["metrics"] |= {
        "drift_ttft": measured(0.083, "1", 6911, 0.21),
        "drift_tpot": {**measured(-0.004, "1", 6911), "interval": "one value, no interval"},
        "steady_share": measured(0.958, "1", 1),
        "steady_start_s": measured(62.5, "s", 1),
    }
    made["track"] = {
        "bucket_s": 30.0,
        "ttft_ms": [stored(68 + 0.1 * i + 3 * math.sin(i)) for i in range(60)],
        "tpot_ms": [None if i == 31 else stored(15 + 0.2 * math.cos(i)) for i in range(60)],
    }
    return made


def conversations(turns: int = 6) -> dict:
    """Conversations whose history, and with it TTFT, grows."""
    made = scorecard.phase("chat", "multi_turn", seed=3, count=96, ttft=80.0, tpot=12.0)
    made["load"] |= {
        "concurrency": 4,
        "session": {"sessions": 16, "turns": turns, "think_ms": 500.0},
    }
    made["steady"] = [
        {
            "repeat": 0,
            "found": False,
            "why": "too few answers: 96, at least 200 are needed",
            "start_s": 0.0,
            "end_s": 0.0,
            "share": 0.0,
            "requests": 0,
        }
    ]
    made["turns"] = [
        {
            "number": turn,
            "completed": 16,
            "prompt_tokens": measured(310.0 + 335 * turn, "tokens", 16, 0.05),
            "ttft": measured(41.0 + 22 * turn, "ms", 16, 0.09),
            "tpot": measured(11.0 + 0.4 * turn, "ms", 16, 0.03)
            if turn
            else {"not_measured": "tokens were not counted"},
        }
        for turn in range(turns)
    ]
    return made


def card_of(phases: list[dict], headline: list[tuple[str, str]]) -> dict:
    """A sound card with these phases."""
    made = copy.deepcopy(scorecard.card())
    made["phases"] = phases
    made["headline"] = [{"phase": phase, "metric": metric} for phase, metric in headline]
    made["workload"]["title"] = {"en": "Every scenario, small", "zh": "全部场景，小规模"}
    return made


def scenario_card() -> dict:
    """One of everything."""
    phases = [
        search(),
        *sweep(1, 2, 4, 8, 16, 32, 64),
        *contexts(),
        soak(),
        conversations(),
    ]
    phases[4]["metrics"]["ttft_p99"] = TOO_FEW
    phases[4]["metrics"]["failed"] = measured(3, "requests", 64)
    return card_of(
        phases,
        [
            ("slo", "slo_rate"),
            ("sweep-64", "output_throughput"),
            ("sweep-1", "ttft_p50"),
            ("sweep-1", "tpot_p50"),
            ("soak", "drift_ttft"),
        ],
    )


def grid_card() -> dict:
    """32 points over three axes, and a sweep of a single point, in bursts and from a trace."""
    gamma = scorecard.phase("bursts", "server", seed=1, count=64, ttft=80.0, tpot=12.0, rate=4.0)
    gamma["load"] |= {"process": "gamma", "shape": 0.5}
    replay = copy.deepcopy(gamma)
    replay["name"] = "replay"
    del replay["load"]["shape"]
    replay["load"] |= {
        "process": "replay",
        "trace": {"name": "azure-code-2024.csv", "sha256": sha("trace"), "speed": 2.0},
    }
    return card_of(
        [*grid(), *sweep(8, group="single"), gamma, replay, search(answered=False, repeats=2)],
        [("grid-64-128-32", "output_throughput"), ("slo", "slo_rate")],
    )


def fine_card() -> dict:
    """A sweep of 32 points along one axis."""
    return card_of(sweep(*range(1, 32), 64, group="fine"), [("fine-64", "output_throughput")])
