"""Send times from the kernel: when the first segment of a request left for the network device.

Asked for with each request's first write and read from the socket's error queue, where the kernel puts a copy of
the moment at which it handed the segment to the device's driver. For TCP such a stamp belongs to the last byte of
the write that asked; a request of more than one segment is therefore begun with a short write of its own, which
``MSG_MORE`` joins with what follows. The stamps are in real time, as those of `suite.measure.load.transport.clock`.

Source: Linux, Documentation/networking/timestamping.rst (1.3 and 1.4, 2.1); ``struct sock_extended_err`` of
<linux/errqueue.h>.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
from typing import TYPE_CHECKING, Final

from suite.measure.load.transport.clock import STEP_BOUND_NS, TIMESPEC, read_offset

if TYPE_CHECKING:
    from suite.documents.event import StampSource
    from suite.measure.load.transport.exchange import Exchange

SO_TIMESTAMPING = 37
"""``SO_TIMESTAMPING`` of <asm-generic/socket.h>; its messages have the same number."""
MSG_ERRQUEUE: Final = 0x2000
FIRST_BYTES: Final = 512
"""What a long request's first write takes; no path's segments are shorter."""
_TX_SOFTWARE: Final = 1 << 1
_SOFTWARE: Final = 1 << 4
_OPT_ID: Final = 1 << 7
_OPT_TSONLY: Final = 1 << 11
_EXTENDED_ERROR: Final = struct.Struct("=IBBBBII")
_ORIGIN_TIMESTAMPING: Final = 4
_SENT: Final = 0  # SCM_TSTAMP_SND
_ERROR_MESSAGES: Final = (
    (socket.IPPROTO_IP, 11),  # IP_RECVERR
    (socket.IPPROTO_IPV6, 25),  # IPV6_RECVERR
)
_ROOM: Final = 512

ASK: Final = [(socket.SOL_SOCKET, SO_TIMESTAMPING, struct.pack("=I", _TX_SOFTWARE))]
"""The control message by which one write asks for a stamp."""


def ask_for_send_stamps(sock: socket.socket) -> bool:
    """Have the stamps of a connected socket reported, numbered by bytes; False where it cannot be."""
    if not sys.platform.startswith("linux") or sys.maxsize < 2**32:
        return False
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, _SOFTWARE | _OPT_ID | _OPT_TSONLY)
    except OSError:
        return False
    return True


def segment_bytes(sock: socket.socket) -> int:
    """Bytes that one segment of a connected socket takes."""
    with contextlib.suppress(OSError):
        return max(FIRST_BYTES, sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))
    return FIRST_BYTES


def read_send_stamps(sock: socket.socket) -> list[tuple[int, int]]:
    """Take all stamps off the error queue: number of the last byte of the write, nanoseconds of real time."""
    stamps = []
    with contextlib.suppress(OSError):
        while True:
            _, ancillary, _, _ = sock.recvmsg(0, _ROOM, MSG_ERRQUEUE)
            stamp = _stamp_of(ancillary)
            if stamp is not None:
                stamps.append(stamp)
    return stamps


def _stamp_of(ancillary: list[tuple[int, int, bytes]]) -> tuple[int, int] | None:
    key = real = None
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPING):
            seconds, nanoseconds = TIMESPEC.unpack_from(data)
            real = int(seconds) * 1_000_000_000 + int(nanoseconds)
        elif (level, kind) in _ERROR_MESSAGES and len(data) >= _EXTENDED_ERROR.size:
            _, origin, _, _, _, info, number = _EXTENDED_ERROR.unpack_from(data)
            if (origin, info) == (_ORIGIN_TIMESTAMPING, _SENT):
                key = int(number)
    return None if key is None or real is None else (key, real)


def send_stamps() -> StampSource:
    """Which send stamps this machine can give, found out on a loopback connection of its own."""
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.create_connection(listener.getsockname(), timeout=1) as sender,
        ):
            if not ask_for_send_stamps(sender):
                return "user"
            before = time.monotonic_ns()
            sender.sendmsg((b"?",), ASK)
            sender.setblocking(False)
            for _ in range(20):
                for key, real in read_send_stamps(sender):
                    mapped, after = real - read_offset().ns, time.monotonic_ns()
                    sound = before - STEP_BOUND_NS <= mapped <= after + STEP_BOUND_NS
                    return "kernel" if sound and key == 0 else "user"
                time.sleep(0.005)
    except OSError:
        return "user"
    return "user"


class SendTimes:
    """Decides whose send times a phase has; the first request that was answered decides for all.

    Attributes:
        unstamped: answered requests without a kernel stamp.
    """

    def __init__(self, *, asked: bool) -> None:
        self.unstamped = 0
        self._asked = asked
        self._kernel: bool | None = None

    def settle(self, exchange: Exchange) -> None:
        """Give an ended request its send time, before its event is made."""
        if not self._asked:
            return
        if exchange.t_sent:
            if self._kernel is None:
                self._kernel = True
            if self._kernel:
                exchange.t_send = exchange.t_sent
        elif exchange.fault is None:
            # What was answered was sent. Requests that failed have no part in any latency.
            self.unstamped += 1
            if self._kernel is None:
                self._kernel = False

    def kind(self) -> StampSource:
        """``kernel`` when every answered request has the kernel's stamp."""
        return "kernel" if self._kernel and not self.unstamped else "user"
