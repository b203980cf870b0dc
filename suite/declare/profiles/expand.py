"""A profile's phases written out: points of sweeps and grids, warm-ups, repeats, arrival times."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from suite.declare.profiles import controls
from suite.declare.profiles.arrivals import schedule
from suite.declare.profiles.points import Room, points
from suite.declare.scenarios.phase import kind
from suite.documents.document import given
from suite.documents.phase import Arrivals, Lengths, Phase
from suite.documents.phase import Trace as TraceDocument

if TYPE_CHECKING:
    from suite.declare.profiles.load import Profile
    from suite.declare.profiles.points import Point
    from suite.declare.profiles.trace import Trace
    from suite.documents.phase import Search
    from suite.documents.profile import ProfilePhase

T = TypeVar("T")


def expand_phases(profile: Profile, taskset_size: int, room: Room | None = None) -> list[Phase]:
    """Resolve the phases for a task set: points and warm-ups written out, repeats unrolled, in running order.

    A warm-up is a phase of its own with ``measured`` false, takes its tasks from the end of the set
    and runs all at once within the phase's concurrency; open-loop phases and searches are warmed up one
    request at a time, or as many as ``warmup_concurrency`` says. Every point of a sweep or a grid has its own, with the point's lengths. Arrival times are
    drawn with the arrival seed plus the repeat, so that repeats are not the same sample.

    A point that does not fit the model is there with ``not_run``, and without a warm-up.

    Args:
        profile: a profile.
        taskset_size: number of tasks in the set that will run, at least 1.
        room: what the model can hold; None refuses nothing.
    """
    phases: list[Phase] = []
    for repeat in range(profile.doc.repeats):
        for phase in profile.doc.phases:
            phases += _expanded(profile, phase, repeat, taskset_size, room or Room())
    return phases


def longest_request(phases: list[Phase]) -> int:
    """Most tokens of prompt and answer that a request of exact length takes; 0 when there is none."""
    return max(
        (
            max(map(sum, zip(lengths.input_tokens, lengths.output_tokens, strict=True)))
            for phase in phases
            if phase.not_run is UNSET and (lengths := given(phase.lengths)) is not None
        ),
        default=0,
    )


def _expanded(
    profile: Profile, phase: ProfilePhase, repeat: int, size: int, room: Room
) -> list[Phase]:
    trace, lengths = profile.trace(phase), profile.lengths(phase)
    arrivals = _arrivals(phase, repeat, trace, size)
    phases: list[Phase] = []
    for point in points(phase, room, lengths, _tasks(phase, None, size, arrivals, trace)):
        tasks = _tasks(phase, point.concurrency, size, arrivals, trace)
        if phase.warmup and point.not_run is None:
            phases.append(_warmup(phase, point, repeat, size))
        phases.append(
            _measured(phase, point, repeat, size=size, tasks=tasks, arrivals=arrivals, trace=trace)
        )
    return phases


def _arrivals(phase: ProfilePhase, repeat: int, trace: Trace | None, size: int) -> Arrivals | None:
    arrivals = phase.arrivals
    if arrivals is None:
        return None
    if trace is None:
        assert arrivals.rate is not None
        return Arrivals(
            process=arrivals.process,
            rate=arrivals.rate,
            seed=arrivals.seed + repeat,
            shape=arrivals.shape,
        )
    speed = given(arrivals.speed, 1)
    return Arrivals(
        process="replay",
        rate=trace.rate(_tasks(phase, None, size, None, trace), speed),
        seed=arrivals.seed,
        shape=None,
        trace=TraceDocument(name=trace.name, sha256=trace.sha256, speed=speed),
    )


def _tasks(
    phase: ProfilePhase,
    concurrency: int | None,
    size: int,
    arrivals: Arrivals | None,
    trace: Trace | None,
) -> int:
    """How many requests a point consists of, or the most where a stop rule ends it."""
    if phase.search is not UNSET:
        # Of all probes together; each takes the next ones.
        return phase.search.requests * phase.search.max_probes
    if phase.rounds is not UNSET:
        return phase.rounds * (concurrency or 1)
    if phase.tasks is not None:
        return phase.tasks
    if trace is not None:
        return len(trace.arrivals_ns)
    longest = phase.stop.max_duration_s if phase.stop is not UNSET else None
    if arrivals is not None and longest is not None:
        # As many as come within the time; exact, since 1.1 * 10 as floats is a little more than 11.
        return math.ceil(Fraction(str(arrivals.rate)) * Fraction(str(longest)))
    return size


def _warmup(phase: ProfilePhase, point: Point, repeat: int, size: int) -> Phase:
    tasks = phase.warmup * ((point.concurrency or 1) if phase.rounds is not UNSET else 1)
    concurrency = point.concurrency or given(phase.warmup_concurrency, 1)
    if _all_at_once(phase, point):
        concurrency = tasks
    return Phase(
        name=f"{point.name}-warmup",
        repeat=repeat,
        scenario="single_stream" if concurrency == 1 else "offline",
        measured=False,
        first_task=(size - tasks) % size,
        tasks=tasks,
        concurrency=concurrency,
        arrivals=None,
        arrivals_ns=None,
        timeout_s=phase.timeout_s,
        failure_bound=1.0,
        lateness_bound_ms=None,
        lengths=_from(point.lengths, (size - tasks) % size),
    )


def _measured(
    phase: ProfilePhase,
    point: Point,
    repeat: int,
    *,
    size: int,
    tasks: int,
    arrivals: Arrivals | None,
    trace: Trace | None,
) -> Phase:
    wanted = given(phase.controls)
    return Phase(
        name=point.name,
        repeat=repeat,
        scenario=phase.scenario,
        measured=True,
        first_task=phase.first_task % size,
        tasks=tasks if wanted is None else tasks + controls.count(wanted),
        concurrency=tasks if _all_at_once(phase, point) else point.concurrency,
        arrivals=arrivals,
        arrivals_ns=_times(arrivals, trace, tasks),
        timeout_s=phase.timeout_s,
        failure_bound=phase.failure_bound,
        lateness_bound_ms=phase.lateness_bound_ms,
        group=_set(point.group),
        lengths=_from(point.lengths, phase.first_task % size),
        not_run=_set(point.not_run),
        lockstep=True if phase.lockstep else UNSET,
        max_new_tokens=phase.max_new_tokens,
        stop=phase.stop,
        session=phase.session,
        search=_search(phase, repeat),
        controls=UNSET
        if wanted is None
        else controls.place(
            wanted, repeat, ordinary=tasks, first_task=phase.first_task % size, size=size
        ),
    )


def _all_at_once(phase: ProfilePhase, point: Point) -> bool:
    """Whether nothing bounds how many requests are in flight: as many as there are."""
    return kind(phase).all_at_once and point.concurrency is None


def _set(member: T | None) -> T | UnsetType:
    """A member that is absent where there is nothing to say."""
    return UNSET if member is None else member


def _from(lengths: Lengths | None, first: int) -> Lengths | UnsetType:
    """The lengths of a phase: where they are the tasks' own, from its first task on."""
    if lengths is None:
        return UNSET
    if lengths.own is UNSET:
        return lengths
    into, out = lengths.input_tokens, lengths.output_tokens
    return replace(
        lengths,
        input_tokens=into[first:] + into[:first],
        output_tokens=out[first:] + out[:first],
    )


def _search(phase: ProfilePhase, repeat: int) -> Search | UnsetType:
    """The repeat's search: probe p takes its seed + p, and no two repeats share one."""
    search = phase.search
    if search is UNSET:
        return UNSET
    return replace(search, seed=search.seed + repeat * search.max_probes)


def _times(arrivals: Arrivals | None, trace: Trace | None, tasks: int) -> tuple[int, ...] | None:
    if arrivals is None:
        return None
    if trace is None or arrivals.trace is UNSET:
        return tuple(schedule(arrivals, tasks))
    return tuple(trace.times(tasks, arrivals.trace.speed))
