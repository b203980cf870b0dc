"""``suite verify``: check a run directory, a bundle or a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.cli.command import command
from suite.cli.options import FILE, json_option, trusted

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.options import Trusted


@command("suite verify runs/20260131-120000-cpu-vllm-smoke --trust trust/keys.json")
@click.argument("subject", type=FILE)
@trusted
@click.option("--nonce", help="the round that the scorecard must be for")
@json_option("the steps")
def verify(subject: Path, trusted: Trusted, nonce: str | None, *, as_json: bool) -> int:
    """Check a run directory, a bundle or a page, in numbered steps.

    SUBJECT is a run directory, a .sigstore.json or an .html file. Re-hashes the evidence, checks the signature,
    recomputes every number from the raw events and renders the page again. Without --trust or --key the signer is
    not established and the last line says so.
    """
    from suite.cli import judging
    from suite.cli.output import write_json

    result = judging.verify(subject, trusted, nonce)
    if as_json:
        write_json(result.to_json())
    else:
        print(result.text(), end="")
    if result.exit_status == 0 and result.verified is not None:
        # Intact and not conformant is still not conformant.
        return judging.exit_status(result.verified.card)
    return result.exit_status
