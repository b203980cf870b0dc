"""``suite run``: measure, score, sign and render."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.cli.command import command
from suite.cli.options import FILE, choices, quiet_option, sending, signing_key_option

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Choices, Sending


@command("suite run --vendor cpu --profile smoke")
@choices
@sending
@click.option("--out", type=FILE, metavar="DIR", help="run directory to create; default: runs/<id>")
@click.option(
    "--resume",
    type=FILE,
    metavar="RUN",
    help="go on with a run that was cut, as a recorded new attempt; everything is taken from it",
)
@click.option(
    "--plan",
    "planned",
    type=FILE,
    metavar="FILE",
    help="refuse to run anything but this plan, which suite plan --json wrote",
)
@signing_key_option
@click.option(
    "--tsa",
    metavar="URL",
    help="time-stamping authority (RFC 3161) for stamps of the log and of the card (default: the challenge's, for the log)",
)
@quiet_option
def run(
    choices: Choices,
    sending: Sending,
    *,
    out: Path | None,
    resume: Path | None,
    planned: Path | None,
    key: str | None,
    tsa: str | None,
    quiet: bool,
) -> int:
    """Measure, score, sign and render.

    Starts the engine, sends the tasks, and leaves a signed scorecard in a run directory.
    """
    from suite.cli.measuring import measure
    from suite.cli.planned import accepting

    accept = None if planned is None else accepting(planned)
    return measure(
        choices, sending, out=out, key=key, tsa=tsa, quiet=quiet, resume=resume, accept=accept
    )
