"""``suite export``: a run's numbers in the formats of other tools, as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.errors import UsageError, unwritable
from suite.cli.command import command
from suite.cli.options import FILE, format_option, trusted

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Trusted


@command("suite export runs/20260131-120000-cpu-vllm-smoke --format vllm-bench --out results")
@click.argument("run", type=FILE)
@format_option("vllm-bench")
@click.option("--trace", is_flag=True, help="a trace for Perfetto or Chrome: --format trace")
@click.option("--phase", metavar="NAME", default="", help="one phase alone")
@click.option(
    "--out",
    type=FILE,
    metavar="PATH",
    help="file, or folder where the format has a file a phase (default: beside the run)",
)
@trusted
def export(
    run: Path, trusted: Trusted, *, name: str, trace: bool, phase: str, out: Path | None
) -> int:
    """Write a run's numbers in another tool's format.

    RUN is a run directory, a submission or a bundle. What is signed is verified first, what is not is scored from its evidence. A file
    of the same name is kept as NAME.bak.
    """
    from suite.base.visible import say
    from suite.cli import exporting

    chosen = "trace" if trace else name
    try:
        for path in exporting.export(run, chosen, phase, out, trusted):
            say(path)
    except OSError as cause:
        place = cause.filename or out or run
        raise UsageError(
            "page-unwritable",
            unwritable(place, cause),
        ) from cause
    return 0
