"""The epoll loop: requests on connections; on the hot path only read, stamp, append.

The loop knows nothing of schedules or answers. It is given requests to send at once (`submit`), moves bytes
(`poll`), looks after time-outs and idle connections a few times a second (`look_after`), and puts what has
ended, well or not, into `ended`.
"""

from __future__ import annotations

import select
import ssl
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from suite.measure.load.transport.clock import ANCILLARY_BYTES, TIMESPEC
from suite.measure.load.transport.connection import (
    BUSY,
    CONNECTING,
    HANDSHAKE,
    IDLE,
    RECEIVE_BYTES,
)
from suite.measure.load.transport.exchange import Exchange
from suite.measure.load.transport.framing import MORE
from suite.measure.load.transport.pool import Pool
from suite.measure.load.transport.timer import Timer

if TYPE_CHECKING:
    from suite.documents.event import OutcomeCode
    from suite.measure.load.requests.job import Job
    from suite.measure.load.transport.address import Address
    from suite.measure.load.transport.connection import Connection

RESEND_WITHIN_NS: Final = 250_000_000
"""A connection that the server had closed already shows so at once; later it is the request that was dropped."""
BATCH: Final = 16
"""Events handled between two looks at a schedule: some 0.1 ms of work."""
LARGE_BATCH: Final = 256
"""The same where nothing is due at a moment."""
COARSE_NS: Final = 2_000_000
"""Without a timer descriptor waiting ends this much early, because poll counts in milliseconds."""

_IN: Final = select.EPOLLIN
_unpack = TIMESPEC.unpack
_now = time.monotonic_ns


