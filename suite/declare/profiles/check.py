"""What a profile's schema cannot say: members that contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from suite.declare.profiles.points import point_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from suite.declare.profiles.profiledoc import ProfileArrivalsDoc, ProfileDoc, ProfilePhaseDoc
    from suite.declare.profiles.trace import Trace

    Found = tuple[str, str, str]  # pointer, message, hint

CLOSED_MIN_NEW_TOKENS: Final = 64
"""The closed division's smallest limit: an XSum reference summary must fit, whatever the tokenizer."""
LONGEST_NAME: Final = 40
"""Characters of the name of a point."""
MOST_POINTS: Final = 256
"""Points of a profile, repeats left out."""

_LOADS: Final = {
    "server": "a server phase has arrivals and no concurrency",
    "single_stream": "a single-stream phase has concurrency 1 and no arrivals",
    "offline": "an offline phase has a concurrency and no arrivals",
    "concurrency": "a concurrency phase has one of concurrency, sweep and grid, and no arrivals",
    "soak": "a soak has a concurrency or arrivals",
    "slo_search": "a search has neither concurrency nor arrivals: it finds the rate",
    "multi_turn": "a multi-turn phase has a concurrency and no arrivals",
}
_BELONGS: Final = (("sweep", "concurrency"), ("grid", "concurrency"), ("lockstep", "concurrency"),
                   ("search", "slo_search"), ("session", "multi_turn"))  # fmt: skip


def inconsistencies(doc: ProfileDoc, stem: str, traces: Mapping[str, Trace]) -> list[Found]:
    """Every contradiction in a profile that its schema accepts: (pointer, message, hint).

    Args:
        doc: the profile.
        stem: name of its file without the ending.
        traces: the traces that it names.
    """
    found: list[Found] = []
    if doc["name"] != stem:
        found.append(("/name", f"the file is called {stem}.yaml", f"write name: {stem}"))
    decoding = doc["decoding"]
    if decoding["min_new_tokens"] > decoding["max_new_tokens"]:
        found.append(("/decoding/min_new_tokens", "more than max_new_tokens", ""))
    if doc["division"] == "closed":
        found += _closed(doc)
    if decoding["stop"] and any("lengths" in phase or "grid" in phase for phase in doc["phases"]):
        found.append(("/decoding/stop", "exact lengths leave no room for stop strings", "stop: []"))
    for index, phase in enumerate(doc["phases"]):
        arrivals = phase["arrivals"]
        trace = None if arrivals is None else traces.get(arrivals.get("trace", ""))
        found += [
            (f"/phases/{index}{inner}", message, hint)
            for inner, message, hint in _phase(doc, phase, trace)
        ]
    return found + list(_names(doc))


def _closed(doc: ProfileDoc) -> Iterator[Found]:
    decoding = doc["decoding"]
    if decoding["temperature"] != 0 or decoding["ignore_eos"] or decoding["stop"]:
        hint = "temperature: 0, ignore_eos: false, stop: []"
        yield "/decoding", "the closed division decodes greedily to the end", hint
    if decoding["max_new_tokens"] < CLOSED_MIN_NEW_TOKENS:
        message = f"the closed division needs at least {CLOSED_MIN_NEW_TOKENS} new tokens"
        yield "/decoding/max_new_tokens", message, ""
    if doc["prompt"] != "closed-v1":
        yield "/prompt", "the closed division has its own prompt", "closed-v1"
    if "api" in doc:
        yield "/api", "the closed division uses the model's chat template", ""
    for index, phase in enumerate(doc["phases"]):
        for member in ("lengths", "grid"):
            if member in phase:
                message = "prompts of exact length are not the closed division's tasks"
                yield f"/phases/{index}/{member}", message, "division: open"
        if "session" in phase:
            message = (
                "a conversation asks what the engine answered, not the closed division's tasks"
            )
            yield f"/phases/{index}/session", message, "division: open"


