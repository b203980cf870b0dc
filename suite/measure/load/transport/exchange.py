"""One request and what came back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.measure.load.transport.framing import Framer

if TYPE_CHECKING:
    from suite.documents.event import OutcomeCode
    from suite.measure.load.requests.job import Job


class Exchange:
    """One request and what came back. Times are readings of the monotonic clock.

    Attributes:
        job: the request.
        t_sched: intended start; None in a closed loop, where it is the start.
        t_send: just before the first byte was written; for connect errors the attempt.
        t_sent: the kernel's stamp of the first segment's leaving; 0 without.
        t_last: arrival of the last bytes; 0 before any.
        t_end: end of the stream, or of the attempt; 0 while it runs.
        framer: the response.
        fault: outcome code of what went wrong below the stream, None if nothing.
        error: the sentence that goes with it.
        attempts: how often it was sent.
    """

    __slots__ = (
        "attempts",
        "error",
        "fault",
        "framer",
        "job",
        "t_end",
        "t_last",
        "t_sched",
        "t_send",
        "t_sent",
    )

    def __init__(self, job: Job, t_sched: int | None) -> None:
        self.job = job
        self.t_sched = t_sched
        self.t_send = 0
        self.t_sent = 0
        self.t_last = 0
        self.t_end = 0
        self.framer = Framer(job.most_bytes)
        self.fault: OutcomeCode | None = None
        self.error = ""
        self.attempts = 0
