"""The script of the scripted server: from the command line into a plan, or into a server that runs until Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from pathlib import Path
from typing import TYPE_CHECKING, cast

from suite.base import jsonio
from suite.base.errors import DeclarationError
from suite.measure.engine.sim_script import read_script
from suite.measure.engine.sim_server import SimServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from suite.base.jsonio import JSONObject, JSONValue


def script_text(script: str | None) -> str:
    """The script as it becomes part of a plan: its content in canonical form, not its name.

    Args:
        script: JSON or ``@file``; None: no faults.

    Raises:
        DeclarationError: ``script-wrong``, or what strict JSON refuses.
    """
    return _text(_document(script or "{}", ()))


def _text(document: JSONObject) -> str:
    return jsonio.canonical(document).decode()


def _document(script: str, faults: Sequence[str]) -> JSONObject:
    """The script with further faults, checked."""
    read_script(script)
    data = (
        jsonio.read_bytes(Path(script[1:]), error=DeclarationError)
        if script.startswith("@")
        else script.encode()
    )
    document = cast("JSONObject", jsonio.loads(data, name="--script"))
    if faults:
        listed = cast("list[JSONValue]", document.get("faults", []))
        document = {**document, "faults": [*listed, *faults]}
        read_script(_text(document))
    return document


def serve(
    script: str,
    faults: Sequence[str],
    *,
    host: str,
    port: int,
    truth: Path | None,
    on_ready: Callable[[str], None],
) -> None:
    """Run the scripted server until Ctrl-C or SIGTERM.

    Args:
        script: JSON or ``@file``.
        faults: further faults, by name.
        host: address to listen on.
        port: to listen on; 0 takes a free one.
        truth: file that gets the true times; None for none.
        on_ready: takes the server's address once it listens.

    Raises:
        DeclarationError: as `script_text`.
        SetupError: ``address-taken``.
    """
    checked = read_script(_text(_document(script, faults)))
    _raise_file_limit()
    with _stop_pipe() as stop:
        server = SimServer(checked, host=host, port=port, truth=truth)
        on_ready(f"http://{host}:{server.port}")
        server.run(stop)


def _raise_file_limit() -> None:
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
