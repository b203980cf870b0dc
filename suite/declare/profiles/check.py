"""What a profile's schema cannot say: members that contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.declare.profiles.points import has_exact_lengths, point_names
from suite.declare.scenarios import SCENARIOS
from suite.declare.scenarios.phase import kind
from suite.declare.scenarios.scenario import LOAD_MEMBERS
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from suite.declare.profiles.trace import Trace
    from suite.declare.scenarios import Scenario
    from suite.declare.scenarios.scenario import Contradiction, LoadMember, PhaseMember
    from suite.documents.profile import Profile, ProfileArrivals, ProfilePhase

CLOSED_MIN_NEW_TOKENS: Final = 64
"""The closed division's smallest limit: an XSum reference summary must fit, whatever the tokenizer."""
LONGEST_NAME: Final = 40
"""Characters of the name of a point."""
MOST_POINTS: Final = 256
"""Points of a profile, repeats left out."""


def inconsistencies(doc: Profile, stem: str, traces: Mapping[str, Trace]) -> list[Contradiction]:
    """Every contradiction in a profile that its schema accepts: (pointer, message, hint).

    Args:
        doc: the profile.
        stem: name of its file without the ending.
        traces: the traces that it names.
    """
    problems: list[Contradiction] = []
    if doc.name != stem:
        problems.append(("/name", f"the file is called {stem}.yaml", f"write name: {stem}"))
    decoding = doc.decoding
    if decoding.min_new_tokens > decoding.max_new_tokens:
        problems.append(("/decoding/min_new_tokens", "more than max_new_tokens", ""))
    if doc.division == "closed":
        problems += _closed(doc)
    if decoding.stop and any(map(has_exact_lengths, doc.phases)):
        problems.append(
            ("/decoding/stop", "exact lengths leave no room for stop strings", "stop: []")
        )
    for index, phase in enumerate(doc.phases):
        problems += [
            (f"/phases/{index}/max_new_tokens", message, hint)
            for message, hint in _shortened(doc, phase)
        ]
        arrivals = phase.arrivals
        trace = None if arrivals is None else traces.get(given(arrivals.trace, ""))
        problems += [
            (f"/phases/{index}{inner}", message, hint)
            for inner, message, hint in _phase(doc, phase, trace)
        ]
    return problems + list(_names(doc))


def _closed(doc: Profile) -> Iterator[Contradiction]:
    decoding = doc.decoding
    if decoding.temperature != 0 or decoding.ignore_eos or decoding.stop:
        hint = "temperature: 0, ignore_eos: false, stop: []"
        yield "/decoding", "the closed division decodes greedily to the end", hint
    if decoding.max_new_tokens < CLOSED_MIN_NEW_TOKENS:
        message = f"the closed division needs at least {CLOSED_MIN_NEW_TOKENS} new tokens"
        yield "/decoding/max_new_tokens", message, ""
    if doc.prompt != "closed-v1":
        yield "/prompt", "the closed division has its own prompt", "closed-v1"
    if doc.api is not UNSET:
        yield "/api", "the closed division uses the model's chat template", ""
    for index, phase in enumerate(doc.phases):
        for member in ("lengths", "grid"):
            if getattr(phase, member) is not UNSET:
                message = "prompts of exact length are not the closed division's tasks"
                yield f"/phases/{index}/{member}", message, "division: open"
        if phase.session is not UNSET:
            message = (
                "a conversation asks what the engine answered, not the closed division's tasks"
            )
            yield f"/phases/{index}/session", message, "division: open"


def _names(doc: Profile) -> Iterator[Contradiction]:
    earlier: set[str] = set()
    count = 0
    for index, phase in enumerate(doc.phases):
        pointer = f"/phases/{index}/name"
        names = point_names(phase)
        count += len(names)
        twice = next((name for name in names if name in earlier or names.count(name) > 1), None)
        if twice is not None:
            yield pointer, f"two phases are called {twice!r}", ""
        earlier.update(names)
        longest = max(names, key=len)
        if len(longest) > LONGEST_NAME:
            message = f"the name of its point {longest} is longer than {LONGEST_NAME} characters"
            yield pointer, message, "a shorter name"
    if count > MOST_POINTS:
        yield "/phases", f"{count} points, at most {MOST_POINTS} are possible", ""


def _phase(doc: Profile, phase: ProfilePhase, trace: Trace | None) -> Iterator[Contradiction]:
    scenario, arrivals = kind(phase), phase.arrivals
    yield from _members(scenario, phase)
    if arrivals is not None:
        yield from _arrivals(arrivals)
    if (phase.lateness_bound_ms is None) != (arrivals is None and not scenario.searches):
        yield "/lateness_bound_ms", "a lateness bound goes with arrivals", ""
    yield from _warmup(scenario, phase)
    yield from _count(scenario, phase)
    yield from _lengths(phase)
    if trace is not None:
        yield from _replayed(phase, trace)
    yield from _stop(phase)
    yield from scenario.check(doc, phase)


