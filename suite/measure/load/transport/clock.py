"""Arrival times from the kernel, on the monotonic clock.

With ``SO_TIMESTAMPNS`` the kernel stamps every received segment the moment it enters the host; `recvmsg`
hands the stamp over beside the bytes. A client that is late to read is then late without its numbers being
so. The stamps are in real time; the offset to the monotonic clock is measured and watched: the two clocks
are disciplined together and their distance changes only when somebody sets the clock. One read that
returns several segments carries the stamp of the last of them; such chunks are counted as merged.

Source: Linux, Documentation/networking/timestamping.rst; ``struct timespec`` of 64-bit systems.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.base.jsonio import JSONObject
    from suite.documents.event import StampSource


SO_TIMESTAMPNS = 35
"""``SO_TIMESTAMPNS`` of <asm-generic/socket.h>; Python does not name it. The message has the same number."""
ANCILLARY_BYTES = 128
"""Room for a control message with a timespec (32 bytes) and one with three (64), which connections with send
stamps get beside it."""
TIMESPEC = struct.Struct("=qq")
STEP_BOUND_NS = 50_000
"""A change of the offset beyond this is a clock step; the measuring error stays below 5 µs."""
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Offset:
    """Real time minus monotonic time, in nanoseconds, with the bound of its error."""

    ns: int
    error_ns: int


def read_offset() -> Offset:
    """Measure the distance of the two clocks: the tightest of several readings is taken."""
    best = Offset(0, sys.maxsize)
    for _ in range(_TRIES):
        before = time.monotonic_ns()
        real = time.time_ns()
        after = time.monotonic_ns()
        width = after - before
        if width < best.error_ns:
            best = Offset(real - before - width // 2, width)
    return best


class OffsetWatch:
    """Watches the offset during a phase."""

    def __init__(self) -> None:
        self.first = read_offset()
        self.last = self.first
        self.step_ns = 0

    def look(self) -> None:
        """Measure again and keep the largest change seen, in nanoseconds with its sign."""
        self.last = read_offset()
        change = self.last.ns - self.first.ns
        beyond = abs(change) > STEP_BOUND_NS + self.last.error_ns + self.first.error_ns
        if beyond and abs(change) > abs(self.step_ns):
            self.step_ns = change


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """How a phase's arrival times came about.

    Attributes:
        receive_stamps: ``kernel`` when every read carried a kernel stamp, otherwise ``user``.
        offset_before_ns: real time minus monotonic time at the phase's start.
        offset_after_ns: the same at its end.
        offset_error_ns: bound of the error of either.
        step_ns: largest change of the offset beyond the bound; not 0 makes the phase's times worthless.
        reads: reads that returned bytes.
        unstamped_reads: those among them without a kernel stamp, stamped by the client itself.
        send_stamps: ``kernel`` when every send time of the phase is the kernel's, otherwise ``user``.
        unstamped_sends: requests for which the kernel was asked and gave no send stamp.
    """

    receive_stamps: StampSource
    offset_before_ns: int
    offset_after_ns: int
    offset_error_ns: int
    step_ns: int
    reads: int
    unstamped_reads: int
    send_stamps: StampSource = "user"
    unstamped_sends: int = 0

    def to_json(self) -> JSONObject:
        """As a JSON object. The offsets are microseconds: nanoseconds since 1970 leave the exact integers."""
        return {
            "receive_stamps": self.receive_stamps,
            "offset_before_us": self.offset_before_ns // 1000,
            "offset_change_ns": self.offset_after_ns - self.offset_before_ns,
            "offset_error_ns": self.offset_error_ns,
            "clock_step_ns": self.step_ns,
            "reads": self.reads,
            "unstamped_reads": self.unstamped_reads,
            "send_stamps": self.send_stamps,
            "unstamped_sends": self.unstamped_sends,
        }


def ask_for_stamps(sock: socket.socket) -> bool:
    """Ask the kernel to stamp what this socket receives; False where it cannot."""
    if not sys.platform.startswith("linux") or sys.maxsize < 2**32:
        return False
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    except OSError:
        return False
    return True


def stamp_of(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    """The kernel's receive stamp among control messages: nanoseconds of real time, or None."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(data) == TIMESPEC.size:
            seconds, nanoseconds = TIMESPEC.unpack(data)
            return int(seconds) * 1_000_000_000 + int(nanoseconds)
    return None


@contextlib.contextmanager
def probe() -> Iterator[StampSource]:
    """Find out on a loopback connection of its own whether kernel stamps work here.

    The connection stays open inside the block, because the kernel switches stamping on with the first
    socket that asks for it, a moment later, and off with the last.
    """
    with contextlib.ExitStack() as stack:
        yield _probe(stack)


def _probe(stack: contextlib.ExitStack) -> StampSource:
    try:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        sender = stack.enter_context(socket.create_connection(listener.getsockname(), timeout=1))
        receiver = stack.enter_context(listener.accept()[0])
        receiver.settimeout(1)
        if not ask_for_stamps(receiver):
            return "user"
        for _ in range(20):
            before = time.monotonic_ns()
            sender.sendall(b"?")
            ancillary = receiver.recvmsg(1, ANCILLARY_BYTES)[1]
            after = time.monotonic_ns()
            stamp = stamp_of(ancillary)
            if stamp is not None:
                mapped = stamp - read_offset().ns
                if before - STEP_BOUND_NS <= mapped <= after + STEP_BOUND_NS:
                    return "kernel"
            time.sleep(0.005)
    except OSError:
        return "user"
    return "user"


def receive_stamps() -> StampSource:
    """Which receive stamps this machine gives."""
    with probe() as kind:
        return kind
