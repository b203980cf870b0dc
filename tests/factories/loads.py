"""Small, sound runs of every scenario in memory, with times from a queue whose server is known to the nanosecond."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable

from suite.base import jsonio
from suite.declare.analysis import bisection, objective
from suite.declare.analysis.observed import Observed, observed
from suite.declare.analysis.stop import PhaseRule
from suite.declare.profiles.arrivals import probe_schedule, schedule
from suite.documents.codec import convert
from suite.documents.event import Request
from suite.documents.phase import Arrivals, Phase, Search, Stop
from suite.documents.workload import Objectives
from suite.judge.log.phases import Noted, PhaseLog
from tests.factories import evidence as factory

MS = 1_000_000
S = 1_000_000_000
START = 10 * S
TASKS = list(factory.tasks())

Service = Callable[[int, int], tuple[int, int]]
"""(index, nanoseconds since the phase's start) -> (TTFT, TPOT) in nanoseconds."""


def even(ttft: int = 20 * MS, tpot: int = 5 * MS, noise: float = 0.05, seed: int = 3) -> Service:
    """The same mean at all times."""
    source = random.Random(seed)

    def serve(index: int, now: int) -> tuple[int, int]:
        return (
            round(ttft * source.uniform(1 - noise, 1 + noise)),
            round(tpot * source.uniform(1 - noise, 1 + noise)),
        )

    return serve


def phase(name: str, scenario: str, **members: object) -> dict:
    doc = factory.phase(name, "offline", concurrency=4)
    doc |= {"scenario": scenario, "arrivals": None, "arrivals_ns": None, "concurrency": None}
    return doc | {"lateness_bound_ms": None} | members


def stop(**members: object) -> dict:
    doc = {"min_duration_s": 0.0, "min_requests": 0, "max_duration_s": None}
    return doc | {"interval": None, "saturation": False} | members


def _gaps(seed: str, tpot: int, count: int) -> list[int]:
    """Gaps around a mean, none like another, as measured ones are; their sum is exact."""
    draw = random.Random(seed)
    wobbles = [draw.randrange(tpot // 50 + 1) for _ in range(count // 2)]
    pairs = [gap for wobble in wobbles for gap in (tpot + wobble, tpot - wobble)]
    return pairs + [tpot] * (count % 2)


def request(
    doc: dict, index: int, sched: int, sent: int, times: tuple[int, int], *, prompt: int = 40
) -> dict:
    """One answer whose first token takes `times[0]` and every other `times[1]` nanoseconds."""
    ttft, tpot = times
    if "lengths" in doc:
        inputs, outputs = doc["lengths"]["input_tokens"], doc["lengths"]["output_tokens"]
        prompt, tokens = inputs[index % len(inputs)], outputs[index % len(outputs)]
        task, text = f"synthetic-{index}", "word " * tokens
    else:
        number = (doc["first_task"] + index) % len(TASKS)
        task, text = TASKS[number], factory.answer(number)
        tokens = len(text.split())
    return {
        "type": "request",
        "phase": doc["name"],
        "repeat": doc["repeat"],
        "measured": doc["measured"],
        "index": index,
        "task": task,
        "t_sched": sched,
        "t_send": sent,
        "chunk_t0": sent + ttft,
        "chunk_dt": _gaps(f"{doc['name']}:{sched}:{index}", tpot, tokens - 1),
        "chunk_tokens": [1] * tokens,
        "lead_chars": factory.lead(text),
        "merged_reads": 0,
        "t_end": sent + ttft + tpot * (tokens - 1) + 50_000,
        "outcome": "ok",
        "status": 200,
        "error": None,
        "finish_reason": "length" if "lengths" in doc else "stop",
        "text": text,
        "token_ids": list(range(tokens)),
        "usage": {
            "engine_prompt": prompt,
            "engine_completion": tokens,
            "ids_completion": tokens,
            "own_prompt": prompt,
            "own_completion": tokens,
        },
        "prompt_sha256": jsonio.sha256_hex(f"prompt {task}".encode()),
        "truncated": False,
    }


def closed_loop(doc: dict, serve: Service, *, start: int = START) -> list:
    """Requests of a closed loop; with `lockstep` a batch waits for the one before it."""
    slots = [start + MS] * doc["concurrency"]
    events = []
    for index in range(doc["tasks"]):
        if doc.get("lockstep") and index % doc["concurrency"] == 0:
            slots = [max(slots)] * doc["concurrency"]
        now = heapq.heappop(slots)
        events.append(request(doc, index, now, now, serve(index, now - start)))
        heapq.heappush(slots, events[-1]["t_end"] + 20_000)
    return events


def open_loop(
    doc: dict,
    arrivals: Iterable[int],
    serve: Service,
    *,
    start: int = START,
    first: int = 0,
    servers: int = 1000,
) -> list:
    """Requests at times of their own, answered by so many servers; what finds none free waits."""
    free = [start] * servers
    events = []
    for index, due in enumerate(arrivals, first):
        sched = start + due
        begin = max(sched, heapq.heappop(free))
        ttft, tpot = serve(index, begin - start)
        one = request(doc, index, sched, sched + 20_000, (begin - sched + ttft, tpot))
        events.append(one)
        heapq.heappush(free, one["t_end"])
    return events


def cut(events: list, moment: int) -> list:
    """What had been sent at a moment."""
    return [event for event in events if event["t_send"] <= moment]


def by_end(events: list) -> list:
    """In the order in which the run saw them end."""
    return sorted(events, key=lambda event: event["t_end"])


def marks(doc: dict, events: list, detail: dict, inside: Iterable = ()) -> list:
    """The marks around a phase; `inside` are those of its probes."""
    identity = {"phase": doc["name"], "repeat": doc["repeat"], "measured": doc["measured"]}
    end = max((event["t_end"] for event in events), default=START) + 50 * MS
    return [
        {"type": "mark", "t": START, "name": "phase.start", **identity},
        *({**mark, **identity} for mark in inside),
        {"type": "mark", "t": end, "name": "phase.end", **identity, "detail": detail},
    ]


def log(
    doc: dict, events: list, noted: dict, *, start: int = START, end: int | None = None
) -> PhaseLog:
    """What the judge reads of one phase that is no search."""
    last = max(event["t_end"] for event in events) + MS if end is None else end
    requests = convert(events, tuple[Request, ...])
    return PhaseLog(convert(doc, Phase), start, last, Noted(noted), requests, ())


def run(doc: dict, events: list, phase_marks: list, **objectives: float) -> dict:
    """A run of that phase after the factory's own single stream, so that there are summaries to judge."""
    parts = factory.document()
    workload = parts["plan"]["workload"]
    kept = [one for one in workload["phases"] if one["name"] == "single-stream"]
    workload["phases"] = [*kept, doc]
    workload["objectives"] |= objectives
    parts["requests"] = [one for one in parts["requests"] if one["phase"] == "single-stream"]
    old = [
        mark
        for mark in parts["marks"]
        if mark.get("phase", "single-stream") == "single-stream"
        and not mark["name"].startswith("engine.stop")
    ]
    shift = max(mark["t"] for mark in old) + S - START
    parts["requests"] += [_later(event, shift) for event in by_end(events)]
    parts["marks"] = [*old, *({**mark, "t": mark["t"] + shift} for mark in phase_marks)]
    last = parts["marks"][-1]["t"]
    parts["marks"] += [
        {"type": "mark", "t": last + 10 * MS, "name": "engine.stop"},
        {"type": "mark", "t": last + 500 * MS, "name": "engine.stopped"},
    ]
    parts["footer"] |= {"t": last + 600 * MS, "requests": len(parts["requests"])}
    parts["header"]["plan_sha256"] = jsonio.digest(parts["plan"])
    return parts


def _later(event: dict, shift: int) -> dict:
    times = {name: event[name] + shift for name in ("t_sched", "t_send", "t_end")}
    first = event["chunk_t0"]
    return event | times | {"chunk_t0": None if first is None else first + shift}


def seen(event: dict) -> Observed:
    """What the rules see of an event."""
    return observed(convert(event, Request))


def _whole(events: list) -> dict:
    return {"ended_by": "all-sent", "sent": len(events), "seen": len(events), "workers": 1}


LENGTHS = {"input_tokens": [64], "output_tokens": [16], "seed": 5}


def closed(doc: dict, serve: Service) -> dict:
    """A closed loop that is sent to its end."""
    events = closed_loop(doc, serve)
    return run(doc, events, marks(doc, events, _whole(events)))


def open_ended(doc: dict, serve: Service) -> dict:
    """The same of an open loop."""
    events = open_loop(doc, doc["arrivals_ns"], serve)
    return run(doc, events, marks(doc, events, _whole(events)))


def lengths() -> dict:
    """A point of a sweep with exact lengths: 48 requests of 64 prompt and 16 generated tokens, 4 at a time."""
    doc = phase("sweep-c4", "concurrency", concurrency=4, tasks=48, lengths=LENGTHS)
    doc["group"] = {"name": "sweep", "axes": {"concurrency": 4}}
    return closed(doc, even())


def lockstep() -> dict:
    """Twelve batches of four."""
    doc = phase("grid-b4", "concurrency", concurrency=4, tasks=48, lengths=LENGTHS, lockstep=True)
    return closed(doc, even())


def multi_turn(turns: int = 3) -> dict:
    """Six sessions of three turns, two at a time; every turn adds 40 prompt tokens and the answer's."""
    session = {"turns": turns, "think_ms": 10.0}
    doc = phase("chat", "multi_turn", concurrency=2, tasks=6 * turns, session=session)
    serve = even()
    users = [(START + MS, number) for number in range(2)]
    waiting = iter(range(2, 6))
    events: list[dict] = []
    while users:
        now, number = heapq.heappop(users)
        prompt = 40
        for turn in range(turns):
            index = number * turns + turn
            one = request(doc, index, now, now, serve(index, now), prompt=prompt)
            events.append(one)
            now = one["t_end"] + 10 * MS + 200_000
            prompt += 44 + one["usage"]["own_completion"]
        following = next(waiting, None)
        if following is not None:
            heapq.heappush(users, (events[-1]["t_end"] + 200_000, following))
    return run(doc, events, marks(doc, events, _whole(events)))


def replay() -> dict:
    """A trace of 60 arrivals, replayed."""
    source = random.Random(11)
    arrivals, now = [], 0.0
    for _ in range(60):
        now += source.expovariate(20)
        arrivals.append(round(now * 1e6) * 1000)
    trace = {"name": "trace.csv", "sha256": "1" * 64, "speed": 1.0}
    rate = 60 / (arrivals[-1] / S)
    doc = phase("replay", "server", tasks=60, arrivals_ns=arrivals, lateness_bound_ms=5.0)
    doc["arrivals"] = {"process": "replay", "rate": rate, "seed": 0, "shape": None, "trace": trace}
    return open_ended(doc, even())


def not_run() -> dict:
    """A point that the model cannot hold: skipped, with its reason."""
    parts = lengths()
    skipped = phase("sweep-c8", "concurrency", concurrency=8, tasks=48, lengths=LENGTHS)
    skipped["not_run"] = "64 + 100000 tokens, the model holds 1024"
    parts["plan"]["workload"]["phases"].append(skipped)
    return parts


def ended_by_rule(doc: dict, events: list) -> tuple[list, dict]:
    """What was sent until the phase's rule ended it, and what the run noted."""
    rule = PhaseRule(convert(doc["stop"], Stop), arrivals_ns=doc["arrivals_ns"])
    sent = events
    for event in by_end(events):
        if rule.add(seen(event)):
            sent = cut(events, event["t_end"])
            break
    by = rule.ended_by or "all-sent"
    return sent, {"ended_by": by, "sent": len(sent), "seen": rule.seen, "workers": 1}


def _stopped(doc: dict, events: list, **objectives: float) -> dict:
    events, detail = ended_by_rule(doc, events)
    return run(doc, events, marks(doc, events, detail), **objectives)


def interval() -> dict:
    """Four at a time, until the mean TTFT is known to 2 %; 1,500 requests at most."""
    rule = stop(
        min_duration_s=1.0, min_requests=100, max_duration_s=60.0,
        interval={"metric": "ttft_mean", "within": 0.02},
    )  # fmt: skip
    doc = phase("steady-c4", "concurrency", concurrency=4, tasks=1500, stop=rule)
    return _stopped(doc, closed_loop(doc, even(noise=0.3)))


def timed() -> dict:
    """Four at a time for three seconds at the longest; its interval is never reached."""
    rule = stop(max_duration_s=3.0, interval={"metric": "ttft_mean", "within": 1e-6})
    doc = phase("timed-c4", "concurrency", concurrency=4, tasks=1500, stop=rule)
    end = START + MS + 3 * S
    events = cut(closed_loop(doc, even(noise=0.3)), end)
    ended = sum(event["t_end"] <= end for event in events)
    detail = {"ended_by": "max-duration", "sent": len(events), "seen": ended, "ended_t": 3 * S}
    return run(doc, events, marks(doc, events, detail))


def arrivals(rate: float, count: int, seed: int = 1, shape: float | None = None) -> dict:
    """The members of an open loop: Poisson arrivals, or gamma bursts of a shape."""
    kind = "poisson" if shape is None else "gamma"
    process = {"process": kind, "rate": rate, "seed": seed, "shape": shape}
    return {
        "arrivals": process,
        "arrivals_ns": list(schedule(convert(process, Arrivals), count)),
        "lateness_bound_ms": 5.0,
        "tasks": count,
    }


def saturated() -> dict:
    """Two servers of 80 ms asked for 60 requests a second: the rule ends it."""
    doc = phase(
        "flood", "server", **arrivals(60.0, 900), stop=stop(saturation=True, min_requests=900)
    )
    return _stopped(doc, open_loop(doc, doc["arrivals_ns"], even(), servers=2))


def flooded() -> dict:
    """A server that keeps up with 20 requests a second; nothing ends it."""
    return open_ended(phase("server", "server", **arrivals(20.0, 400)), even())


def bursts() -> dict:
    """Gamma bursts at 8 requests a second."""
    return open_ended(phase("bursts", "server", **arrivals(8.0, 64, shape=0.5)), even())


def soak() -> dict:
    """Four at a time for at least 20 seconds."""
    doc = phase("soak", "soak", concurrency=4, tasks=5000, stop=stop(min_duration_s=20.0))
    return _stopped(doc, closed_loop(doc, even()))


def timed_search() -> dict:
    """The same search with probes of 8 s, 60 to 600 requests."""
    return search(requests=600, min_requests=60, duration_s=8.0)


def search(**members: float) -> dict:
    """Objectives of 300 ms to the first token; four servers of some 75 ms, so about 50 requests a second."""
    doc = phase("search", "slo_search", lateness_bound_ms=5.0)
    doc["search"] = {
        "min_rate": 8.0, "max_rate": 512.0, "requests": 300, "max_probes": 12,
        "resolution": 0.1, "percentile": 95.0, "seed": 6, **members,
    }  # fmt: skip
    doc["tasks"] = 12 * doc["search"]["requests"]
    bounds = {"ttft_ms": 300.0, "tpot_ms": 50.0, "e2e_ms": None}
    events, inside, history = [], [], []
    start = START + 10 * MS
    plan = convert(doc["search"], Search)
    while (rate := bisection.next_rate(plan, history)) is not None:
        mine, closed = _probe(doc, len(history), rate, start, bounds)
        events += mine
        first = len(history) * doc["search"]["requests"]
        opened = {"probe": len(history), "rate": rate, "first_index": first}
        end = max(event["t_end"] for event in mine) + MS
        inside.append({"type": "mark", "t": start, "name": "probe.start", "detail": opened})
        inside.append({"type": "mark", "t": end, "name": "probe.end", "detail": closed})
        history.append((rate, closed["met"]))
        start = end + 10 * MS
    found = bisection.answer(plan, history)
    detail = {
        "ended_by": "searched",
        "probes": len(history),
        "rate": found.rate,
        "ended": found.ended,
    }
    return run(doc, events, marks(doc, events, detail, inside), **bounds)


def _probe(doc: dict, number: int, rate: float, start: int, bounds: dict) -> tuple[list, dict]:
    """The requests of one probe and what the run noted at its end."""
    plan, objectives = convert(doc["search"], Search), convert(bounds, Objectives)
    first = number * plan.requests
    times = probe_schedule(plan, number, rate)
    mine = open_loop(doc, times, even(seed=number), start=start, first=first, servers=4)
    rule = objective.ProbeRule(plan, objectives, arrivals_ns=times, first_index=first)
    for event in by_end(mine):
        if rule.add(seen(event)):
            mine = [_cancelled(one, event["t_end"]) for one in cut(mine, event["t_end"])]
            break
    by = rule.ended_by or "all-sent"
    verdict = objective.verdict(map(seen, mine), plan, objectives, rate=rate, ended_by=by)
    return mine, {
        "probe": number,
        "rate": rate,
        "met": verdict.met,
        "why": verdict.why,
        "ended_by": by,
        "seen": rule.seen,
        "sent": len(mine),
        "workers": 1,
    }


def _cancelled(event: dict, moment: int) -> dict:
    """As it was when the client gave it up, if it was still in flight."""
    if event["t_end"] <= moment:
        return event
    nothing = {
        "chunk_t0": None,
        "chunk_dt": [],
        "chunk_tokens": None,
        "lead_chars": [],
        "text": "",
        "token_ids": None,
    }
    usage = {"own_prompt": event["usage"]["own_prompt"]}
    ended = {"t_end": moment + MS, "outcome": "cancelled", "finish_reason": None, "status": None}
    return event | nothing | ended | {"usage": usage}
