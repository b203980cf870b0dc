"""How a phase offered its requests, as the scorecard says it: taken from the plan, lists cut to their ends."""

from __future__ import annotations

from msgspec import UNSET

from suite.base import jsonio
from suite.declare.scenarios.phase import has_exact_lengths, is_conversation, is_search
from suite.documents.card_phase import LengthsLoad, Load, SessionLoad
from suite.documents.phase import Interval, Lengths, Phase, Search, Stop, Trace


def load(phase: Phase) -> Load:
    """How a phase offered its requests; a member that does not apply is left out.

    Two phases with the same load were asked the same: everything of the plan that decides what is sent when
    is in it, whole or by its digest, but for the task set and the decoding, which the workload says.
    """
    arrivals = phase.arrivals
    found: Load = Load(
        concurrency=phase.concurrency,
        process=arrivals.process if arrivals else None,
        rate=arrivals.rate if arrivals else None,
        seed=arrivals.seed if arrivals else None,
    )
    if arrivals and arrivals.shape is not None:
        found["shape"] = arrivals.shape
    if arrivals and arrivals.trace is not UNSET:
        trace = arrivals.trace
        found["trace"] = Trace(
            name=trace.name,
            sha256=trace.sha256,
            speed=float(trace.speed),
        )
    if phase.lockstep:
        found["lockstep"] = True
    if has_exact_lengths(phase):
        found["lengths"] = _lengths(phase.lengths)
    if phase.stop is not UNSET:
        found["stop"] = _stop(phase.stop)
    _add_scenario(found, phase)
    return found


def _add_scenario(found: Load, phase: Phase) -> None:
    if is_conversation(phase):
        session = phase.session
        found["session"] = SessionLoad(
            sessions=phase.tasks // session.turns,
            turns=session.turns,
            think_ms=session.think_ms,
        )
    if is_search(phase):
        search = phase.search
        found["search"] = Search(
            min_rate=search.min_rate,
            max_rate=search.max_rate,
            requests=search.requests,
            max_probes=search.max_probes,
            resolution=search.resolution,
            percentile=search.percentile,
            seed=search.seed,
        )
        if search.min_requests is not UNSET:
            found.search["min_requests"] = search.min_requests
        if search.duration_s is not UNSET:
            found.search["duration_s"] = float(search.duration_s)


def _lengths(lengths: Lengths) -> LengthsLoad:
    digest = jsonio.digest(
        {
            "input_tokens": list(lengths.input_tokens),
            "output_tokens": list(lengths.output_tokens),
        }
    )
    return LengthsLoad(
        input_tokens=(min(lengths.input_tokens), max(lengths.input_tokens)),
        output_tokens=(min(lengths.output_tokens), max(lengths.output_tokens)),
        seed=lengths.seed,
        sha256=digest,
    )


def _stop(stop: Stop) -> Stop:
    interval = stop.interval
    return Stop(
        min_duration_s=stop.min_duration_s,
        min_requests=stop.min_requests,
        max_duration_s=stop.max_duration_s,
        interval=Interval(metric=interval.metric, within=interval.within) if interval else None,
        saturation=stop.saturation,
    )
