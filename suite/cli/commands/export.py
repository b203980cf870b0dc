"""``suite export``: numbers of runs in the formats of other tools, as files, and onto the Hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError, unwritable
from suite.cli.command import command
from suite.cli.options import FILE, format_option
from suite.cli.trustoptions import trusted

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.trustoptions import Trusted


@command("suite export runs/20260131-120000-cpu-vllm-smoke --format vllm-bench --out results")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=FILE)
@format_option("vllm-bench")
@click.option("--trace", is_flag=True, help="a trace for Perfetto or Chrome: --format trace")
@click.option("--phase", metavar="NAME", default="", help="one phase alone")
@click.option(
    "--out",
    type=FILE,
    metavar="PATH",
    help="file, or folder where several are written (default: beside the run)",
)
@click.option(
    "--hub",
    metavar="OWNER/NAME",
    help="upload the files to this dataset repository of the Hugging Face Hub",
)
@click.option("--hub-path", metavar="FOLDER", default="", help="where in it (default: its top)")
@trusted
def export(
    runs: tuple[Path, ...],
    trusted: Trusted,
    *,
    name: str,
    trace: bool,
    phase: str,
    out: Path | None,
    hub: str | None,
    hub_path: str,
) -> int:
    """Write runs' numbers in another tool's format.

    RUN is a run directory, a submission or a bundle. What is signed is verified first, what is not is scored from its evidence.
    Where the tool keeps many runs in one file, all runs go into one. A file of the same name is kept as NAME.bak.
    """
    from suite.base.visible import say
    from suite.cli import exporting
    from suite.cli.uploading import upload

    if hub_path and hub is None:
        message = Sentence("--hub-path belongs to --hub", "--hub-path 与 --hub 一同使用")
        raise UsageError("usage-wrong", message)
    chosen = "trace" if trace else name
    files = []
    try:
        for path in exporting.export(runs, chosen, phase, out, trusted):
            say(path)
            files.append(path)
    except OSError as cause:
        place = cause.filename or out or runs[0]
        raise UsageError("page-unwritable", unwritable(place, cause)) from cause
    if hub is not None:
        say(upload(files, hub, hub_path))
    return 0