def _names(doc: ProfileDoc) -> Iterator[Found]:
    seen: set[str] = set()
    count = 0
    for index, phase in enumerate(doc["phases"]):
        pointer = f"/phases/{index}/name"
        names = point_names(phase)
        count += len(names)
        twice = next((name for name in names if name in seen or names.count(name) > 1), None)
        if twice is not None:
            yield pointer, f"two phases are called {twice!r}", ""
        seen.update(names)
        longest = max(names, key=len)
        if len(longest) > LONGEST_NAME:
            message = f"the name of its point {longest} is longer than {LONGEST_NAME} characters"
            yield pointer, message, "a shorter name"
    if count > MOST_POINTS:
        yield "/phases", f"{count} points, at most {MOST_POINTS} are possible", ""


def _phase(doc: ProfileDoc, phase: ProfilePhaseDoc, trace: Trace | None) -> Iterator[Found]:
    scenario, arrivals = phase["scenario"], phase["arrivals"]
    if not _load_fits(phase):
        yield "/scenario", _LOADS[scenario], ""
    for member, owner in _BELONGS:
        if member in phase and scenario != owner:
            yield f"/{member}", f"{member} goes with the scenario {owner}", ""
    if arrivals is not None:
        yield from _arrivals(arrivals)
    if (phase["lateness_bound_ms"] is None) != (arrivals is None and scenario != "slo_search"):
        yield "/lateness_bound_ms", "a lateness bound goes with arrivals", ""
    yield from _warmup(phase)
    yield from _count(phase)
    yield from _lengths(phase)
    if trace is not None:
        yield from _replayed(phase, trace)
    yield from _stop(phase)
    yield from _search(doc, phase)
    yield from _session(phase)


def _load_fits(phase: ProfilePhaseDoc) -> bool:
    concurrency, arrivals = phase["concurrency"], phase["arrivals"]
    streams = (concurrency is not None) + ("sweep" in phase) + ("grid" in phase)
    match phase["scenario"]:
        case "server":
            return arrivals is not None and streams == 0
        case "single_stream":
            return arrivals is None and concurrency == 1 and streams == 1
        case "soak":
            return (arrivals is None) != (concurrency is None)
        case "slo_search":
            return arrivals is None and streams == 0
        case "offline" | "multi_turn":
            return arrivals is None and concurrency is not None
        case "concurrency":
            return arrivals is None and streams == 1


def _arrivals(arrivals: ProfileArrivalsDoc) -> Iterator[Found]:
    replay = arrivals["process"] == "replay"
    if (arrivals["process"] == "gamma") == (arrivals["shape"] is None):
        yield "/arrivals/shape", "a shape goes with gamma arrivals and no others", ""
    if (arrivals["rate"] is None) != replay:
        message = "a replay takes its rate from its trace, everything else needs one"
        yield "/arrivals/rate", message, "rate: null with a replay, speed for another pace"
    if replay != ("trace" in arrivals):
        yield "/arrivals", "a trace goes with a replay, and a replay needs one", ""
    elif "speed" in arrivals and not replay:
        yield "/arrivals/speed", "only a replay has a speed", "rate says how fast the others are"


def _warmup(phase: ProfilePhaseDoc) -> Iterator[Found]:
    concurrency = phase.get("warmup_concurrency")
    if concurrency is None:
        return
    if phase["arrivals"] is None and phase["scenario"] != "slo_search":
        message = "other phases are warmed up at their own concurrency"
        yield "/warmup_concurrency", message, "only with arrivals or a search"
    elif concurrency > phase["warmup"]:
        yield "/warmup_concurrency", "more than warmup, so never so many in flight", "more warmup"


def _count(phase: ProfilePhaseDoc) -> Iterator[Found]:
    tasks = phase["tasks"]
    if "rounds" in phase:
        if tasks is not None:
            yield "/rounds", "rounds stand in the place of tasks", "tasks: null"
        if phase["arrivals"] is not None or phase["scenario"] in ("slo_search", "multi_turn"):
            yield "/rounds", "rounds need streams", "name the tasks"
    elif ("lengths" in phase or "grid" in phase) and tasks is None:
        # The task set has nothing to do with them, so its size is no number of requests.
        stop = phase.get("stop")
        timed = phase["arrivals"] is not None and stop is not None and stop["max_duration_s"]
        traced = "trace" in (phase["arrivals"] or {})
        if not timed and not traced and phase["scenario"] != "slo_search":
            yield "/tasks", "exact lengths need tasks or rounds", ""


