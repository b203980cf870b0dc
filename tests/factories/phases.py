"""Phases and their parts for tests of schedules, searches and stop rules; any member can be changed."""

from __future__ import annotations

from suite.documents.phase import Arrivals, Interval, Phase, Search, Stop
from suite.documents.workload import Objectives


def phase(name: str, **changes: object) -> Phase:
    """A closed loop of eight requests, two at a time."""
    members = {
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
    return Phase(name=name, **{**members, **changes})


def arrivals(**changes: object) -> Arrivals:
    """Four requests per second, Poisson."""
    return Arrivals(**{"process": "poisson", "rate": 4.0, "seed": 1, "shape": None, **changes})


def search(**changes: object) -> Search:
    """Between 1 and 100 requests per second, 100 requests a probe."""
    members = {
        "min_rate": 1.0,
        "max_rate": 100.0,
        "requests": 100,
        "max_probes": 12,
        "resolution": 0.05,
        "percentile": 99.0,
        "seed": 1,
    }
    return Search(**{**members, **changes})


def stop(**changes: object) -> Stop:
    """Ends with the first answer."""
    members = {
        "min_duration_s": 0.0,
        "min_requests": 1,
        "max_duration_s": None,
        "interval": None,
        "saturation": False,
    }
    return Stop(**{**members, **changes})


def interval(metric: str, within: float) -> Interval:
    return Interval(metric=metric, within=within)


def objectives(**bounds: float) -> Objectives:
    """Bounds in milliseconds; what is not given has none."""
    return Objectives(**{"ttft_ms": None, "tpot_ms": None, "e2e_ms": None, **bounds})
