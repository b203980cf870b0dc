"""Listens for runs that prove the token: what agents beside containers and load clients share."""

from __future__ import annotations

import abc
import contextlib
import threading
import time
from typing import TYPE_CHECKING, Final, TypeVar

from suite.base.addresses import join_address, listening
from suite.base.bilingual import Sentence, chinese, placed
from suite.base.errorcodes import error_codes
from suite.base.errors import SetupError, SuiteError
from suite.base.framing import Channel
from suite.documents.agent import Refused
from suite.documents.codec import plain

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

LEAVE_S: Final = 5.0
"""How long a run waits for the one before it, which has left and may still be ending here."""
LOOK_S: Final = 0.5
MOST_STRANGERS: Final = 64
"""Connections at a time that have not proven the token."""


E = TypeVar("E", bound=SuiteError)


def refusal(error: SuiteError) -> Refused:
    """What a run is told of an error at this end."""
    return Refused(
        code=error.code,
        message=str(error.message),
        message_zh=str(chinese(error.message)),
        hint=str(error.hint),
        hint_zh=str(chinese(error.hint)),
    )


def refused(reply: Refused, title: str, kind: type[E]) -> E:
    """What the run ends with: the same error, where it is one that may end so, with whose it is before it."""
    message = placed(title, Sentence(reply.message, reply.message_zh or reply.message))
    hint = Sentence(reply.hint, reply.hint_zh or reply.hint)
    code = error_codes().get(reply.code)
    if code is not None and kind.exit_status in code.statuses:
        return kind(reply.code, message, hint=hint)
    told = Sentence(f" [{reply.code}]", f" [{reply.code}]")
    return kind("agent-message-wrong", message + told, hint=hint)


class Listener(abc.ABC):
    """Listens; whoever proves the token is attended to in a thread of its own, by `obey`.

    Attributes:
        address: host and port that it listens on.
    """

    def __init__(
        self,
        host_name: str,
        port: int,
        token: bytes,
        *,
        on_line: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Listen.

        Args:
            host_name: address to listen on.
            port: 0 takes a free one.
            token: secret that whoever connects must prove.
            on_line: told what happens, one sentence each.

        Raises:
            SetupError: ``address-taken``.
        """
        self._token, self._on_line = token, on_line
        self._busy = threading.Lock()
        self._strangers = threading.BoundedSemaphore(MOST_STRANGERS)
        try:
            self._listener = listening(host_name, port)
        except OSError as error:
            message = Sentence(
                f"cannot listen on {join_address(host_name, port)}: {error.strerror or error}",
                f"无法在 {join_address(host_name, port)} 监听：{error.strerror or error}",
            )
            raise SetupError("address-taken", message) from error
        self.address: tuple[str, int] = self._listener.getsockname()[:2]

    def serve(self, *, once: bool = False) -> None:
        """Attend to whoever connects, until `close`.

        Args:
            once: end after the first run.
        """
        ended = threading.Event()
        while not ended.is_set():
            if not self._strangers.acquire(timeout=LOOK_S):
                continue
            try:
                self._listener.settimeout(LOOK_S)
                connection, peer = self._listener.accept()
            except OSError as error:
                self._strangers.release()
                if self._listener.fileno() < 0:
                    return
                if not isinstance(error, TimeoutError):
                    time.sleep(LOOK_S)  # no descriptor is free, or who connected has left
                continue
            arguments = (
                connection,
                join_address(peer[0], peer[1]),
                ended if once else threading.Event(),
            )
            threading.Thread(target=self._attend, args=arguments, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()

    @abc.abstractmethod
    def obey(self, channel: Channel, ended: threading.Event) -> None:
        """Do what somebody orders who has proven the token.

        Args:
            channel: the connection.
            ended: set when a run is over.

        Raises:
            OSError: the connection is gone.
            SetupError: a message is none that was expected.
        """

    @contextlib.contextmanager
    def only_run(self, channel: Channel, ended: threading.Event) -> Iterator[bool]:
        """Hold the one place for a run, and say so; gives False where another does not leave it in time, and tells the run.

        Args:
            channel: the run's connection.
            ended: set when it is over.
        """
        if not self._busy.acquire(timeout=LEAVE_S):
            message = Sentence("another run is being attended to", "正在处理另一个运行")
            channel.send(plain(refusal(SetupError("agent-busy", message))))
            yield False
            return
        try:
            self._on_line(Sentence(f"a run from {channel.peer}", f"来自 {channel.peer} 的运行"))
            yield True
        finally:
            self._busy.release()
            over = Sentence(
                f"the run from {channel.peer} is over; nothing of it runs here",
                f"来自 {channel.peer} 的运行已结束；此处不再有其任何内容",
            )
            self._on_line(over)
            ended.set()

    def _attend(self, connection: socket.socket, peer: str, ended: threading.Event) -> None:
        with connection, contextlib.suppress(OSError):
            try:
                channel = Channel(connection, peer)
                channel.prove(self._token, accepted=True)
            except SetupError as error:
                self._on_line(error.message)
                return
            finally:
                self._strangers.release()
            try:
                self.obey(channel, ended)
            except SetupError as error:
                self._on_line(error.message)
