"""``suite commit``: sign what will run before the challenge of a round is received."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from suite.base.visible import say
from suite.cli.command import command
from suite.cli.options import FILE, choices
from suite.cli.signingoptions import signing_key_option, tsa_option

if TYPE_CHECKING:
    from suite.cli.options import Choices

DEFAULT = Path("commitment.sigstore.json")


@command("suite commit --vendor cpu --profile smoke --key vendor.pem")
@choices
@signing_key_option
@tsa_option
@click.option(
    "--out",
    type=FILE,
    metavar="FILE",
    default=DEFAULT,
    show_default=True,
    help="file to write",
)
@click.option(
    "--after",
    type=FILE,
    metavar="FILE",
    help="the commitment before this one, where another try follows",
)
def commit(
    choices: Choices, key: str | None, tsa: str | None, out: Path, after: Path | None
) -> int:
    """Sign what will run, before the challenge is issued.

    Resolves the plan of these options and signs its skeleton: image, declaration, command, model and profile, without the tasks
    and loads that a challenge draws. Send the file to the reviewers; the challenge that answers it names it, and `suite run
    --challenge FILE --commitment FILE` is held against it.
    """
    from suite.cli import committing

    say(committing.commit(choices, key=key, tsa=tsa, out=out, after=after))
    return 0
