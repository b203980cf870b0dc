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

NO_CHEAT = "honest"
HONEST: JSONObject = {
    "answers": "mini",
    "ttft_ms": 3.0,
    "prompt_us": 40.0,
    "itl_ms": 2.0,
    "jitter": 0.05,
    "slower_per_stream": 0.004,
    "fingerprints": ["simulated"],
}
"""A vendor with the shipped mini model on a small device; every answer says that it is simulated."""


def script_text(script: str | None, cheats: Sequence[str] = (), stories: str = "") -> str:
    """The script as it becomes part of a plan: its content in canonical form, not its name.

    Args:
        script: JSON or ``@file``; None: no faults.
        cheats: as of `with_cheats`.
        stories: salt of the challenge whose new stories a vendor with a model answers too.

    Raises:
        DeclarationError: ``script-wrong``, or what strict JSON refuses.
    """
    document = with_cheats(_document(script or "{}", ()), cheats)
    if stories and document.get("answers") == "mini":
        document = {"stories": stories, **document}
    return _text(document)


def with_cheats(document: JSONObject, cheats: Sequence[str]) -> JSONObject:
    """The script of a vendor with a model who cheats in these ways, or of an honest one; without names as it is.

    Raises:
        DeclarationError: ``script-wrong``.
    """
    if not cheats:
        return document
    named = [name for name in cheats if name != NO_CHEAT]
    document = {**HONEST, **document, "cheats": cast("list[JSONValue]", named)}
    read_script(_text(document))
    return document


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
    cheats: Sequence[str] = (),
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
        cheats: as of `with_cheats`.
        host: address to listen on.
        port: to listen on; 0 takes a free one.
        truth: file that gets the true times; None for none.
        on_ready: takes the server's address once it listens.

    Raises:
        DeclarationError: as `script_text`.
        SetupError: ``address-taken``.
    """
    checked = read_script(_text(with_cheats(_document(script, faults), cheats)))
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
