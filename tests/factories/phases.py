"""A phase as a plan has it, for tests of what reads or runs one."""

from __future__ import annotations

from suite.documents.phase import Phase

CLOSED = {
    "repeat": 0,
    "scenario": "offline",
    "measured": True,
    "first_task": 0,
    "tasks": 8,
    "concurrency": 2,
    "arrivals": None,
    "arrivals_ns": None,
    "timeout_s": 60.0,
    "failure_bound": 0.01,
    "lateness_bound_ms": None,
}


def phase(name: str, **changes: object) -> Phase:
    """A closed loop of eight requests, two at a time, with some members changed."""
    return Phase(name=name, **{**CLOSED, **changes})
