"""One node as the run sees it: the connection to its agent, its log as it comes, and why it no longer takes part."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Final, TypeVar

from suite.base.addresses import split_address
from suite.base.bilingual import Sentence
from suite.base.errors import EngineError, SetupError
from suite.base.framing import connect
from suite.documents import agent as wire
from suite.documents.codec import convert, plain
from suite.documents.nodes import NodeClock
from suite.measure.engine.served import EngineEnd
from suite.measure.listener import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.base.framing import Channel
    from suite.documents.topology import RoleName

CONNECT_S: Final = 5.0
ANSWER_S: Final = 6.0
"""Longest answer to a question that an agent answers from memory."""
WORK_S: Final = 3600.0
"""Longest that an agent may take to get an image and read a model."""
STOP_S: Final = 120.0
"""Longest that an agent may take to end a container and seal its log."""
WATCH_S: Final = 0.5
EXCHANGES: Final = 10

R = TypeVar("R", bound=wire.Reply)


class Node:
    """A node of the group.

    Attributes:
        number: in the group.
        role: its part.
        where: HOST:PORT of its agent.
        machine: which one it is.
        prepared: its image, model and devices.
        sealed: what it left; None where it was lost.
        ended: why it no longer takes part; None while it does.
        log_bytes: of its log that came so far.
    """

    def __init__(
        self, number: int, role: RoleName, where: str, token: bytes, on_log: Callable[[bytes], None]
    ) -> None:
        """Connect to the agent.

        Args:
            number: in the group.
            role: its part.
            where: HOST:PORT of its agent.
            token: that both share.
            on_log: takes what its container prints, and nothing once at the end; may raise `EngineError`.

        Raises:
            SetupError: ``node-absent``; as `suite.base.framing.connect`.
        """
        self.number, self.role, self.where = number, role, where
        self.machine: wire.Machine
        self.prepared: wire.Prepared | None = None
        self.sealed: wire.Sealed | None = None
        self.ended: EngineEnd | None = None
        self.log_bytes = 0
        self._log_sha256 = hashlib.sha256()
        self._on_log = on_log
        self._asking = threading.Lock()
        self._over = threading.Event()
        self._watcher: threading.Thread | None = None
        try:
            self._channel: Channel = connect(*split_address(where), token, CONNECT_S)
        except OSError as error:
            message = Sentence(
                f"{self.title}: no agent answers: {error.strerror or error}",
                f"{self.title}：没有代理应答：{error.strerror or error}",
            )
            hint = Sentence(
                "start `suite agent` there, with the same token",
                "请在那里以相同的令牌启动 `suite agent`",
            )
            raise SetupError("node-absent", message, hint=hint) from error

    @property
    def title(self) -> str:
        """Number, part and place, for people."""
        return f"node {self.number} ({self.role}, {self.where})"

    def ask(self, order: wire.Order, kind: type[R], timeout_s: float = ANSWER_S) -> R:
        """Have the agent do something; one that does not answer is asked nothing more.

        Args:
            order: what.
            kind: of its reply.
            timeout_s: seconds until the reply.

        Raises:
            EngineError: ``node-lost``; what the agent refused with.
        """
        try:
            with self._asking:
                self._channel.send(plain(order))
                message = self._channel.receive(timeout_s)
            reply: wire.Replies = convert(message, wire.Replies, file=self.where, error=SetupError)
        except (OSError, SetupError) as error:
            self.close()  # a reply that comes late is none to the next question
            message_ = Sentence(
                f"{self.title}: its agent no longer answers: {error}",
                f"{self.title}：其代理不再应答：{error}",
            )
            raise EngineError("node-lost", message_) from error
        if isinstance(reply, wire.Refused):
            raise refused(reply, self.title, EngineError)
        if not isinstance(reply, kind):
            message_ = Sentence(
                f"{self.title} answers {type(reply).__name__}, not {kind.__name__}",
                f"{self.title} 的应答为 {type(reply).__name__}，而不是 {kind.__name__}",
            )
            raise EngineError("agent-message-wrong", message_)
        return reply

    def clock(self) -> NodeClock:
        """Bounds of its monotonic clock minus this machine's, from some exchanges.

        Raises:
            EngineError: as `ask`.
        """
        least, most = -(1 << 62), 1 << 62
        for _ in range(EXCHANGES):
            sent = time.monotonic_ns()
            there = self.ask(wire.AskClock(), wire.Clock).clock_ns
            least, most = max(least, there - time.monotonic_ns()), min(most, there - sent)
        return NodeClock(least_us=least // 1000, most_us=-(-most // 1000))

    def watch(self) -> None:
        """Look after the node from now on, twice a second, in a thread of its own."""
        self._watcher = threading.Thread(target=self._look, name=f"node-{self.number}", daemon=True)
        self._watcher.start()

    def _look(self) -> None:
        while not self._over.wait(WATCH_S) and self.ended is None:
            try:
                self.look()
            except EngineError as error:
                self.ended = EngineEnd(error.code, error.message)

    def look(self) -> int:
        """Ask once; the number of bytes of its log that came.

        Raises:
            EngineError: as `ask`; what `on_log` raises.
        """
        answer = self.ask(wire.Watch(log_from=self.log_bytes), wire.Watched)
        piece = answer.log
        if piece:
            self.log_bytes += len(piece)
            self._log_sha256.update(piece)
            self._on_log(piece)
        if answer.code and self.ended is None:
            self.ended = EngineEnd(answer.code, f"{self.title}: {answer.why}")
        return len(piece)

    def stop(self) -> None:
        """End its container and take what it left; a node that is lost ends it by itself. Never raises."""
        self._over.set()
        if self._watcher is None:
            return  # nothing was started there
        self._watcher.join()
        if self.ended is not None and self.ended.code == "node-lost":
            return
        try:
            sealed = self.ask(wire.Stop(), wire.Sealed, STOP_S)
            while self.log_bytes < sealed.log.bytes and self.look():
                pass
            self._on_log(b"")
        except EngineError as error:
            self.ended = self.ended or EngineEnd(error.code, error.message)
            return
        if self._log_sha256.hexdigest() == sealed.log.sha256:
            self.sealed = sealed
        else:
            self.ended = EngineEnd(
                "node-lost", f"{self.title}: its log is not the one that it sealed"
            )

    @property
    def address(self) -> str:
        """IP address of its machine, as the connection has it: a name means another one on the machine itself."""
        host, _, *ipv6 = self._channel.socket.getpeername()
        # Of an address of one link the interface is apart.
        return f"{host}%{socket.if_indextoname(ipv6[1])}" if ipv6 and ipv6[1] else str(host)

    def close(self) -> None:
        """Leave the agent, which then ends whatever of the run still is there."""
        self._channel.close()
