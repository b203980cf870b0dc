"""Which requests of a phase were due, by its plan and its rules, and which of those the log lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.declare.workload.lengths import synthetic_task

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.declare.plandoc import PhaseDoc
    from suite.eventdoc import RequestEvent
    from suite.judge.metrics.phaselog import PhaseLog

CUT = ("enough", "max-duration", "saturated")
"""Endings by which a stop rule leaves the rest of a phase unsent."""
EARLY = ("objective-missed", "saturated")
"""Endings of a probe that leave the rest of it unsent."""


def is_answer(event: RequestEvent) -> bool:
    """Whether a request ended well and said something."""
    return event["outcome"] == "ok" and event["chunk_t0"] is not None


def planned_task(doc: PhaseDoc, ids: Sequence[str], index: int) -> str:
    """The task that request `index` of a phase is for."""
    if "lengths" in doc:
        return synthetic_task(index)
    return ids[(doc["first_task"] + index) % len(ids)]


def most(doc: PhaseDoc) -> int:
    """Requests that a phase may send."""
    return 0 if "not_run" in doc else doc["tasks"]


def holes(numbers: Iterable[int], workers: int = 1) -> int:
    """Numbers missing below others: each worker takes every `workers`-th, in order, from the first on."""
    highest: dict[int, int] = {}
    count = 0
    for number in set(numbers):
        share = number % workers
        highest[share] = max(highest.get(share, -1), number // workers)
        count += 1
    return sum(last + 1 for last in highest.values()) - count


def was_cut(log: PhaseLog) -> bool:
    """Whether the run says that a stop rule of the plan ended the phase before everything was sent."""
    return "stop" in log.doc and log.noted.text("ended_by") in CUT


def missing(log: PhaseLog) -> int:
    """Requests that were due and are not in the log.

    Everything planned is due, except behind an ending that the phase's stop rule or search allows (whether it
    was justified is for rules R040 and R041), and the turns after a failed one.
    """
    doc = log.doc
    if "not_run" in doc:
        return 0
    if "search" in doc:
        return _missing_of_search(log)
    sent = {event["index"] for event in log.events if event["index"] < doc["tasks"]}
    if "session" in doc:
        return _missing_of_sessions(log, doc["session"]["turns"])
    if was_cut(log):
        return holes(sent, workers(log))
    return doc["tasks"] - len(sent)


def workers(log: PhaseLog) -> int:
    """How many client processes dealt the requests among them."""
    return max(1, log.noted.count("workers") or 1)


def _missing_of_search(log: PhaseLog) -> int:
    if not log.probes:
        return log.doc["tasks"]
    lacking = 0
    for probe in log.probes:
        requests = log.doc["search"]["requests"]
        sent = {event["index"] % requests for event in probe.events}
        if probe.closed.text("ended_by") in EARLY:
            lacking += holes(sent, max(1, probe.closed.count("workers") or 1))
        else:
            lacking += requests - len(sent)
    return lacking


def unsent_turns(log: PhaseLog) -> int:
    """Turns that were not sent because an earlier one of their session failed."""
    if "session" not in log.doc:
        return 0
    turns = log.doc["session"]["turns"]
    lacking = 0
    for last in _last_turns(log, turns).values():
        if not is_answer(last):
            lacking += turns - 1 - last["index"] % turns
    return lacking


def _last_turns(log: PhaseLog, turns: int) -> dict[int, RequestEvent]:
    """The last turn of each session that is in the log."""
    last: dict[int, RequestEvent] = {}
    for event in log.events:
        session = event["index"] // turns
        if session not in last or event["index"] > last[session]["index"]:
            last[session] = event
    return last


def _missing_of_sessions(log: PhaseLog, turns: int) -> int:
    last = _last_turns(log, turns)
    sent = {event["index"] for event in log.events}
    reached = sum(event["index"] % turns + 1 for event in last.values())
    lacking = reached - len(sent)
    if was_cut(log):
        return lacking + holes(last, workers(log))
    tasks = log.doc["tasks"]
    dropped = unsent_turns(log)
    lacking += tasks - reached - dropped
    failed = sum(not is_answer(event) for event in log.events)
    if failed + dropped > log.doc["failure_bound"] * tasks:
        lacking += dropped
    return lacking
