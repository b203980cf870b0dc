"""A load client as the run sees it: the connection, its clock, its share of a load, and why it no longer takes part."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import select
import socket
import time
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import UNSET
from msgspec.structs import asdict, replace

from suite.base.addresses import split_address
from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, SuiteError
from suite.base.framing import LENGTH, MAX_MESSAGE, connect, framed
from suite.documents import farm as wire
from suite.documents.agent import Order, Refused, Reply
from suite.documents.codec import Lines, canonical
from suite.evidence.farm import Offsets
from suite.measure.listener import refused
from suite.measure.load.processes.messages import Inbox, Outbox
from suite.measure.load.stats import PhaseStats
from suite.measure.load.transport.clock import ClockFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.documents.event import Request
    from suite.documents.farm import Exchange
    from suite.documents.phase import Phase
    from suite.measure.load.requests.job import Job

CONNECT_S: Final = 5.0
ANSWER_S: Final = 20.0
SILENT_S: Final = 10.0
"""A client that has said nothing for so long in a load counts as lost; it is asked for the time ten times a second."""
ASK_S: Final = 0.1
EXCHANGES: Final = 10
"""Exchanges one after the other, before and after each load."""
ENDED: Final = Sentence("the connection ended", "连接已断开")
PIECE: Final = 4 << 20
"""Bytes of requests in one message."""

R = TypeVar("R", bound=Reply)


class RemoteClient:
    """A load client; a `suite.measure.load.processes.merge.Member` in the middle of a load.

    Attributes:
        number: from 0.
        where: its HOST:PORT.
        joined: which machine it is.
        ceiling: what it can do there.
        exchanges: of clocks, not yet written into the log.
        sealed: what it said of its log after its last load.
        lost: why it no longer takes part; "" while it does.
        start_ns: when the load started, by its clock since its zero.
        begun: it was told so.
    """

    loss = "client-lost"
    silent_s = SILENT_S

    def __init__(self, number: int, where: str, token: bytes, zero_ns: int) -> None:
        """Connect.

        Args:
            number: from 0.
            where: HOST:PORT.
            token: that both share.
            zero_ns: reading of this machine's monotonic clock that is the run's start.

        Raises:
            SetupError: ``client-absent``; as `suite.base.framing.connect`.
        """
        self.number, self.where, self._zero_ns = number, where, zero_ns
        self.joined: wire.Joined
        self.ceiling: wire.Ceiling
        self.exchanges: list[Exchange] = []
        self.sealed: wire.Seal | None = None
        self.lost = ""
        self.start_ns = 0
        try:
            self._channel = connect(*split_address(where), token, CONNECT_S)
        except OSError as error:
            message = Sentence(
                f"{self.title}: nothing answers: {error.strerror or error}",
                f"{self.title}：没有应答：{error.strerror or error}",
            )
            hint = Sentence(
                "start `suite client` there, with the same token",
                "请在那里以相同的令牌启动 `suite client`",
            )
            raise SetupError("client-absent", message, hint=hint) from error
        self.events_fd = self._channel.socket.fileno()
        self.commands_fd = os.dup(self.events_fd)
        self._channel.socket.setblocking(False)
        self._inbox = Inbox(self.events_fd, self._channel.unseal)
        self._outbox = Outbox(self.commands_fd)
        self._lines = Lines(wire.FarmReplies, file=self.title, error=SetupError)
        self._asked_ns: int | None = None
        self._ask_at = 0.0
        self._recent: list[Exchange] = []
        self.heard_at = time.monotonic()
        self._reset((), None)

    def _reset(self, jobs: Sequence[Job], phase: Phase | None) -> None:
        self.ready = self.over = self.begun = False
        self.error: tuple[str, str, str, str] | None = None
        self.stats: PhaseStats | None = None
        self.in_flight = 0
        self._phase = phase
        self._jobs = jobs
        self._left = {job.index: job for job in jobs}

    @property
    def title(self) -> str:
        """Number and place, for people."""
        return Sentence(
            f"client {self.number} ({self.where})", f"客户端 {self.number}（{self.where}）"
        )

    # Between loads: a question, an answer.

    def ask(self, order: Order, kind: type[R], timeout_s: float = ANSWER_S) -> R:
        """Have the client do something.

        Raises:
            SetupError: ``client-lost``; what the client refused with.
        """
        self._write(order)
        return self._await(kind, timeout_s)

    def _await(self, kind: type[R], timeout_s: float = ANSWER_S) -> R:
        end = time.monotonic() + timeout_s
        while not self._inbox.ended:
            self._outbox.flush()
            left = end - time.monotonic()
            if left <= 0:
                break
            waiting = [self.commands_fd] if self._outbox.waiting else []
            select.select([self.events_fd], waiting, [], min(left, 1.0))
            for reply in self._replies():
                if isinstance(reply, Refused):
                    raise refused(reply, self.title, SetupError)
                if isinstance(reply, kind):
                    return reply
            if self.lost:
                break
        self.lose_it(ENDED if self._inbox.ended else Sentence("it no longer answers", "不再应答"))
        raise self.loss_error()

    def exchange(self) -> None:
        """Some exchanges of clocks, one after the other.

        Raises:
            SetupError: as `ask`.
        """
        if self._asked_ns is not None:  # an answer of the last load is still to come
            self._await(wire.Time)
        for _ in range(EXCHANGES):
            self._asked_ns = time.monotonic_ns() - self._zero_ns
            self.ask(wire.AskTime(), wire.Time)

    def by_its_clock(self, moment_ns: int) -> int:
        """A moment of the run's clock by the client's, as well as the last exchanges know it."""
        there = self._recent[-1][1]
        offset = Offsets(self._recent).at(there)
        return moment_ns + (offset.low + offset.high) // 2

    def loss_error(self) -> SetupError:
        """What a run without this client ends with."""
        return SetupError("client-lost", self.title + Sentence(": ", "：") + self.lost)

    def lose_it(self, why: str) -> None:
        """It takes part no more; the descriptor stays, so that whoever waits at it wakes, until `close`."""
        self.lost = self.lost or why
        with contextlib.suppress(OSError):  # the other end did so first
            self._channel.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Leave the client, which then ends whatever of the run still is there."""
        self._channel.close()
        if self.commands_fd >= 0:
            os.close(self.commands_fd)
            self.commands_fd = -1

    # In a load.

    def load(self, order: wire.Load, jobs: Sequence[Job], phase: Phase) -> None:
        """Hand over a load and its requests; they are written as the connection takes them."""
        self._reset(jobs, phase)
        self.heard_at = time.monotonic()
        self._write(order)
        piece: list[wire.DealtJob] = []
        size = 0
        for job in jobs:
            piece.append(wire.DealtJob(**dataclasses.asdict(job)))
            size += len(job.body)
            if size > PIECE:
                self._write(wire.Jobs(jobs=tuple(piece)))
                piece, size = [], 0
        if piece:
            self._write(wire.Jobs(jobs=tuple(piece)))

    def tell(self, *command: object) -> None:
        """Send a command of the coordinator: ``start``, ``ending`` or ``stop``."""
        match command:
            case ("start", int()):
                self._write(wire.Begin(at_ns=self.start_ns))
            case ("ending", str(reason), cancel):
                self._write(wire.End(reason=reason, cancel=bool(cancel)))
            case _:
                self._write(wire.Halt())

    def flush(self) -> bool:
        """Go on with what was not taken yet, and ask for the time when that is due."""
        if self.over:
            return False
        now = time.monotonic()
        if self._asked_ns is None and now >= self._ask_at and not self._outbox.waiting:
            self._ask_at = now + ASK_S
            self._asked_ns = time.monotonic_ns() - self._zero_ns
            self._write(wire.AskTime())
        self._outbox.flush()
        return self._outbox.waiting > 0

    def receive(self) -> Iterator[Request]:
        """Take what it says; gives the events among it, in its own clock."""
        for reply in self._replies():
            match reply:
                case wire.Ended():
                    if why := self._wrong(reply.request):
                        self.lose_it(why)
                        break
                    del self._left[reply.request.index]
                    yield replace(
                        reply.request,
                        client=self.number,
                        t_seen=time.monotonic_ns() - self._zero_ns,
                    )
                case wire.Ready():
                    self.ready = True
                case wire.Over():
                    self.stats, self.sealed = _stats(reply.stats), reply.seal
                    self.over = True
                case Refused():
                    error = refused(reply, self.title, SetupError)
                    self.error = "SetupError", error.code, error.message, error.hint
                    self.over = True
                case _:
                    pass
        if (self._inbox.ended or self.lost) and not self.over:
            self.lose_it(ENDED)
            self.over = True

    def _wrong(self, event: Request) -> str:
        """Why an event cannot be of a request that it was dealt; "" when it is."""
        phase, job = self._phase, self._left.get(event.index) if self.begun else None
        if phase is None or job is None:
            return Sentence(
                f"it reports request {event.index}, which it was not dealt or has reported",
                f"它报告了请求 {event.index}，而该请求未分派给它或已报告过",
            )
        same = (
            (event.phase, event.repeat, event.measured)
            == (phase.name, phase.repeat, phase.measured)
            and (event.task, event.prompt_sha256) == (job.task, job.prompt_sha256)
            and event.client is UNSET
            and event.t_seen is UNSET
            and event.usage.own_completion is UNSET
            and (job.t_sched_ns is None or event.t_sched == self.start_ns + job.t_sched_ns)
        )
        return (
            ""
            if same
            else Sentence(
                f"it reports request {event.index} as another one than it was dealt",
                f"它所报告的请求 {event.index} 与分派的不同",
            )
        )

    def lose(self, start_ns: int) -> list[Job]:
        """Of one that was lost: the requests that it had sent and not ended, as far as that is known."""
        left = list(self._left.values()) if start_ns else []
        if left and left[0].t_sched_ns is not None:
            due = time.monotonic_ns() - start_ns
            left = [job for job in left if (job.t_sched_ns or 0) <= due]
        else:
            left = left[: self.in_flight]
        for job in left:
            del self._left[job.index]
        return left

    @property
    def unsent(self) -> int:
        """Requests that it never sent, once it is over."""
        return len(self._left)

    def died(self) -> str:
        """How it died, as the end of a sentence."""
        return f"is lost: {self.lost}"

    def kill(self) -> None:
        """Leave it; that it is over follows when the connection is read to its end."""
        self.lose_it(Sentence("it has fallen silent", "已无响应"))

    def _write(self, order: Order) -> None:
        self._outbox.write(self._channel.seal(framed(canonical(order))))

    def _replies(self) -> Iterator[wire.FarmReplies]:
        """What has come; what is no reply loses the client."""
        self._inbox.read()
        arrived_ns = time.monotonic_ns() - self._zero_ns
        try:
            for data in self._inbox.frames(LENGTH, MAX_MESSAGE):
                reply: wire.FarmReplies = self._lines.read(data, 1)
                self.heard_at = time.monotonic()
                if isinstance(reply, wire.Time) and self._asked_ns is not None:
                    self.in_flight = reply.in_flight
                    row = self._asked_ns, reply.received_ns, reply.answered_ns, arrived_ns
                    self._asked_ns = None
                    self.exchanges.append(row)
                    self._recent = [*self._recent[-EXCHANGES:], row]
                yield reply
        except (SuiteError, ValueError) as error:
            self.lose_it(Sentence(f"it sends no message: {error}", f"它发送的不是消息：{error}"))


def _stats(stats: wire.LoadStats) -> PhaseStats:
    clock = asdict(stats.clock)
    for name in ("offset_before", "offset_after"):
        clock[f"{name}_ns"] = clock.pop(f"{name}_us") * 1000
    return PhaseStats(**{**asdict(stats), "clock": ClockFacts(**clock)})
