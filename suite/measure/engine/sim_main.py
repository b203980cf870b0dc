"""The scripted server's own command.

``python -m suite.measure.engine.sim_main --script '{"ttft_ms": 200, "faults": ["resets_midway"]}'`` serves
until its standard input ends.
"""

from __future__ import annotations

import argparse
import gc
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.errors import SuiteError
from suite.measure.engine.sim_script import read_script
from suite.measure.engine.sim_serve import raise_file_limit
from suite.measure.engine.sim_server import SimServer

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Serve until standard input ends; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m suite.measure.engine.sim_main", description=__doc__
    )
    parser.add_argument("--script", default="{}", help="JSON, or @file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--unix", default="", help="path of a Unix socket to listen on instead")
    parser.add_argument("--truth", type=Path, default=None, help="file for the true times")
    parser.add_argument("--ready", type=Path, default=None, help="file that gets the port")
    chosen = parser.parse_args(arguments)
    raise_file_limit()
    try:
        server = SimServer(
            read_script(chosen.script),
            host=chosen.host,
            port=chosen.port,
            unix=chosen.unix,
            truth=chosen.truth,
        )
    except SuiteError as error:
        sys.stderr.write(error.render() + "\n")
        return error.exit_status
    if chosen.ready is not None:
        partial = chosen.ready.with_suffix(".part")
        partial.write_bytes(jsonio.canonical(server.port))
        partial.replace(chosen.ready)
    # The truth is written as answers end; nothing is lost by an end on the spot.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.freeze()
    gc.disable()
    server.run(None if sys.stdin.isatty() else sys.stdin.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
