"""The way to a server that runs elsewhere: how long a TCP handshake takes, while nothing else is sent."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from suite.measure.context import Run
    from suite.measure.engine import Served

HANDSHAKES: Final = 5
TIMEOUT_S: Final = 2.0
_PORTS: Final = {"http": 80, "https": 443}


def round_trips(base_url: str, address: str) -> list[int]:
    """Nanoseconds of some handshakes, one after the other; those that fail are left out.

    Args:
        base_url: names the port.
        address: numeric address of the server; "" takes the name.
    """
    parts = urlsplit(base_url)
    where = (address or parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 80))
    times = []
    for _ in range(HANDSHAKES):
        begun = time.monotonic_ns()
        with contextlib.suppress(OSError):
            socket.create_connection(where, TIMEOUT_S).close()
            times.append(time.monotonic_ns() - begun)
    return times


def note(run: Run, served: Served) -> None:
    """Write a mark with the round trips to a server that runs elsewhere; nothing for one of this machine's own."""
    if run.plan.runtime == "endpoint":
        times = round_trips(served.base_url, served.address)
        run.mark("network.probe", detail={"round_trips_ns": times})
