"""A process that sends, as its parent sees it: started, listened to, and gone at the end."""

from __future__ import annotations

import contextlib
import dataclasses
import operator
import os
import signal
import subprocess
import sys
import tempfile
import time
from typing import IO, TYPE_CHECKING, Final, cast

import msgspec

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError
from suite.documents.event import Request
from suite.measure.load.processes.messages import ROOT, Inbox, Outbox
from suite.measure.load.requests.job import Job
from suite.measure.load.stats import PhaseStats
from suite.measure.load.transport.clock import ClockFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.measure.load.processes.order import Order

MODULE: Final = "suite.measure.load.processes.worker_main"
SILENT_S: Final = 30.0
"""A process that has said nothing for this long does not run any more, whatever the system says."""
END_S: Final = 2.0
"""How long a process that has sent its last message may take to leave."""
_event: Final = msgspec.msgpack.Decoder(Request).decode
_job_values: Final = operator.attrgetter(*(field.name for field in dataclasses.fields(Job)))


@contextlib.contextmanager
def start(order: Order, jobs: list[Job]) -> Iterator[Worker]:
    """Start a process with its order; it is gone when the block is left."""
    with tempfile.TemporaryFile() as log:
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                start_new_session=True,
            )
        except OSError as cause:
            message = Sentence(
                f"a load process did not start: {cause.strerror or cause}",
                f"有负载进程没有启动：{cause.strerror or cause}",
            )
            raise SetupError(
                "worker-unstartable",
                message,
                hint=Sentence("run with --workers 1", "请以 --workers 1 运行"),
            ) from cause
        member = Worker(process, log, jobs)
        try:
            member.order(order)
            yield member
        finally:
            member.close()


class Worker:
    """One process.

    Attributes:
        events_fd: where its messages come from.
        commands_fd: where its commands go.
        ready: its connections stand.
        over: it has sent its last message, or can send no more.
        stats: how its share went; None before the end, and for ever when it died.
        error: class, code, message and hint of the error that ended it, None usually.
        in_flight: requests, by its last message.
        heard_at: reading of the monotonic clock, in seconds, of its last message.
    """

    loss = "worker-died"
    silent_s = SILENT_S

    def __init__(
        self, process: subprocess.Popen[bytes], log: IO[bytes], jobs: Sequence[Job]
    ) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.events_fd = process.stdout.fileno()
        self.commands_fd = process.stdin.fileno()
        self.ready = False
        self.over = False
        self.stats: PhaseStats | None = None
        self.error: tuple[str, str, str, str] | None = None
        self.in_flight = 0
        self.heard_at = time.monotonic()
        self._process = process
        self._log = log
        self._jobs = jobs
        self._left = {job.index for job in jobs}
        os.set_blocking(self.events_fd, False)
        self._inbox = Inbox(self.events_fd)
        self._outbox = Outbox(process.stdin.fileno())

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def order(self, order: Order) -> None:
        """Send what it is to do."""
        self._outbox.send(order.pack())
        for job in self._jobs:
            self._outbox.send(_job_values(job))

    def tell(self, *command: object) -> None:
        """Send a command."""
        self._outbox.send(command)

    def flush(self) -> bool:
        """Go on with what its pipe did not take; True when there is still more."""
        self._outbox.flush()
        return self._outbox.waiting > 0

    def receive(self) -> Iterator[Request]:
        """Take what it says; gives the events among it."""
        self._inbox.read()
        for value in self._inbox.messages():
            # Here and below: what `worker_main` sends.
            kind, *rest = cast("tuple[str, *tuple[object, ...]]", value)
            self.heard_at = time.monotonic()
            if kind == "event":
                event = _event(cast("bytes", rest[0]))
                self._left.discard(event.index)
                yield event
            elif kind == "state":
                self.in_flight = cast("int", rest[1])
            elif kind == "ready":
                self.ready = True
            elif kind == "end":
                self.stats = _stats(cast("dict[str, object]", rest[0]))
            elif kind == "error":
                name, code, message, hint = cast(
                    "tuple[str, str, list[str], list[str]]", tuple(rest)
                )
                self.error = name, code, Sentence(*message), Sentence(*hint)
        self.over = self._inbox.ended

    def lose(self, start_ns: int) -> list[Job]:
        """Of a process that died: the requests that it had sent and not ended, as far as that is known.

        In an open loop these are all that were due; in a closed loop as many as it last said were in flight,
        because requests are sent in order. The others count as never sent.

        Args:
            start_ns: the moment of the monotonic clock at which the phase started; 0 before that.
        """
        left = [job for job in self._jobs if job.index in self._left] if start_ns else []
        if left and left[0].t_sched_ns is not None:
            due = time.monotonic_ns() - start_ns
            left = [job for job in left if (job.t_sched_ns or 0) <= due]
        else:
            left = left[: self.in_flight]
        self._left.difference_update(job.index for job in left)
        return left

    @property
    def unsent(self) -> int:
        """Requests that it never sent, once it is over."""
        return len(self._left)

    def died(self) -> str:
        """How it died, as the end of a sentence."""
        try:
            status = self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self._process.wait()
        if status < 0:
            return f"was killed by {signal.Signals(-status).name}"
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return f"ended with status {status}" + (f" ({lines[-1][:80]})" if lines else "")

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def close(self) -> None:
        """Make sure that it is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        if not self.over:
            self.kill()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        self._process.stdout.close()


def _stats(values: dict[str, object]) -> PhaseStats:
    stats = PhaseStats(**values)  # type: ignore[arg-type]  # as the worker sent them
    stats.clock = ClockFacts(**cast("dict[str, object]", values["clock"]))  # type: ignore[arg-type]  # likewise
    return stats
