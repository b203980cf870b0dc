"""A wake-up at a nanosecond of the monotonic clock, for an epoll loop.

`epoll.poll` takes milliseconds; a timer file descriptor (Linux) wakes it within some 50 µs of the wanted
moment. Where there is none, the caller's own coarse waiting has to do: `Timer.fd` is then -1.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from typing import Final

_CLOCK_MONOTONIC: Final = 1
_TFD_TIMER_ABSTIME: Final = 1
_TFD_FLAGS: Final = 0o2004000  # TFD_NONBLOCK | TFD_CLOEXEC of x86-64, arm64 and riscv64


class _Itimerspec(ctypes.Structure):
    """``struct itimerspec``: interval and value, each seconds and nanoseconds."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class Timer:
    """One timer; register `fd` for reading.

    Attributes:
        fd: the timer's file descriptor, -1 where the system has none.
    """

    def __init__(self) -> None:
        self.fd = -1
        self._armed = 0
        self._spec = _Itimerspec()
        if not sys.platform.startswith("linux"):
            return
        library = ctypes.CDLL(None, use_errno=True)
        with contextlib.suppress(AttributeError):
            self._settime = library.timerfd_settime
            self.fd = int(library.timerfd_create(_CLOCK_MONOTONIC, _TFD_FLAGS))

    def arm(self, moment_ns: int) -> None:
        """Wake at this reading of the monotonic clock; a moment that is past wakes at once."""
        if self.fd < 0 or moment_ns == self._armed:
            return
        self._armed = moment_ns
        self._spec.value_s, self._spec.value_ns = divmod(max(1, moment_ns), 1_000_000_000)
        self._settime(self.fd, _TFD_TIMER_ABSTIME, ctypes.byref(self._spec), None)

    def clear(self) -> None:
        """Take the wake-up off the descriptor, so that it is no longer readable."""
        self._armed = 0
        with contextlib.suppress(BlockingIOError):
            os.read(self.fd, 8)

    def close(self) -> None:
        """Close the descriptor."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
