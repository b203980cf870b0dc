"""The decode helper's own command: ``python -m suite.measure.load.decode_main FD``.

Reads from standard input what all requests share and then places of the spool, which it inherited open as FD;
writes the events to standard output. It ends with its standard input, and with any record that cannot be
read, which its parent will then find out for itself.
"""

from __future__ import annotations

import contextlib
import gc
import os
import re
import sys
import time
from pathlib import Path
from typing import Final, cast

from suite.measure.load import spool
from suite.measure.load.decoding import Decoder, Facts
from suite.measure.load.spool import Place
from suite.measure.load.wire import Inbox, message, widen

LOOK: Final = 32
"""Every so many events the memory is looked at."""


def main(spool_fd: int, commands_fd: int, events_fd: int) -> int:
    """Decode until the commands end; returns the exit status."""
    _step_back()
    widen(events_fd)
    inbox = Inbox(commands_fd)
    decoder: Decoder | None = None
    answered = peak_kb = 0
    while inbox.read():
        for value in inbox.messages():
            if decoder is None:
                decoder = Decoder(Facts(*cast("tuple[str, int, bool, int, bool, bool]", value)))
                continue
            place = Place(*cast("tuple[int, int]", value))
            try:
                decoded = decoder.decode(spool.read(spool_fd, place))
                if answered % LOOK == 0:
                    peak_kb = _peak_kb()
                answered += 1
                _write(events_fd, message((*decoded, time.process_time(), peak_kb)))
            except (OSError, ValueError):
                return 1
    return 0


def _step_back() -> None:
    """Leave the processor to whoever else wants it: the client, or an engine beside it.

    Not by idle scheduling, under which a busy machine would not even let this process die.
    """
    with contextlib.suppress(OSError):
        os.nice(19)


def _peak_kb() -> int:
    """Largest resident memory so far, KiB; 0 where the system does not say.

    Not `getrusage`: its maximum is that of the process which started this one.
    """
    try:
        status = Path("/proc/self/status").read_bytes()
    except OSError:
        return 0
    found = re.search(rb"VmHWM:\s*([0-9]+) kB", status)
    return int(found[1]) if found else 0


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


if __name__ == "__main__":
    gc.freeze()
    gc.disable()
    sys.exit(main(int(sys.argv[1]), 0, 1))
