"""``suite sim``: the scripted server by hand, and the script of a simulated run."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from suite.base import jsonio
from suite.base.errors import DeclarationError, UsageError
from suite.documents.engine import Readiness
from suite.measure.engine.sim import MODULE
from suite.measure.engine.sim_script import FAULTS, read_script
from suite.measure.engine.sim_server import SimServer

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from types import FrameType

    from suite.base.jsonio import JSONObject, JSONValue
    from suite.documents.plan import Plan


DEFAULT_PORT = 8000
READY_TIMEOUT_S = 5.0
"""A scripted server is ready in a fraction of a second, unless its script says otherwise."""


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command of this module."""
    sim = commands.add_parser(
        "sim",
        help="start the scripted server: known timings, named faults",
        description=(
            "Serve the OpenAI-compatible streaming API with scripted timings and faults until Ctrl-C, to try "
            "the suite or another client. No model runs; a card of it says so."
        ),
        epilog='example: suite sim --port 8000 --script \'{"ttft_ms": 200, "faults": ["stalls"]}\'',
    )
    sim.add_argument("--script", default="{}", help="JSON, or @file (default: no faults)")
    sim.add_argument(
        "--fault", action="append", default=[], metavar="NAME", help="a fault; may be repeated"
    )
    sim.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    sim.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)"
    )
    sim.add_argument("--truth", type=Path, metavar="FILE", help="file for the true times")
    sim.add_argument("--list-faults", action="store_true", help="say what can go wrong, and end")
    sim.add_argument("--json", action="store_true", help="with --list-faults: as JSON")
    sim.set_defaults(handler=_sim)


def scripted(plan: Plan, script: str | None) -> Plan:
    """The plan of a simulated run, with the script in its engine's command.

    Args:
        plan: with the runtime ``sim``.
        script: JSON or ``@file``; its content, not its name, becomes part of the plan. None: no faults.

    Raises:
        DeclarationError: ``script-wrong``, or what strict JSON refuses.
    """
    document = _document(script or "{}", [])
    engine = plan.engine.copy()
    engine["command"] = ["python", "-m", MODULE, "--script", _text(document)]
    engine["readiness"] = Readiness(path="/health", timeout_s=READY_TIMEOUT_S, interval_s=0.02)
    changed = plan.copy()
    changed["engine"] = engine
    return changed


def _text(document: JSONObject) -> str:
    return jsonio.canonical(document).decode()


def _document(script: str, faults: list[str]) -> JSONObject:
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


def _sim(arguments: argparse.Namespace) -> int:
    if arguments.list_faults:
        _list(as_json=arguments.json)
        return 0
    if arguments.json:
        raise UsageError("json-needs-list", "--json goes with --list-faults")
    if not 0 <= arguments.port <= 65_535:
        raise UsageError("port-wrong", f"{arguments.port} is not a port", hint="0 to 65535")
    script = read_script(_text(_document(arguments.script, arguments.fault)))
    _raise_file_limit()
    with _stop_pipe() as stop:
        server = SimServer(script, host=arguments.host, port=arguments.port, truth=arguments.truth)
        address = f"http://{arguments.host}:{server.port}"
        print(f"serving {address} until Ctrl-C", flush=True)
        print(f"measure it: suite run --url {address} --served-model-name sim", flush=True)
        server.run(stop)
    print("stopped")
    return 0


def _list(*, as_json: bool) -> None:
    if as_json:
        sys.stdout.buffer.write(jsonio.pretty(FAULTS))
        return
    width = max(len(name) for name in FAULTS)
    for name, what in sorted(FAULTS.items()):
        print(f"{name:<{width}}  {what}")


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
