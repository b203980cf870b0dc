"""The rules about scenarios, R040 to R049, in the order of their numbers."""

from __future__ import annotations

from suite.judge.checks import shapes, stops

RULES = (
    stops.STOPS,
    stops.SEARCH,
    shapes.LENGTHS,
    shapes.CONVERSATIONS,
    shapes.LOCKSTEP,
    stops.SOAK,
    stops.KEPT_UP,
    shapes.REPLAY,
    stops.STEADY,
)
