"""The connections to one server: opened and warmed beforehand, kept while idle, renewed, closed."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, Final

from suite.measure.load.transport.connection import (
    BUSY,
    CONNECTING,
    HANDSHAKE,
    IDLE,
    Connection,
    Stream,
)

if TYPE_CHECKING:
    from suite.measure.load.transport.address import Address
    from suite.measure.load.transport.exchange import Exchange

CONNECT_TIMEOUT_NS: Final = 10_000_000_000
RENEW_AFTER_NS: Final = 3_000_000_000
"""Idle connections are renewed after this time: common servers close them under the client after 5 s."""
RETRY_OPENING_NS: Final = 1_000_000_000
"""After a failed attempt to open a spare connection the next one waits this long."""


class Pool:
    """The connections of a loop, all watched by one epoll.

    Attributes:
        epoll: watches them, and whatever else the loop registers.
        connections: all of them, by file descriptor.
        streams: what the hot path needs of those with a plain stamped response that has begun.
        opened: connections opened.
    """

    def __init__(self, address: Address) -> None:
        self.epoll = select.epoll()
        self.connections: dict[int, Connection] = {}
        self.streams: dict[int, Stream] = {}
        self.opened = 0
        self._address = address
        self._idle: list[Connection] = []
        self._no_spares_before = 0

    def take(self) -> Connection | None:
        """An idle connection, which is no longer idle; None when there is none."""
        return self._idle.pop() if self._idle else None

    def keep(self, connection: Connection) -> None:
        """A connection without a request is open for the next one."""
        self._idle.append(connection)

    def open(self, exchange: Exchange | None) -> None:
        """Start a connection, for a request or as a spare.

        Raises:
            OSError: no socket could be made, or the connection was refused at once.
        """
        self.opened += 1
        try:
            connection = Connection(self._address)
        except OSError:
            self.hold_off()
            raise
        connection.exchange = exchange
        self.connections[connection.fd] = connection
        self.epoll.register(connection.fd, select.EPOLLIN | select.EPOLLOUT)

    def fill(self, count: int) -> None:
        """Open spares until there are so many connections, unless an attempt has just failed."""
        while len(self.connections) < count and time.monotonic_ns() >= self._no_spares_before:
            try:
                self.open(None)
            except OSError:
                return

    def hold_off(self) -> None:
        """An attempt to open a connection has failed: no spares for a while."""
        self._no_spares_before = time.monotonic_ns() + RETRY_OPENING_NS

    def watch(self, connection: Connection) -> None:
        """Wait for its bytes, and for room while it has some to write."""
        mask = select.EPOLLIN | (select.EPOLLOUT if connection.output else 0)
        self.epoll.modify(connection.fd, mask)

    def drop(self, connection: Connection) -> None:
        """Close a connection; harmless twice."""
        if connection.state == IDLE and connection in self._idle:
            self._idle.remove(connection)
        self.streams.pop(connection.fd, None)
        if self.connections.pop(connection.fd, None) is not None:
            self.epoll.unregister(connection.fd)
        connection.close()

    def late(self, now: int) -> list[Connection]:
        """Those that did not open in time."""
        return [
            connection
            for connection in self.connections.values()
            if connection.state in (CONNECTING, HANDSHAKE)
            and now - connection.since > CONNECT_TIMEOUT_NS
        ]

    def renew(self, now: int) -> None:
        """Close those that have idled for so long that the server may close them soon."""
        for connection in list(self._idle):
            if connection.served and now - connection.since > RENEW_AFTER_NS:
                self.drop(connection)

    def busy(self) -> list[Connection]:
        """Those with a request on them."""
        return [c for c in self.connections.values() if c.state == BUSY]

    def ready(self) -> int:
        """Connections that stand, idle or in use."""
        return sum(c.state in (IDLE, BUSY) for c in self.connections.values())

    def opening(self) -> bool:
        """Whether connections are being opened."""
        return any(c.state in (CONNECTING, HANDSHAKE) for c in self.connections.values())

    def close(self) -> None:
        """Close every connection, and the epoll."""
        for connection in list(self.connections.values()):
            self.drop(connection)
        self.epoll.close()
