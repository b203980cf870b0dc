"""One of several processes that send a phase: ``python -m suite.measure.load.processes.worker_main``.

Standard input brings the order and then commands, standard output takes the events. It runs the same client as a
phase of one process, with its share of the requests; `suite.measure.load.processes.coordinator` is the other side.
"""

from __future__ import annotations

import dataclasses
import gc
import os
import select
import sys
import time
from typing import TYPE_CHECKING, Final, cast

import msgspec

from suite.base.bilingual import chinese, english
from suite.base.errors import SuiteError
from suite.measure.load.driver import Hooks
from suite.measure.load.phase import send_here
from suite.measure.load.processes.messages import Inbox, Outbox, widen
from suite.measure.load.processes.order import Order
from suite.measure.load.requests.job import Job
from suite.measure.load.sources import source_of
from suite.measure.load.stats import Ending
from suite.measure.load.target import Target

if TYPE_CHECKING:
    from suite.documents.event import Request
    from suite.measure.load.stats import PhaseStats

BEAT_NS: Final = 1_000_000_000
"""A worker says something at least this often while it sends."""
MOST_UNREAD: Final = 16 << 20
"""Bytes of events that may wait for the parent in a worker's memory; beyond, the worker waits."""


class Control:
    """The parent's commands, looked for without waiting.

    Attributes:
        stopped: the parent says so, or is gone.
        ending: why no more is to be sent, once the parent says so.
    """

    def __init__(self, inbox: Inbox, outbox: Outbox, fd: int) -> None:
        self.stopped = False
        self.ending: Ending | None = None
        self._inbox = inbox
        self._outbox = outbox
        self._fd = fd
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)
        self._start: int | None = None
        self._beat_at = 0
        os.set_blocking(fd, False)

    def stop(self) -> bool:
        """Whether the parent wants the phase stopped; also keeps the pipes moving."""
        self._look()
        self._outbox.flush()
        now = time.monotonic_ns()
        if now >= self._beat_at:
            self._beat_at = now + BEAT_NS
            self._outbox.send(("alive",))
        return self.stopped

    def enough(self) -> Ending | None:
        """Why nothing more is to be sent; commands were looked for a moment ago."""
        return self.ending

    def begin(self) -> int | None:
        """Tell that the connections stand, and wait for the moment at which all start."""
        self._outbox.send(("ready",))
        self._outbox.finish()
        while self._start is None and not self.stopped:
            self._poll.poll()
            self._look()
        return None if self.stopped else self._start

    def _look(self) -> None:
        while self._inbox.read():
            pass
        for value in self._inbox.messages():
            command = cast("tuple[str, ...]", value)  # as `Worker.tell` sends it
            if command[0] == "start":
                self._start = int(command[1])
            elif command[0] == "ending":
                self.ending = Ending(command[1], cancel=bool(command[2]))
            else:
                self.stopped = True
        # Without a parent nobody wants the load.
        self.stopped = self.stopped or self._inbox.ended


def main(commands_fd: int, events_fd: int) -> int:
    """Take the order, run it, tell how it went; returns the exit status."""
    inbox, outbox = Inbox(commands_fd), Outbox(events_fd)
    widen(commands_fd)
    received = _take_order(inbox)
    if received is None:
        return 1
    order, jobs = received
    if order.core is not None:
        os.sched_setaffinity(0, {order.core})
    try:
        stats = _run(order, jobs, Control(inbox, outbox, commands_fd), outbox)
    except SuiteError as error:
        both = _both(error.message), _both(error.hint)
        outbox.send(("error", type(error).__name__, error.code, *both))
    else:
        outbox.send(("end", plain(stats)))
    outbox.finish()
    return 0


def _take_order(inbox: Inbox) -> tuple[Order, list[Job]] | None:
    """The order and its requests; None when the parent is gone."""
    order: Order | None = None
    jobs: list[Job] = []
    while inbox.read():
        for value in inbox.messages():
            if order is None:
                order = Order.unpack(cast("bytes", value))  # the requests follow
            else:
                jobs.append(Job(*cast("tuple[int, str, bytes, int | None, str]", value)))
        if order is not None and len(jobs) == order.jobs:
            return order, jobs
    return None


def _both(text: str) -> tuple[str, str]:
    """A sentence as plain texts, English and Chinese."""
    return str(text), str(chinese(text))


def _run(order: Order, jobs: list[Job], control: Control, outbox: Outbox) -> PhaseStats:
    def on_request(event: Request) -> None:
        outbox.send(("event", msgspec.msgpack.encode(event, enc_hook=english)))
        if outbox.waiting > MOST_UNREAD:
            outbox.finish()

    def on_progress(completed: int, failed: int, in_flight: int) -> None:
        outbox.send(("state", completed + failed, in_flight))

    target = Target(
        base_url=order.base_url,
        path=order.path,
        headers=order.headers,
        request=order.request,
        send_stamps=order.send_stamps,
        address=order.address,
    )
    hooks = Hooks(control.stop, control.enough, on_progress, control.begin)
    source = source_of(order.phase, jobs)
    return send_here(
        target,
        source,
        phase=order.phase,
        zero_ns=order.zero_ns,
        on_request=on_request,
        hooks=hooks,
    )


def plain(stats: PhaseStats) -> dict[str, object]:
    """Statistics as plain values."""
    return {**dataclasses.asdict(stats), "outcomes": dict(stats.outcomes)}


if __name__ == "__main__":
    gc.freeze()
    sys.exit(main(0, 1))
