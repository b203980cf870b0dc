"""Where the requests of a phase come from, and when each is due: fixed lists, batches, schedules, conversations.

The driver asks a source twice per request and not at all per token. It sends while fewer requests are in flight
than `limit` says and `due_ns` is not ahead.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.event import Request
    from suite.documents.phase import Phase
    from suite.measure.load.requests.job import Job

UNLIMITED: Final = 1 << 62


class Source(Protocol):
    """Gives the requests of a phase.

    Attributes:
        planned: how many requests it gives at most.
        given: how many it has given.
        streams: requests in flight at most; None when the loop is open.
        limit: another request is to be sent while fewer than this many are in flight; 0 when there is none now.
        due_ns: when the next one is due, relative to the phase's start; only meaningful while `limit` is not 0.
        conversing: requests depend on answers: `ended` must be told of each, promptly.
    """

    planned: int
    given: int
    streams: int | None
    limit: int
    due_ns: int
    conversing: bool

    def take(self) -> Job:
        """The next request; only while `limit` is not 0."""

    def ended(self, event: Request, elapsed_ns: int) -> None:
        """A request has ended, so long after the phase's start; only for a source that is conversing."""

    def waiting(self) -> bool:
        """Whether it may still give requests, now or after others have ended."""

    def close(self) -> None:
        """Give nothing more."""


class ClosedLoop:
    """A list, so many requests in flight at any time; see `Source`."""

    __slots__ = ("_jobs", "conversing", "due_ns", "given", "limit", "planned", "streams")

    def __init__(self, jobs: Sequence[Job], concurrency: int) -> None:
        self._jobs = jobs
        self.planned = len(jobs)
        self.given = 0
        self.streams: int | None = concurrency
        self.limit = concurrency if jobs else 0
        self.due_ns = 0
        self.conversing = False

    def take(self) -> Job:
        """The next request."""
        job = self._jobs[self.given]
        self.given += 1
        if self.given == self.planned:
            self.limit = 0
        return job

    def ended(self, event: Request, elapsed_ns: int) -> None:
        """Nothing depends on it."""

    def waiting(self) -> bool:
        """Whether it may still give requests."""
        return self.limit > 0

    def close(self) -> None:
        """Give nothing more."""
        self.limit = 0


class Lockstep(ClosedLoop):
    """A list in batches: the next batch is sent when the last request of the one before has ended."""

    __slots__ = ("_size",)

    def __init__(self, jobs: Sequence[Job], size: int) -> None:
        super().__init__(jobs, size)
        self._size = size

    def take(self) -> Job:
        """The next request."""
        job = super().take()
        if self.limit:
            # Between two batches another one is sent only when none is in flight.
            self.limit = 1 if self.given % self._size == 0 else self._size
        return job


class OpenLoop:
    """A list, each request at its intended time whatever the server does; the times rise; see `Source`."""

    __slots__ = ("_jobs", "conversing", "due_ns", "given", "limit", "planned", "streams")

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self.planned = len(jobs)
        self.given = 0
        self.streams: int | None = None
        self.limit = UNLIMITED if jobs else 0
        self.due_ns = self._due(0)
        self.conversing = False

    def _due(self, number: int) -> int:
        return (self._jobs[number].t_sched_ns or 0) if number < self.planned else 0

    def take(self) -> Job:
        """The next request."""
        job = self._jobs[self.given]
        self.given += 1
        if self.given == self.planned:
            self.limit = 0
        self.due_ns = self._due(self.given)
        return job

    def ended(self, event: Request, elapsed_ns: int) -> None:
        """Nothing depends on it."""

    def waiting(self) -> bool:
        """Whether it may still give requests."""
        return self.limit > 0

    def close(self) -> None:
        """Give nothing more."""
        self.limit = 0


class Conversation(Protocol):
    """One session: each of its requests is made from the answer to the one before."""

    def first(self) -> Job:
        """The first turn's request."""

    def after(self, event: Request) -> Job | None:
        """The request that follows this turn; None when the session is over, or its turn failed."""


class Sessions:
    """Conversations, so many at once, each with a pause between an answer and the next turn; see `Source`.

    A conversation that ends makes room for the next one of the list. The time from an answer's end to its being
    decoded counts as part of the pause.
    """

    __slots__ = (
        "_closed",
        "_due",
        "_next",
        "_running",
        "_sessions",
        "_think_ns",
        "_ticket",
        "conversing",
        "due_ns",
        "given",
        "limit",
        "planned",
        "streams",
    )

    def __init__(
        self,
        conversations: Sequence[Conversation],
        concurrency: int,
        think_ns: int,
        *,
        planned: int = 0,
    ) -> None:
        """Begin the first conversations.

        Args:
            conversations: in the order in which they begin.
            concurrency: how many at once.
            think_ns: pause after each answer.
            planned: requests of all of them together; 0 takes the phase's ``tasks``.
        """
        self._sessions = conversations
        self._think_ns = think_ns
        self._next = 0
        self._ticket = 0
        self._due: list[tuple[int, int, Job, Conversation]] = []
        self._running: dict[int, Conversation] = {}
        self._closed = False
        self.planned = planned
        self.given = 0
        self.streams: int | None = concurrency
        self.limit = 0
        self.due_ns = 0
        self.conversing = True
        for _ in range(concurrency):
            self._begin(0)

    def take(self) -> Job:
        """The next turn that is due."""
        _, _, job, session = heapq.heappop(self._due)
        self._running[job.index] = session
        self.given += 1
        self._look()
        return job

    def ended(self, event: Request, elapsed_ns: int) -> None:
        """A turn has ended: the next one follows after the pause, or another session begins."""
        session = self._running.pop(event.index)
        if self._closed:
            return
        job = session.after(event)
        if job is None:
            self._begin(elapsed_ns)
        else:
            self._push(elapsed_ns + self._think_ns, job, session)

    def waiting(self) -> bool:
        """Whether it may still give requests."""
        return not self._closed and bool(self._due or self._running)

    def close(self) -> None:
        """Give nothing more."""
        self._closed = True
        self._due.clear()
        self._look()

    def _begin(self, due_ns: int) -> None:
        if self._next < len(self._sessions):
            session = self._sessions[self._next]
            self._next += 1
            self._push(due_ns, session.first(), session)

    def _push(self, due_ns: int, job: Job, session: Conversation) -> None:
        self._ticket += 1
        heapq.heappush(self._due, (due_ns, self._ticket, job, session))
        self._look()

    def _look(self) -> None:
        self.limit = UNLIMITED if self._due else 0
        self.due_ns = self._due[0][0] if self._due else 0


def source_of(phase: Phase, jobs: Sequence[Job]) -> Source:
    """The source for a list of requests.

    With intended times the loop is open. Otherwise it is closed with the phase's ``concurrency`` requests in
    flight (none given: one for ``single_stream``, all for the rest), in batches if ``lockstep`` says so.
    """
    if jobs and all(job.t_sched_ns is not None for job in jobs):
        return OpenLoop(jobs)
    single = phase.scenario == "single_stream"
    concurrency = phase.concurrency or (1 if single else max(1, len(jobs)))
    if phase.lockstep:
        return Lockstep(jobs, concurrency)
    return ClosedLoop(jobs, concurrency)
