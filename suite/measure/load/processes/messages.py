"""Messages between the processes of the load generator: a length, then plain values.

The values are marshal's: `None`, numbers, strings, bytes, lists, tuples and dicts. Both ends are this program in
one version on one machine, and the pipes have no names.
"""

from __future__ import annotations

import fcntl
import itertools
import marshal
import os
import struct
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LENGTH: Final = struct.Struct("<I")
PIPE_BYTES: Final = 1 << 20
"""Room asked for in a pipe: what an unprivileged process may have on Linux."""
ROOT: Final = Path(suite.__file__).parents[1]
"""Where this program lies: its processes are started there, so that they run the same files."""
_READ: Final = 1 << 18
_VECTOR: Final = 64
"""Messages written in one system call."""


def message(value: object) -> bytes:
    """A value as it goes through a pipe."""
    data = marshal.dumps(cast("str", value))  # the stub's own type is a private union
    return LENGTH.pack(len(data)) + data


def widen(fd: int) -> None:
    """Give a pipe more room, where the system permits it."""
    try:
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except (AttributeError, OSError):
        return


class Inbox:
    """Reads messages from a pipe.

    Attributes:
        ended: the other side has closed it.
    """

    def __init__(self, fd: int, opened: Callable[[bytes], bytes] | None = None) -> None:
        """Read from a descriptor.

        Args:
            fd: of the pipe, or of a connection.
            opened: gives what lies in the bytes that came, or raises `OSError`; None where they are the messages themselves.
        """
        self.ended = False
        self._fd = fd
        self._opened = opened
        self._parts = bytearray()

    def read(self) -> bool:
        """Take what is there; False when the pipe would have to be waited for, or has ended."""
        try:
            data = os.read(self._fd, _READ)
            self._parts += data if self._opened is None else self._opened(data)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.ended = True
        return bool(data)

    def messages(self) -> Iterator[object]:
        """The complete messages so far, oldest first."""
        for data in self.frames(LENGTH):
            yield marshal.loads(data)  # noqa: S302 - see above

    def frames(self, length_of: struct.Struct, most: int | None = None) -> Iterator[bytes]:
        """The same as bytes.

        Args:
            length_of: form of the length before each.
            most: bytes of the longest one that is taken; None takes any.

        Raises:
            ValueError: one is longer.
        """
        while len(self._parts) >= length_of.size:
            (length,) = length_of.unpack_from(self._parts)
            if most is not None and length > most:
                raise ValueError(f"{length:,} bytes at once")
            end = length_of.size + length
            if len(self._parts) < end:
                return
            data = bytes(self._parts[length_of.size : end])
            del self._parts[:end]
            yield data


class Outbox:
    """Writes messages into a pipe without waiting for it.

    Attributes:
        waiting: bytes that the pipe did not yet take.
        broken: nobody reads any more; what is sent is dropped.
    """

    def __init__(self, fd: int) -> None:
        self.waiting = 0
        self.broken = False
        self._fd = fd
        self._parts: deque[bytes | memoryview] = deque()
        os.set_blocking(fd, False)
        widen(fd)

    def send(self, value: object) -> None:
        """Send a value, now or with a later `flush`."""
        self.write(message(value))

    def write(self, data: bytes) -> None:
        """The same of a message that is made already."""
        self._parts.append(data)
        self.waiting += len(data)
        self.flush()

    def flush(self) -> None:
        """Write what the pipe takes."""
        while self._parts and not self.broken:
            try:
                count = os.writev(self._fd, list(itertools.islice(self._parts, _VECTOR)))
            except BlockingIOError:
                return
            except OSError:
                self.broken = True
                break
            self._written(count)
        if self.broken:
            self._parts.clear()
            self.waiting = 0

    def finish(self) -> None:
        """Write everything, however long the other side takes."""
        os.set_blocking(self._fd, True)
        self.flush()
        os.set_blocking(self._fd, False)

    def _written(self, count: int) -> None:
        self.waiting -= count
        while count:
            first = self._parts.popleft()
            if len(first) > count:
                self._parts.appendleft(memoryview(first)[count:])
                return
            count -= len(first)
