"""``suite tune``: measure several configurations of an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.cli.command import command
from suite.cli.options import FILE, choices, quiet_option, sending
from suite.cli.signingoptions import signing_key_option

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Choices, Sending


@command(
    "suite tune --engine transformers --vary attn-implementation=eager,sdpa --vary compile=off,on"
)
@choices
@sending
@click.option(
    "--vary",
    multiple=True,
    metavar="NAME=VALUES",
    help="an engine's argument and its values with commas between them, off for none and on for a flag; may be "
    "repeated (default: every tunable argument whose values the declaration lists)",
)
@click.option(
    "--cross", is_flag=True, help="every combination (default: one argument changed at a time)"
)
@click.option("--out", type=FILE, metavar="DIR", help="directory of the runs; default: runs/<id>")
@signing_key_option
@quiet_option
def tune(
    choices: Choices,
    sending: Sending,
    *,
    vary: tuple[str, ...],
    cross: bool,
    out: Path | None,
    key: str | None,
    quiet: bool,
) -> int:
    """Measure several configurations of an engine, each as a run of its own.

    Configurations that the declaration refuses are named and left out, and so is one whose plan is another's, by digest.
    Each is tried with four short requests before it is measured; one that fails is named, and the others go on. The exit
    status is 0 where all that were measured are conformant, 1 where one is not, 4 where none was measured.
    """
    from suite.cli.tuning import tune as measure_all

    return measure_all(choices, sending, vary, cross=cross, out=out, key=key, quiet=quiet)
