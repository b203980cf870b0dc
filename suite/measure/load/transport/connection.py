"""One connection to the server: plain or TLS, with at most one request on it at a time."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from suite.measure.load.transport.clock import ANCILLARY_BYTES, ask_for_stamps, stamp_of
from suite.measure.load.transport.exchange import Exchange
from suite.measure.load.transport.send_stamps import (
    ASK,
    FIRST_BYTES,
    ask_for_send_stamps,
    read_send_stamps,
    segment_bytes,
)

if TYPE_CHECKING:
    from suite.documents.event import OutcomeCode
    from suite.measure.load.transport.address import Address

RECEIVE_BYTES: Final = 65_536
STALL_SHARE: Final = 10
"""At the time-out, a request whose last bytes are older than a tenth of it has stalled."""
CONNECTING, HANDSHAKE, IDLE, BUSY, CLOSED = range(5)

Stream = tuple[
    Callable[[int, int], tuple[bytes, list[tuple[int, int, bytes]], int, object]],
    Callable[[bytes, int], int],
    Exchange,
]
"""What the hot path needs of a response that has begun: how to read, whom to feed, whose arrival it is."""


class Connection:
    """A non-blocking connection.

    Attributes:
        sock: the socket.
        fd: its number, kept beyond closing.
        state: ``CONNECTING``, ``HANDSHAKE``, ``IDLE``, ``BUSY`` or ``CLOSED``.
        exchange: the request on it, or the one that waits for it to open.
        served: responses that ended on it.
        since: when it entered its state, for connect time-outs and idle renewal.
        stamped: the kernel stamps what it receives.
        output: bytes that the socket did not yet take.
        stamps_sends: the kernel was asked to stamp what this connection sends.
        asked: number of the byte whose stamp is that of the request's first segment; -1 before any.
    """

    __slots__ = (
        "_incoming",
        "_outgoing",
        "_segment",
        "_written",
        "asked",
        "exchange",
        "fd",
        "output",
        "served",
        "since",
        "sock",
        "stamped",
        "stamps_sends",
        "state",
        "tls",
    )

    def __init__(self, address: Address) -> None:
        """Start connecting.

        Raises:
            OSError: no socket could be made, or the connection was refused at once.
        """
        self.sock = socket.socket(address.family, socket.SOCK_STREAM)
        self.fd = self.sock.fileno()
        self.state = CONNECTING
        self.exchange: Exchange | None = None
        self.served = 0
        self.since = time.monotonic_ns()
        self.output = b""
        self.stamps_sends = False
        self.asked = -1
        self._written = 0
        self._segment = 0
        self.tls: ssl.SSLObject | None = None
        if address.tls is not None:
            self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.tls = address.tls.wrap_bio(
                self._incoming, self._outgoing, server_hostname=address.server_name
            )
        try:
            self.sock.setblocking(False)
            if address.family != socket.AF_UNIX:
                self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.stamped = ask_for_stamps(self.sock)
            with contextlib.suppress(BlockingIOError):
                self.sock.connect(address.sockaddr)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Close; harmless when already closed."""
        self.state = CLOSED
        self.sock.close()

    def connect_error(self) -> OSError | None:
        """What became of the connecting: None when the connection stands."""
        number = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            return OSError(number, os.strerror(number))
        try:
            self.sock.getpeername()
        except OSError as cause:
            return cause
        return None

    def handshake(self) -> bool:
        """Go on with the TLS handshake; True when it is complete.

        Raises:
            OSError: the connection broke; `ssl.SSLError` when the handshake failed.
        """
        assert self.tls is not None
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush_tls()
                if not self._fill_tls():
                    return False
            except ssl.SSLError:
                # The alert tells the server why; it is a courtesy that may fail.
                with contextlib.suppress(OSError):
                    self._flush_tls()
                raise
            else:
                self._flush_tls()
                return True

    def stamp_sends(self) -> None:
        """Ask the kernel for send stamps; before anything is written, because it counts bytes from here."""
        self.stamps_sends = ask_for_send_stamps(self.sock)
        self._segment = segment_bytes(self.sock) if self.stamps_sends else 0

    def send(self, head: bytes, body: bytes) -> None:
        """Write a request; what the socket does not take is kept in `output`.

        Raises:
            OSError: the connection broke.
        """
        if self.tls is not None:
            self.tls.write(head + body)
            head, body = self.output + self._outgoing.read(), b""
            self.output = b""
        try:
            if self.stamps_sends:
                sent = self._send_stamped(head, body)
            else:
                sent = self.sock.sendmsg((head, body))
        except BlockingIOError:
            sent = 0
        if sent < len(head) + len(body):
            self.output = (head + body)[sent:]

    def _send_stamped(self, head: bytes, body: bytes) -> int:
        """Write and ask for the stamp of the first segment; returns the bytes taken."""
        short = len(head) + len(body) <= self._segment
        first = (head, body) if short else (head[:FIRST_BYTES],)
        sent = self.sock.sendmsg(first, ASK, 0 if short else socket.MSG_MORE)
        self.asked = (self._written + sent - 1) & 0xFFFFFFFF
        if not short:
            with contextlib.suppress(BlockingIOError):
                sent += self.sock.sendmsg((head[sent:], body))
        self._written += sent
        return sent

    def take_send_stamps(self, offset_ns: int) -> bool:
        """Take what the kernel says about sending; False when it says nothing, so that an error is another one."""
        if not self.stamps_sends:
            return False
        stamps = read_send_stamps(self.sock)
        exchange = self.exchange
        if exchange is not None and not exchange.t_sent and exchange.attempts == 1:
            for number, real in stamps:
                if number == self.asked:
                    exchange.t_sent = real - offset_ns
        return bool(stamps)

    def expired(self, now: int, timeout_ns: int) -> tuple[OutcomeCode, str] | None:
        """Outcome and sentence for a request that has run out of time; None while it has not."""
        exchange = self.exchange
        if exchange is None or now - exchange.t_send <= timeout_ns:
            return None
        seconds = timeout_ns / 1e9
        if exchange.t_last and now - exchange.t_last < timeout_ns // STALL_SHARE:
            return "timeout", f"the response had not ended after {seconds:g} s"
        silent = (now - (exchange.t_last or exchange.t_send)) / 1e9
        return "stall", f"nothing came for {silent:.3g} s; time-out {seconds:g} s"

    def flush(self) -> None:
        """Write more of `output`.

        Raises:
            OSError: the connection broke.
        """
        if self.output:
            with contextlib.suppress(BlockingIOError):
                sent = self.sock.send(self.output)
                self.output = self.output[sent:]
                self._written += sent

    def stream(self, exchange: Exchange) -> Stream:
        """The connection and the response on it, for the hot path; only where it is plain and stamped."""
        return self.sock.recvmsg, exchange.framer.feed, exchange

    def receive(self) -> tuple[bytes, int | None, bool]:
        """Read: bytes, the kernel's stamp in real time, whether the stream ended.

        Raises:
            OSError: the connection broke.
        """
        data, ancillary, _, _ = self.sock.recvmsg(RECEIVE_BYTES, ANCILLARY_BYTES)
        return data, stamp_of(ancillary) if self.stamped else None, not data

    def receive_tls(self) -> tuple[bytes, int | None, bool]:
        """Read and decrypt: plain bytes, the kernel's stamp in real time, whether the stream ended.

        Raises:
            OSError: the connection broke, or its bytes are not TLS.
        """
        assert self.tls is not None
        data, ancillary, _, _ = self.sock.recvmsg(RECEIVE_BYTES, ANCILLARY_BYTES)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        plain, ended = [], not data
        while True:
            try:
                part = self.tls.read(RECEIVE_BYTES)
            except ssl.SSLWantReadError:
                break
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                ended = True
                break
            if not part:
                ended = True
                break
            plain.append(part)
        self._flush_tls()
        return b"".join(plain), stamp_of(ancillary), ended

    def _flush_tls(self) -> None:
        self.output += self._outgoing.read()
        self.flush()

    def _fill_tls(self) -> bool:
        """Feed what has arrived to the handshake; False when nothing has."""
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return False
        if not data:
            raise ConnectionResetError(0, "closed during the TLS handshake")
        self._incoming.write(data)
        return True
