"""``suite run``: measure, score, sign and render."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.cli.command import command
from suite.cli.options import FILE, choices, quiet_option, sending
from suite.cli.signingoptions import signing_key_option
from suite.cli.variantoptions import variants

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Choices, Sending
    from suite.cli.variantoptions import Variants


@command("suite run --vendor cpu --profile smoke")
@choices
@sending
@variants
@click.option(
    "--out",
    type=FILE,
    metavar="DIR",
    help="run directory to create, with --images or --commits what holds them; default: runs/<id>",
)
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
    variants: Variants,
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
    if variants.several:
        from suite.cli.variants import measure_each

        if resume is not None:
            message = Sentence(
                "--resume goes on with one run: no --images, no --commits",
                "--resume 继续单次运行：不可与 --images 或 --commits 一同给出",
            )
            raise UsageError("usage-wrong", message)
        return measure_each(choices, sending, variants, out=out, key=key, tsa=tsa, quiet=quiet)

    from suite.cli.measuring import measure
    from suite.cli.planned import accepting

    accept = None if planned is None else accepting(planned)
    return measure(
        choices, sending, out=out, key=key, tsa=tsa, quiet=quiet, resume=resume, accept=accept
    )
