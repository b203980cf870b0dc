"""A phase of a plan in one line, for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.declare.analysis.backlog import drawn_rate, most_goodput
from suite.declare.scenarios.phase import (
    has_exact_lengths,
    is_all_at_once,
    is_conversation,
    is_search,
    lengths_of,
    search_of,
    session_of,
)
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.phase import Arrivals, Lengths, Phase, Search, Stop


def phase_line(phase: Phase) -> str:
    """What a phase sends, at which load, and when it ends."""
    name = f"{phase.name} #{phase.repeat + 1}"
    if phase.not_run is not UNSET:
        return f"{name}: not run: {phase.not_run}"
    kind = "measured" if phase.measured else "warm-up, not counted"
    most = "at most " if phase.stop is not UNSET or is_search(phase) else ""
    parts = [f"{most}{_many(phase.tasks, 'request')}"]
    if phase.controls is not UNSET:
        parts.append(f"{len(phase.controls)} of them controls")
    if is_conversation(phase):
        session = session_of(phase)
        parts.append(
            f"{_many(phase.tasks // session.turns, 'session')} of "
            f"{_many(session.turns, 'turn')}, "
            f"{session.think_ms:g} ms between them"
        )
    if has_exact_lengths(phase):
        parts.append(_lengths(lengths_of(phase)))
    if phase.max_new_tokens is not UNSET:
        parts.append(f"at most {_many(phase.max_new_tokens, 'new token')}")
    parts.append(_load(phase))
    if phase.stop is not UNSET:
        parts.append(_stop(phase.stop))
    return f"{name}: {', '.join(parts)}, {kind}"


def _load(phase: Phase) -> str:
    if is_search(phase):
        return _search(search_of(phase))
    if phase.arrivals is not None:
        return _arrivals(phase.arrivals, phase.arrivals_ns or ())
    if is_conversation(phase):
        return f"{phase.concurrency} sessions at once"
    if is_all_at_once(phase) and phase.measured:
        return "all at once"
    return f"concurrency {phase.concurrency}{' in lockstep' if phase.lockstep else ''}"


def _arrivals(arrivals: Arrivals, starts: Sequence[int]) -> str:
    if arrivals.trace is not UNSET:
        trace = arrivals.trace
        pace = "" if trace.speed == 1 else f" at {trace.speed:g} times its pace"
        return (
            f"replay of {trace.name} ({trace.sha256[:12]}){pace}, "
            f"{arrivals.rate:g} per second on average"
        )
    shape = "" if arrivals.shape is None else f" of shape {arrivals.shape:g}"
    drawn, most = drawn_rate(starts), most_goodput(starts)
    as_drawn = "" if drawn is None else f" ({drawn:.3g} as drawn, goodput {most:.3g} at most)"
    return (
        f"{arrivals.process} arrivals{shape}, {arrivals.rate:g} per second{as_drawn}, "
        f"seed {arrivals.seed}"
    )


def _lengths(lengths: Lengths) -> str:
    into, out = lengths.input_tokens, lengths.output_tokens
    tokens = "token" if max(into) == 1 else "tokens"
    return f"exactly {_span(into)} {tokens} in and {_span(out)} out"


def _span(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return str(least) if least == most else f"{least} to {most}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _stop(stop: Stop) -> str:
    least = f"for at least {stop.min_duration_s:g} s and {_many(stop.min_requests, 'request')}"
    parts = [least]
    if stop.interval is not None:
        interval = stop.interval
        parts.append(f"until {interval.metric} is known within {100 * interval.within:g} %")
    if stop.max_duration_s is not None:
        parts.append(f"{stop.max_duration_s:g} s at most")
    if stop.saturation:
        parts.append("unless over-saturated")
    return ", ".join(parts)


def _search(search: Search) -> str:
    size = f"of {_many(search.requests, 'request')} at most"
    if search.duration_s is not UNSET:
        least = given(search.min_requests, 1)
        size = f"at most, each of {search.duration_s:g} s, {least} to {search.requests} requests"
    return (
        f"search for the highest rate from {search.min_rate:g} to {search.max_rate:g} per second "
        f"whose p{search.percentile:g} meets the objectives: {search.max_probes} probes "
        f"{size}, bracket {search.resolution:.3g} of the rate"
    )
