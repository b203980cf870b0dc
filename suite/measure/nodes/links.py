"""The way from one agent to another: round trips of small messages, and how much goes through in half a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from suite.base.addresses import split_address
from suite.base.errors import SuiteError
from suite.base.framing import connect
from suite.documents.agent import Measured, Probe
from suite.documents.codec import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.base.framing import Channel

ECHOES: Final = 20
TIMEOUT_S: Final = 3.0
LEAST_BYTES: Final = 1 << 20
MOST_BYTES: Final = 4 << 30
BULK_S: Final = 0.5
_PIECE: Final = bytes(1 << 20)


class PeerLink:
    """A connection to another agent that answers probes."""

    def __init__(self, address: str, token: bytes) -> None:
        """Connect.

        Raises:
            OSError: there is no connection.
            SetupError: as `suite.base.framing.connect`.
        """
        self._channel = connect(*split_address(address), token, TIMEOUT_S)
        self._channel.send(plain(Probe()))

    def echo(self) -> int:
        """Nanoseconds until a small message came back.

        Raises:
            OSError: it did not.
        """
        begun = time.monotonic_ns()
        self._channel.send({"echo": begun & 0xFFFF})
        self._channel.receive(TIMEOUT_S)
        return time.monotonic_ns() - begun

    def rate(self) -> float:
        """Bytes per second, one way.

        Raises:
            OSError: the connection is gone.
        """
        self._bulk(LEAST_BYTES)  # the connection's window opens
        quick = self._bulk(LEAST_BYTES)
        amount = int(min(max(LEAST_BYTES, quick * BULK_S), MOST_BYTES))
        return self._bulk(amount)

    def _bulk(self, amount: int) -> float:
        begun = time.monotonic_ns()
        self._channel.send({"bytes": amount})
        left = amount
        while left:
            piece = _PIECE[:left]
            self._channel.socket.sendall(piece)
            left -= len(piece)
        self._channel.receive(60.0)
        return amount * 1e9 / max(time.monotonic_ns() - begun, 1)

    def close(self) -> None:
        """End the connection."""
        self._channel.close()


def answer_probe(channel: Channel) -> None:
    """Answer another agent until it leaves.

    Raises:
        OSError: it left.
        SetupError: ``agent-message-wrong``.
    """
    buffer = bytearray(1 << 20)
    while True:
        message = channel.receive(None)
        left = message.get("bytes")
        while isinstance(left, int) and left > 0:
            count = channel.socket.recv_into(buffer, min(left, len(buffer)))
            if not count:
                return
            left -= count
        channel.send(message)


def measure_links(peers: Sequence[str], token: bytes) -> Measured:
    """Measure the way to other agents, one after the other; one that does not answer has a rate of 0."""
    rates: list[float] = []
    trips: list[tuple[int, ...]] = []
    for peer in peers:
        try:
            link = PeerLink(peer, token)
            try:
                trips.append(tuple(link.echo() for _ in range(ECHOES)))
                rates.append(link.rate())
            finally:
                link.close()
        except (OSError, SuiteError):
            trips[len(rates) :] = [()]
            rates.append(0)
    return Measured(bytes_per_s=tuple(rates), round_trip_ns=tuple(trips))
