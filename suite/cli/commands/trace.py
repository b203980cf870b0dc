"""``suite trace``: where an engine's time goes, by its own profiler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.cli.command import Count, command
from suite.cli.options import FILE, choices, quiet_option

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Choices


@command("suite trace --vendor cpu --engine vllm --tokens 8 --out trace")
@choices
@click.option(
    "--requests",
    type=Count(64),
    default=1,
    show_default=True,
    help="how many of the profile's tasks are sent at once",
)
@click.option(
    "--tokens", type=Count(4096), default=16, show_default=True, help="longest answer of each"
)
@click.option(
    "--out",
    type=FILE,
    metavar="DIR",
    help="directory to create for the traces; default: runs/<id>",
)
@quiet_option
def trace(choices: Choices, *, requests: int, tokens: int, out: Path | None, quiet: bool) -> int:
    """Record a few requests with the engine's own profiler, as Chrome traces.

    Starts the plan's engine with its declared profiler, sends the first tasks of the profile, and says which operations took
    the time. Perfetto (ui.perfetto.dev) and chrome://tracing open the files. A profiler slows what it watches: nothing is
    measured here, and no run has it.
    """
    from suite.cli.tracing import record

    return record(choices, requests=requests, tokens=tokens, out=out, quiet=quiet)
