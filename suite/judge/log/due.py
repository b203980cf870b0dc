"""Which requests of a phase were due, by its plan and its rules, and which of those the log lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence
from suite.declare.analysis.bisection import planned
from suite.declare.profiles import controls
from suite.declare.scenarios.phase import (
    has_exact_lengths,
    is_conversation,
    is_search,
    kind,
    search_of,
    session_of,
)
from suite.declare.tasks.synthetic import synthetic_task
from suite.documents.event import has_failed
from suite.judge.log.phases import rate_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.documents.event import Request
    from suite.documents.phase import Phase
    from suite.judge.log.phases import PhaseLog

CUT = ("enough", "max-duration", "saturated")
"""Endings by which a stop rule leaves the rest of a phase unsent."""
MOST_WORKERS = 64
"""Client processes that a phase may have been dealt among: with as many as requests, none would ever be missing."""
UNEVEN = 0.25
"""Share of its requests by which one client process may be behind the one that sent most, when a phase is cut."""
HEARD_S = 0.1
"""How long it takes until every client process has heard of an ending."""
EARLY = ("objective-missed", "saturated")
"""Endings of a probe that leave the rest of it unsent."""


def is_answer(event: Request) -> bool:
    """Whether a request ended well and said something."""
    return event.chunk_t0 is not None and not has_failed(event)


def planned_task(doc: Phase, ids: Sequence[str], index: int) -> str:
    """The task that request `index` of a phase is for."""
    if has_exact_lengths(doc):
        return synthetic_task(index)
    hidden = controls.by_index(doc)
    name = ids[controls.number(doc, hidden, index, len(ids))]
    return controls.task_name(name, hidden[index]) if index in hidden else name


def most(doc: Phase) -> int:
    """Requests that a phase may send."""
    return 0 if doc.not_run is not UNSET else doc.tasks


def holes(numbers: Iterable[int], workers: int = 1) -> int:
    """Numbers missing below others: each worker takes every `workers`-th, in order, from the first on."""
    highest: dict[int, int] = {}
    count = 0
    for number in set(numbers):
        share = number % workers
        highest[share] = max(highest.get(share, -1), number // workers)
        count += 1
    return sum(last + 1 for last in highest.values()) - count


def short_of(numbers: Iterable[int], workers: int, share: int, planned: int) -> int:
    """Numbers that some workers lack of what the one with most has sent.

    Args:
        numbers: what was sent.
        workers: among how many it was dealt, number modulo them.
        share: numbers by which they may differ in any case, such as requests in flight.
        planned: numbers that there are; the last round need not have one for each worker.
    """
    counts = [0] * min(workers, planned)
    for number in set(numbers):
        if 0 <= number < planned:
            counts[number % workers] += 1
    most_sent = max(counts, default=0)
    allowed = int(most_sent * UNEVEN) + share
    return sum(max(0, most_sent - allowed - count) for count in counts)


def was_cut(log: PhaseLog) -> bool:
    """Whether the run says that a stop rule of the plan ended the phase before everything was sent."""
    return log.doc.stop is not UNSET and log.noted.text("ended_by") in CUT


def missing(log: PhaseLog) -> int:
    """Requests that were due and are not in the log.

    Everything planned is due, except behind an ending that the phase's stop rule or search allows (whether it
    was justified is for rules R040 and R041), and the turns after a failed one.
    """
    doc = log.doc
    if doc.not_run is not UNSET:
        return 0
    if is_search(doc):
        return _missing_of_search(log)
    sent = {event.index for event in log.events if event.index < doc.tasks}
    if is_conversation(doc):
        return _missing_of_sessions(log, session_of(doc).turns)
    if was_cut(log):
        dealt = workers(log)
        return holes(sent, dealt) + short_of(sent, dealt, _share(log, dealt), doc.tasks)
    return doc.tasks - len(sent)


def workers(log: PhaseLog) -> int:
    """How many client processes dealt the requests among them; 1 where the log's word cannot be true."""
    count = log.noted.count("workers") or 1
    return count if count <= most_workers(log.doc) else 1


def most_workers(doc: Phase) -> int:
    """Client processes that can share a phase: no more than may be in flight, and one where batches are in step."""
    if doc.lockstep or kind(doc).one_at_a_time:
        return 1
    return min(MOST_WORKERS, doc.concurrency or MOST_WORKERS)


def too_many_workers(log: PhaseLog, processors: int | None) -> str:
    """Why the client processes that the log notes cannot have been there; "" when they can.

    Args:
        log: the phase.
        processors: of the host that sent, None where that is not known.
    """
    count = max(
        [log.noted.count("workers") or 1]
        + [probe.closed.count("workers") or 1 for probe in log.probes]
    )
    if count > most_workers(log.doc):
        return Sentence(
            f"{count} client processes, at most {most_workers(log.doc)} could share it",
            f"{count} 个客户端进程，至多可由 {most_workers(log.doc)} 个分担",
        )
    if processors is not None and count > max(1, 2 * processors):
        return Sentence(
            f"{count} client processes on {processors} processors",
            f"{processors} 个处理器上有 {count} 个客户端进程",
        )
    return ""


def _share(log: PhaseLog, dealt: int) -> int:
    """Requests by which client processes may differ when a phase is cut: what each has in flight, or hears late of."""
    concurrency = log.doc.concurrency
    if concurrency is not None:
        return -(-concurrency // dealt)
    arrivals = log.doc.arrivals
    rate = 0.0 if arrivals is None else arrivals.rate
    return 2 + int(rate * HEARD_S / dealt)


def _missing_of_search(log: PhaseLog) -> int:
    if not log.probes:
        return log.doc.tasks
    lacking = 0
    search = search_of(log.doc)
    for probe in log.probes:
        rate = rate_of(log, probe)
        due = search.requests if rate is None else planned(search, rate)
        places = {event.index % search.requests for event in probe.events}
        sent = {place for place in places if place < due}
        if probe.closed.text("ended_by") in EARLY:
            count = probe.closed.count("workers") or 1
            dealt = count if count <= MOST_WORKERS else 1
            share = 2 + int((rate or 0.0) * HEARD_S / dealt)
            lacking += holes(sent, dealt) + short_of(sent, dealt, share, due)
        else:
            lacking += due - len(sent)
    return lacking


def unsent_turns(log: PhaseLog) -> int:
    """Turns that were not sent because an earlier one of their session failed."""
    if not is_conversation(log.doc):
        return 0
    turns = session_of(log.doc).turns
    lacking = 0
    for last in last_turns(log, turns).values():
        if not is_answer(last):
            lacking += turns - 1 - last.index % turns
    return lacking


def last_turns(log: PhaseLog, turns: int) -> dict[int, Request]:
    """The last turn of each session that is in the log."""
    last: dict[int, Request] = {}
    for event in log.events:
        session = event.index // turns
        if session not in last or event.index > last[session].index:
            last[session] = event
    return last


def _missing_of_sessions(log: PhaseLog, turns: int) -> int:
    last = last_turns(log, turns)
    sent = {event.index for event in log.events}
    reached = sum(event.index % turns + 1 for event in last.values())
    lacking = reached - len(sent)
    if was_cut(log):
        dealt = workers(log)
        sessions = log.doc.tasks // turns
        lacking += holes(last, dealt)
        return lacking + short_of(last, dealt, _share(log, dealt), sessions)
    tasks = log.doc.tasks
    dropped = unsent_turns(log)
    lacking += tasks - reached - dropped
    failed = sum(not is_answer(event) for event in log.events)
    if failed + dropped > log.doc.failure_bound * tasks:
        lacking += dropped
    return lacking