def _lengths(phase: ProfilePhaseDoc) -> Iterator[Found]:
    lengths = phase.get("lengths")
    if lengths is None:
        return
    if "grid" in phase or "sweep" in phase:
        yield "/lengths", "a grid says lengths and concurrency together", "use grid alone"
    if phase["scenario"] == "multi_turn":
        yield "/lengths", "a conversation grows with its answers", ""
    if ("pairs" in lengths) == ("trace" in lengths):
        yield "/lengths", "either pairs or trace", ""
    elif "trace" in lengths and "trace" not in (phase["arrivals"] or {}):
        yield "/lengths/trace", "there is no trace to take lengths from", "process: replay"


def _replayed(phase: ProfilePhaseDoc, trace: Trace) -> Iterator[Found]:
    count = len(trace.arrivals_ns) if phase["tasks"] is None else phase["tasks"]
    if count > len(trace.arrivals_ns):
        yield "/tasks", f"the trace has {len(trace.arrivals_ns)} requests", "tasks: null takes all"
        return
    if trace.arrivals_ns[count - 1] == 0:
        message = f"the first {count} requests of the trace come at one moment"
        yield "/tasks", message, "take more of them, or an offline phase"
    if "trace" in phase.get("lengths", {}):
        if trace.lengths is None:
            yield "/lengths/trace", "the trace has no lengths", ""
        elif min(map(min, trace.lengths[:count])) < 1:
            yield "/lengths/trace", "the trace has requests without tokens", "use its times alone"


def _stop(phase: ProfilePhaseDoc) -> Iterator[Found]:
    stop, scenario = phase.get("stop"), phase["scenario"]
    if stop is None:
        if scenario == "soak":
            yield "/scenario", "a soak needs stop with min_duration_s", ""
        return
    if scenario == "slo_search":
        yield "/stop", "a search ends by itself", ""
    if scenario == "soak" and not stop["min_duration_s"]:
        yield "/stop/min_duration_s", "a soak goes on for a stated time", ""
    longest = stop["max_duration_s"]
    if longest is not None and longest < stop["min_duration_s"]:
        yield "/stop/max_duration_s", "less than min_duration_s", ""
    if phase["tasks"] is not None and stop["min_requests"] > phase["tasks"]:
        yield "/stop/min_requests", "more than tasks", ""
    if stop["saturation"] and phase["arrivals"] is None:
        message = "only an open loop can be over-saturated"
        yield "/stop/saturation", message, "saturation: false"


def _search(doc: ProfileDoc, phase: ProfilePhaseDoc) -> Iterator[Found]:
    search = phase.get("search")
    if search is None:
        if phase["scenario"] == "slo_search":
            yield "/scenario", "a search needs search", ""
        return
    if search["min_rate"] >= search["max_rate"]:
        yield "/search/max_rate", "not above min_rate", ""
    for member, other in (("min_requests", "duration_s"), ("duration_s", "min_requests")):
        if member in search and other not in search:
            yield f"/search/{member}", f"{member} goes with {other}", f"name {other} too"
    if search.get("min_requests", 1) > search["requests"]:
        yield "/search/min_requests", "more than requests, the most of a probe", ""
    if phase["tasks"] is not None:
        yield "/tasks", "search says how many requests there are", "tasks: null"
    wanted = doc["objectives"]
    if wanted["ttft_ms"] is None and wanted["tpot_ms"] is None and wanted["e2e_ms"] is None:
        yield "/search", "there is no objective to meet", "objectives: {ttft_ms: …, tpot_ms: …}"


def _session(phase: ProfilePhaseDoc) -> Iterator[Found]:
    session, tasks = phase.get("session"), phase["tasks"]
    if session is None:
        if phase["scenario"] == "multi_turn":
            yield "/scenario", "a multi-turn phase needs session", ""
    elif tasks is None or tasks % session["turns"]:
        yield "/tasks", f"not a multiple of the {session['turns']} turns of a session", ""