class Loop:
    """Connections and the requests on them.

    Attributes:
        ended: requests that have ended, in order.
        in_flight: requests submitted that have not ended.
        offset_ns: real time minus monotonic time, subtracted from kernel stamps.
        reads: reads that returned bytes.
        unstamped: those among them without a kernel stamp.
        pool: the connections.
        resent: requests sent again on a fresh connection.
        pause_ns: how long `listen` lets arrivals gather after it was woken; 0 does not.
    """

    def __init__(self, address: Address, timeout_s: float, *, stamp_sends: bool = False) -> None:
        self.ended: deque[Exchange] = deque()
        self.in_flight = 0
        self.offset_ns = 0
        self.reads = 0
        self.unstamped = 0
        self.resent = 0
        self.pause_ns = 0
        self._address = address
        self._timeout_ns = int(timeout_s * 1e9)
        self._stamp_sends = stamp_sends
        self.pool = Pool(address)
        self._timer = Timer()
        if self._timer.fd >= 0:
            self.pool.epoll.register(self._timer.fd, select.EPOLLIN)

    def submit(self, job: Job, t_sched: int | None) -> None:
        """Send a request now, on an idle connection if there is one, else on a new one."""
        exchange = Exchange(job, t_sched)
        self.in_flight += 1
        connection = self.pool.take()
        if connection is not None:
            self._start(connection, exchange)
        else:
            self._open(exchange)

    def listen(self, until_ns: int, *, exact: bool = False, early_ns: int = 0) -> None:
        """Handle what happens until a moment, or until a request has ended.

        To be woken costs more than to read. With `pause_ns` the kernel gathers and stamps what arrives after an
        awakening, and the next one serves several streams; never where the moment is exact. `until_ns` and `exact`
        are as for `poll`; what is not exact comes back `early_ns` before its moment once something has happened.
        """
        pause_ns = 0 if exact else self.pause_ns
        last = until_ns if exact else until_ns - early_ns
        while True:
            happened = self.poll(until_ns, exact=exact)
            if self.ended or _now() + pause_ns >= last:
                return
            # More than one batch waits: there is nothing to gather.
            if pause_ns and 0 < happened < LARGE_BATCH:
                time.sleep(pause_ns / 1e9)

    def poll(self, until_ns: int, *, exact: bool = False) -> int:
        """Wait until something happens, but not beyond a moment, and handle it.

        Args:
            until_ns: reading of the monotonic clock; 0 does not wait.
            exact: wake within some 50 µs of the moment, not within milliseconds.

        Returns:
            How much happened.
        """
        wait_s = self._wait_s(until_ns, exact=exact) if until_ns else 0.0
        events = self.pool.epoll.poll(wait_s, BATCH if exact else LARGE_BATCH)
        connections, streams = self.pool.connections, self.pool.streams
        offset_ns, reads = self.offset_ns, 0
        for fd, mask in events:
            # The hot path, written out because calls would cost a tenth of it: a response goes on.
            stream = streams.get(fd)
            if stream is not None and mask == _IN:
                receive, feed, exchange = stream
                try:
                    data, ancillary, _, _ = receive(RECEIVE_BYTES, ANCILLARY_BYTES)
                except BlockingIOError:
                    continue
                except OSError as cause:
                    self._broken(connections[fd], cause)
                    continue
                if data and ancillary:
                    reads += 1
                    seconds, rest = _unpack(ancillary[0][2])
                    exchange.t_last = stamp = seconds * 1_000_000_000 + rest - offset_ns
                    if feed(data, stamp) != MORE:
                        self._framed(connections[fd], exchange)
                else:
                    self._arrived(connections[fd], data, None, ended=not data)
                continue
            if fd in connections:
                self._other(connections[fd], mask)
            elif fd == self._timer.fd:
                self._timer.clear()
        self.reads += reads
        return len(events)

    def _wait_s(self, until_ns: int, *, exact: bool) -> float:
        """Seconds for epoll to wait; where the timer ends the wait, longer."""
        if exact and self._timer.fd >= 0:
            self._timer.arm(until_ns)
            return 1.0
        return max(0, until_ns - _now() - (COARSE_NS if exact else 0)) / 1e9

    def look_after(self, connections: int) -> None:
        """End what has run out of time, renew idle connections, keep this many connections open."""
        now = _now()
        for connection in self.pool.late(now):
            self.pool.hold_off()
            self._lose(connection, "connect-timeout", "the server did not accept in time")
        for connection in self.pool.busy():
            expired = connection.expired(now, self._timeout_ns)
            if expired is not None:
                self._lose(connection, *expired)
        self.pool.renew(now)
        self.pool.fill(connections)

    def live(self, since_ns: int) -> tuple[int, int]:
        """Plain stamped responses with an arrival since a moment, and the reads of them that held several chunks."""
        exchanges = [
            stream[2] for stream in self.pool.streams.values() if stream[2].t_last >= since_ns
        ]
        return len(exchanges), sum(exchange.framer.merged for exchange in exchanges)

    def cancel(self) -> None:
        """End every request that is in flight as cancelled."""
        for connection in list(self.pool.connections.values()):
            if connection.exchange is not None:
                self._lose(connection, "cancelled", "the run was stopped")

    def close(self) -> None:
        """Close every connection."""
        self.pool.close()
        self._timer.close()

    def _read(self, connection: Connection) -> None:
        try:
            if connection.tls is None:
                data, real, ended = connection.receive()
            else:
                data, real, ended = connection.receive_tls()
        except BlockingIOError:
            return
        except OSError as cause:
            self._broken(connection, cause)
            return
        self._arrived(connection, data, real, ended=ended)

    def _arrived(
        self, connection: Connection, data: bytes, real: int | None, *, ended: bool
    ) -> None:
        """Take what a read returned, and the kernel's stamp if it has one."""
        exchange = connection.exchange
        if data and exchange is None:
            self.pool.drop(connection)
            return
        if data and exchange is not None:
            self.reads += 1
            self.unstamped += real is None
            exchange.t_last = _now() if real is None else real - self.offset_ns
            if exchange.framer.feed(data, exchange.t_last) != MORE:
                self._framed(connection, exchange)
                return
            if connection.stamped and connection.tls is None:
                self.pool.streams[connection.fd] = connection.stream(exchange)
        if ended:
            self._eof(connection)

    def _framed(self, connection: Connection, exchange: Exchange) -> None:
        """The response is complete, or not HTTP."""
        framer = exchange.framer
        if framer.problem:
            code: OutcomeCode = "answer-too-large" if framer.too_large else "malformed-response"
            self._lose(connection, code, framer.problem)
            return
        if connection.stamps_sends and not exchange.t_sent:
            connection.take_send_stamps(self.offset_ns)
        self.pool.streams.pop(connection.fd, None)
        connection.exchange = None
        connection.served += 1
        connection.since = _now()
        connection.state = IDLE
        if framer.keep_alive and not framer.surplus and not connection.output:
            self.pool.keep(connection)
        else:
            self.pool.drop(connection)
        self._end(exchange, exchange.t_last)

    def _other(self, connection: Connection, mask: int) -> None:
        """Everything that is not a plain arrival."""
        if connection.state == CONNECTING:
            cause = connection.connect_error()
            if cause is not None:
                self._broken(connection, cause)
                return
            if self._stamp_sends:
                connection.stamp_sends()
            connection.state = HANDSHAKE
            self._handshake(connection)
        elif connection.state == HANDSHAKE:
            self._handshake(connection)
        else:
            if mask & select.EPOLLOUT:
                try:
                    connection.flush()
                except OSError as cause:
                    self._broken(connection, cause)
                    return
                self.pool.watch(connection)
            if mask & select.EPOLLERR and connection.take_send_stamps(self.offset_ns):
                mask &= ~select.EPOLLERR
            if mask & ~select.EPOLLOUT:
                self._arrival(connection)

    def _arrival(self, connection: Connection) -> None:
        if connection.state == BUSY or connection.tls is not None:
            self._read(connection)
        else:
            # Whatever comes on an idle connection, it is of no more use.
            self.pool.drop(connection)

    def _handshake(self, connection: Connection) -> None:
        try:
            if connection.tls is not None and not connection.handshake():
                self.pool.watch(connection)
                return
        except OSError as cause:
            self._broken(connection, cause)
            return
        connection.state = IDLE
        connection.since = _now()
        if connection.exchange is not None:
            self._start(connection, connection.exchange)
        else:
            self.pool.watch(connection)
            self.pool.keep(connection)

    def _open(self, exchange: Exchange) -> None:
        """Start a connection for a request."""
        try:
            self.pool.open(exchange)
        except OSError as cause:
            exchange.t_send = exchange.t_send or _now()
            self._fail(exchange, "connect-refused", _why(cause))

    def _start(self, connection: Connection, exchange: Exchange) -> None:
        fresh = connection.served == 0
        connection.exchange = exchange
        connection.state = BUSY
        exchange.attempts += 1
        body = exchange.job.body
        head = self._address.head + b"%d\r\n\r\n" % len(body)
        now = _now()
        if exchange.attempts == 1:
            exchange.t_send = now
        try:
            connection.send(head, body)
        except OSError as cause:
            self._broken(connection, cause)
            return
        if connection.output or fresh:
            self.pool.watch(connection)

    def _eof(self, connection: Connection) -> None:
        exchange = connection.exchange
        if exchange is None:
            self.pool.drop(connection)
        elif exchange.framer.eof():
            self._framed(connection, exchange)
        elif not self._resend(connection, exchange):
            before = "the end of" if exchange.framer.started() else "any byte of"
            self._lose(
                connection,
                "reset",
                f"the server closed the connection before {before} the response",
            )

    def _broken(self, connection: Connection, cause: OSError) -> None:
        exchange = connection.exchange
        if exchange is None or connection.state in (CONNECTING, HANDSHAKE):
            if connection.state != IDLE:
                self.pool.hold_off()
            code: OutcomeCode = (
                "tls-failed" if isinstance(cause, ssl.SSLError) else "connect-refused"
            )
            self._lose(connection, code, _why(cause))
        elif not self._resend(connection, exchange):
            self._lose(connection, "reset", _why(cause))

    def _resend(self, connection: Connection, exchange: Exchange) -> bool:
        """Send again, once, if the server closed a connection that had idled; the clock keeps running."""
        late = _now() - exchange.t_send > RESEND_WITHIN_NS
        if late or exchange.attempts > 1 or not connection.served or exchange.framer.started():
            return False
        self.resent += 1
        connection.take_send_stamps(self.offset_ns)
        connection.exchange = None
        self.pool.drop(connection)
        self._open(exchange)
        return True

    def _lose(self, connection: Connection, code: OutcomeCode, why: str) -> None:
        """Give a connection up, and with it the request on it."""
        exchange = connection.exchange
        connection.take_send_stamps(self.offset_ns)
        connection.exchange = None
        self.pool.drop(connection)
        if exchange is not None:
            exchange.t_send = exchange.t_send or connection.since
            self._fail(exchange, code, why)

    def _fail(self, exchange: Exchange, code: OutcomeCode, why: str) -> None:
        exchange.fault, exchange.error = code, why
        self._end(exchange, max(_now(), exchange.t_last))

    def _end(self, exchange: Exchange, moment: int) -> None:
        exchange.t_end = moment
        self.in_flight -= 1
        self.ended.append(exchange)


def _why(cause: OSError) -> str:
    return cause.strerror or str(cause)
