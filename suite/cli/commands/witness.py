"""``suite witness``: measure a vendor's server from one's own machine, and sign what was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.cli.command import command
from suite.cli.options import FILE, choices, quiet_option, sending
from suite.cli.signingoptions import signing

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Choices, Sending
    from suite.cli.signingoptions import Signing


@command("suite witness --url https://llm.example:8000 --model ./model --key reviewer.pem")
@choices
@sending
@click.option("--run-out", type=FILE, metavar="DIR", help="run directory; default: runs/<id>")
@click.option(
    "--card-key",
    metavar="FILE",
    help="key that signs the card, a vendor's or lab's; default: the local one",
)
@click.option(
    "--server-log",
    type=FILE,
    metavar="FILE",
    help="the server's own log of the run, JSON Lines; read when the run has ended",
)
@signing("default: RUN.witness.sigstore.json")
@quiet_option
def witness(
    choices: Choices,
    sending: Sending,
    *,
    run_out: Path | None,
    card_key: str | None,
    server_log: Path | None,
    signing: Signing,
    quiet: bool,
) -> int:
    """Measure a server elsewhere, and sign what this client saw.

    Runs as `suite run --url` does, times the network before, between and after the phases, and holds the client's log against
    the server's side: its page of metrics, or its own log. The result is a statement about the card by a reviewer's key (--key), for
    `suite verify --statement` and a submission's statements/. The exit status is 0 where both sides agree, 1 where they differ, 4
    where only one side is known.
    """
    from suite.cli.witnessing import witness as carry_out

    return carry_out(
        choices,
        sending,
        run_out=run_out,
        card_key=card_key,
        server_log=server_log,
        signing=signing,
        quiet=quiet,
    )
