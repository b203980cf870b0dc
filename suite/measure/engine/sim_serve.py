"""The scripted server by itself: until a signal ends it."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from typing import TYPE_CHECKING

from suite.base.addresses import join_address
from suite.measure.engine.sim_server import SimServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from suite.measure.engine.sim_script import Script


def serve(
    script: Script,
    *,
    host: str,
    port: int,
    truth: Path | None = None,
    on_ready: Callable[[str], None],
) -> None:
    """Run the scripted server until Ctrl-C or SIGTERM.

    Args:
        script: what it does.
        host: address to listen on.
        port: to listen on; 0 takes a free one.
        truth: file that gets the true times; None for none.
        on_ready: takes the server's address once it listens.

    Raises:
        SetupError: ``address-taken``, ``truth-unwritable``.
    """
    raise_file_limit()
    with _stop_pipe() as stop:
        server = SimServer(script, host=host, port=port, truth=truth)
        on_ready(f"http://{join_address(host, server.port)}")
        server.run(stop)


def raise_file_limit() -> None:
    """Take as many connections as this process may open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextlib.contextmanager
def _stop_pipe() -> Iterator[int]:
    """A descriptor that becomes readable on Ctrl-C or SIGTERM, so that the server ends in order."""
    reading, writing = os.pipe()

    def handle(number: int, frame: FrameType | None) -> None:
        del number, frame
        os.write(writing, b"x")

    old = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield reading
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)