def _members(scenario: Scenario, phase: ProfilePhase) -> Iterator[Contradiction]:
    """What the kind says of the members: its load, what it needs, what it must not have, what is another's."""
    stated = {member for member in LOAD_MEMBERS if _has(phase, member)}
    least = bool(scenario.load) and not scenario.all_at_once
    if not least <= len(stated) <= bool(scenario.load) or not stated <= set(scenario.load):
        yield "/scenario", scenario.load_rule, ""
    for member, why in scenario.required.items():
        if not _has(phase, member):
            yield "/scenario", why, ""
    for member, (why, hint) in scenario.forbidden.items():
        if _has(phase, member):
            yield f"/{member}", why, hint
    for other in SCENARIOS.values():
        for member in other.own:
            if other is not scenario and _has(phase, member):
                yield f"/{member}", f"{member} goes with the scenario {other.name}", ""


def _has(phase: ProfilePhase, member: LoadMember | PhaseMember) -> bool:
    return getattr(phase, member) not in (None, UNSET)


def _arrivals(arrivals: ProfileArrivals) -> Iterator[Contradiction]:
    replay = arrivals.process == "replay"
    if (arrivals.process == "gamma") == (arrivals.shape is None):
        yield "/arrivals/shape", "a shape goes with gamma arrivals and no others", ""
    if (arrivals.rate is None) != replay:
        message = "a replay takes its rate from its trace, everything else needs one"
        yield "/arrivals/rate", message, "rate: null with a replay, speed for another pace"
    if replay != (arrivals.trace is not UNSET):
        yield "/arrivals", "a trace goes with a replay, and a replay needs one", ""
    elif arrivals.speed is not UNSET and not replay:
        yield "/arrivals/speed", "only a replay has a speed", "rate says how fast the others are"


def _warmup(scenario: Scenario, phase: ProfilePhase) -> Iterator[Contradiction]:
    concurrency = given(phase.warmup_concurrency)
    if concurrency is None:
        return
    if phase.arrivals is None and not scenario.searches:
        message = "other phases are warmed up at their own concurrency"
        yield "/warmup_concurrency", message, "only with arrivals or a search"
    elif concurrency > phase.warmup:
        yield "/warmup_concurrency", "more than warmup, so never so many in flight", "more warmup"


def _shortened(doc: Profile, phase: ProfilePhase) -> Iterator[tuple[str, str]]:
    most = given(phase.max_new_tokens)
    if most is None:
        return
    if most >= doc.decoding.max_new_tokens:
        yield "not fewer than decoding says", "leave it out"
    if has_exact_lengths(phase) or phase.search is not UNSET or phase.session is not UNSET:
        yield "only tasks that are asked once have a shorter answer", "a phase of its own"


def _count(scenario: Scenario, phase: ProfilePhase) -> Iterator[Contradiction]:
    tasks = phase.tasks
    if phase.rounds is not UNSET:
        if tasks is not None:
            yield "/rounds", "rounds stand in the place of tasks", "tasks: null"
        if phase.arrivals is not None:
            yield "/rounds", "rounds need streams", "name the tasks"
    elif has_exact_lengths(phase) and tasks is None:
        # The task set has nothing to do with them, so its size is no number of requests.
        stop = given(phase.stop)
        timed = phase.arrivals is not None and stop is not None and stop.max_duration_s
        traced = phase.arrivals is not None and phase.arrivals.trace is not UNSET
        owned = phase.lengths is not UNSET and phase.lengths.data is not UNSET
        if not (timed or traced or owned or scenario.searches):
            yield "/tasks", "exact lengths need tasks or rounds", ""


def _lengths(phase: ProfilePhase) -> Iterator[Contradiction]:
    lengths = given(phase.lengths)
    if lengths is None:
        return
    if phase.grid is not UNSET or phase.sweep is not UNSET:
        yield "/lengths", "a grid says lengths and concurrency together", "use grid alone"
    if [lengths.pairs, lengths.trace, lengths.data].count(UNSET) != 2:
        yield "/lengths", "either pairs or trace or data", ""
    elif lengths.trace is not UNSET and (phase.arrivals is None or phase.arrivals.trace is UNSET):
        yield "/lengths/trace", "there is no trace to take lengths from", "process: replay"


def _replayed(phase: ProfilePhase, trace: Trace) -> Iterator[Contradiction]:
    count = len(trace.arrivals_ns) if phase.tasks is None else phase.tasks
    if count > len(trace.arrivals_ns):
        yield "/tasks", f"the trace has {len(trace.arrivals_ns)} requests", "tasks: null takes all"
        return
    if trace.arrivals_ns[count - 1] == 0:
        message = f"the first {count} requests of the trace come at one moment"
        yield "/tasks", message, "take more of them, or an offline phase"
    if phase.lengths is not UNSET and phase.lengths.trace is not UNSET:
        if trace.lengths is None:
            yield "/lengths/trace", "the trace has no lengths", ""
        elif min(map(min, trace.lengths[:count])) < 1:
            yield "/lengths/trace", "the trace has requests without tokens", "use its times alone"


def _stop(phase: ProfilePhase) -> Iterator[Contradiction]:
    stop = given(phase.stop)
    if stop is None:
        return
    longest = stop.max_duration_s
    if longest is not None and longest < stop.min_duration_s:
        yield "/stop/max_duration_s", "less than min_duration_s", ""
    if phase.tasks is not None and stop.min_requests > phase.tasks:
        yield "/stop/min_requests", "more than tasks", ""
    if stop.saturation and phase.arrivals is None:
        message = "only an open loop can be over-saturated"
        yield "/stop/saturation", message, "saturation: false"
