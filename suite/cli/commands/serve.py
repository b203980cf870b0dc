"""``suite serve``: runs on this machine, watched from a browser as they go."""

from __future__ import annotations

from pathlib import Path

import click

from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, UsageError
from suite.base.visible import say
from suite.cli.command import command
from suite.cli.options import FILE


@command("suite serve runs --port 8890")
@click.argument("places", metavar="[PATH]...", type=FILE, nargs=-1)
@click.option("--port", type=int, default=8890, show_default=True, help="0 takes a free one")
def serve(places: tuple[Path, ...], *, port: int) -> int:
    """Show runs in a browser as they go.

    Each PATH is a run directory or a folder of runs (default: runs). A run's page shows its stage, each phase with
    requests, tokens per second and percentiles so far, and the devices' telemetry, and turns into the card when
    there is one. Only this machine is answered, at 127.0.0.1. Nothing shown of a run that goes on is a result.
    Ctrl-C ends it.
    """
    from suite.cli.output import until_stopped
    from suite.judge.live.server import Runs, Server

    if not 0 <= port <= 65_535:
        raise UsageError(
            "port-wrong", Sentence(f"{port} is not a port", f"{port} 不是端口"), hint="0 to 65535"
        )
    chosen = places or (Path("runs"),)
    for place in chosen:
        if not place.is_dir():
            raise EvidenceError(
                "run-missing", Sentence(f"there is no folder {place}", f"没有文件夹 {place}")
            )
    with Server(Runs([place.absolute() for place in chosen]), port) as server, until_stopped():
        names = ", ".join(map(str, chosen))
        where = Sentence(
            f"serving {names} at {server.address} until Ctrl-C",
            f"正在 {server.address} 提供 {names}，直至 Ctrl-C",
        )
        say(where, flush=True)
        server.serve_forever()
    return 0
