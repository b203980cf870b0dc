"""How a phase offered its requests, as the scorecard says it: taken from the plan, lists cut to their ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from suite.base import jsonio
from suite.declare.analysis.backlog import drawn_rate
from suite.declare.scenarios.phase import is_all_at_once
from suite.documents.card_phase import LengthsLoad, Load, SessionLoad
from suite.documents.value import stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msgspec import UnsetType

    from suite.documents.phase import Arrivals, Lengths, Phase, Search, Trace


def load(phase: Phase) -> Load:
    """How a phase offered its requests; a member that does not apply is left out.

    Two phases with the same load were asked the same: everything of the plan that decides what is sent when
    is in it, whole or by its digest, but for the task set and the decoding, which the workload says.
    """
    arrivals = phase.arrivals
    return Load(
        concurrency=phase.concurrency,
        process=arrivals.process if arrivals else None,
        rate=arrivals.rate if arrivals else None,
        seed=arrivals.seed if arrivals else None,
        drawn=UNSET if phase.arrivals_ns is None else _drawn(phase.arrivals_ns),
        shape=UNSET if arrivals is None or arrivals.shape is None else arrivals.shape,
        trace=_trace(arrivals),
        all_at_once=is_all_at_once(phase) or UNSET,
        lockstep=phase.lockstep or UNSET,
        session=_sessions(phase),
        lengths=UNSET if phase.lengths is UNSET else _lengths(phase.lengths),
        max_new_tokens=phase.max_new_tokens,
        search=_search(phase),
        stop=phase.stop,
    )


def _drawn(arrivals_ns: Sequence[int]) -> float | UnsetType:
    drawn = drawn_rate(arrivals_ns)
    return UNSET if drawn is None else stored(drawn)


# The card writes these two as floats, however the profile wrote them: cards of equal loads have equal bytes.


def _trace(arrivals: Arrivals | None) -> Trace | UnsetType:
    if arrivals is None or arrivals.trace is UNSET:
        return UNSET
    return replace(arrivals.trace, speed=float(arrivals.trace.speed))


def _search(phase: Phase) -> Search | UnsetType:
    if phase.search is UNSET or phase.search.duration_s is UNSET:
        return phase.search
    return replace(phase.search, duration_s=float(phase.search.duration_s))


def _sessions(phase: Phase) -> SessionLoad | UnsetType:
    session = phase.session
    if session is UNSET:
        return UNSET
    return SessionLoad(
        sessions=phase.tasks // session.turns, turns=session.turns, think_ms=session.think_ms
    )


def _lengths(lengths: Lengths) -> LengthsLoad:
    inputs, outputs = lengths.input_tokens, lengths.output_tokens
    return LengthsLoad(
        input_tokens=(min(inputs), max(inputs)),
        output_tokens=(min(outputs), max(outputs)),
        seed=lengths.seed,
        sha256=jsonio.digest({"input_tokens": inputs, "output_tokens": outputs}),
    )
