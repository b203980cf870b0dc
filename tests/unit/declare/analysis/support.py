"""Requests and servers of numbers alone."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable, Sequence

from suite.declare.analysis.observed import Observed
from suite.declare.analysis.stop import PhaseEnd, PhaseRule
from suite.documents.phase import Stop

MS = 1_000_000
SECOND = 1_000_000_000


def request(number: int, **changes: object) -> Observed:
    """A request that was sent 10 ms after the one before and took 100 ms for 10 tokens."""
    sent = number * 10 * MS
    plain = Observed(
        number=number,
        sched=sent,
        sent=sent,
        first=sent + 10 * MS,
        last=sent + 100 * MS,
        end=sent + 100 * MS,
        tokens=10,
        ok=True,
        cancelled=False,
    )
    made = plain._replace(**changes)
    # The first chunk brings one token, unless all came at once.
    whole = made.last == made.first and (made.tokens or 0) > 1
    after = None if made.tokens is None else 0 if whole else made.tokens - 1
    return made._replace(**{"after": after, "whole": whole, **changes})


def failed(number: int, **changes: object) -> Observed:
    return request(number, first=None, last=None, tokens=None, ok=False, **changes)


def poisson(rate: float, count: int, seed: int, *, shape: float = 1.0) -> list[int]:
    """Arrival times in nanoseconds; a shape below 1 makes bursts."""
    source = random.Random(seed)
    now, times = 0.0, []
    for _ in range(count):
        now += source.gammavariate(shape, 1 / shape) / rate
        times.append(int(now * 1e9))
    return times


def served(
    arrivals: Sequence[int],
    *,
    slots: int,
    service_ns: int,
    first_ns: int = 0,
    first_number: int = 0,
    tokens: int = 10,
    spread: random.Random | None = None,
) -> list[Observed]:
    """The requests in the order in which they end, of a server with so many slots and one queue."""
    free = [0] * slots
    ended = []
    for number, at in enumerate(arrivals, start=first_number):
        begun = max(at, heapq.heappop(free))
        takes = service_ns if spread is None else int(spread.expovariate(1 / service_ns))
        end = begun + takes
        heapq.heappush(free, end)
        first = begun + min(first_ns, takes)
        ended.append(Observed(number, at, at, first, end, end, tokens, True, False, tokens - 1))
    return sorted(ended, key=lambda item: item.end)


def batched(arrivals: Sequence[int], *, slots: int, tokens: Callable[[], int]) -> list[Observed]:
    """The requests of an engine that batches by iteration: a step of 10 ms and 0.5 ms for each answer in it."""
    ended: list[Observed] = []
    running: list[list[int]] = []
    now = number = 0
    while number < len(arrivals) or running:
        if not running:
            now = max(now, arrivals[number])
        while number < len(arrivals) and arrivals[number] <= now and len(running) < slots:
            running.append([number, tokens(), 0])
            number += 1
        now += 10 * MS + len(running) * MS // 2
        for answer in running:
            answer[1] -= 1
            answer[2] = answer[2] or now
        for index, left, first in running:
            if not left:
                at = arrivals[index]
                ended.append(Observed(index, at, at, first, now, now, 10, True, False))
        running = [answer for answer in running if answer[1]]
    return ended


def replay(
    stop: Stop, requests: Iterable[Observed], *, arrivals_ns: Sequence[int] | None = None
) -> tuple[PhaseEnd | None, int]:
    """Why and after how many requests a rule ended a phase, from its requests in the order of the log."""
    rule = PhaseRule(stop, arrivals_ns=arrivals_ns)
    for request in requests:
        if rule.add(request) is not None:
            break
    return rule.ended_by, rule.seen
