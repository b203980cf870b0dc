"""``suite sign``: score a run directory again and sign it with a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.cli.command import command
from suite.cli.options import FILE, default_key, signing_key_option

if TYPE_CHECKING:
    from pathlib import Path


@command("suite sign runs/20260131-120000-cpu-vllm-smoke --key lab.pem")
@click.argument("run", type=FILE)
@signing_key_option
def sign(run: Path, key: Path | None) -> int:
    """Score a run directory and sign the scorecard.

    Recomputes the scorecard from the evidence, signs it and renders the page.
    """
    from suite.cli.signing import PAGE_FILE, sign_and_render
    from suite.judge.attest import keys

    where = key or default_key()
    private, made = keys.load_or_generate(where)
    card = sign_and_render(run, private).card
    print(f"signed with {'a new key' if made else 'the key'} {where} ({private.public.id})")
    print(f"page         {run / PAGE_FILE}")
    if not card.verdict.conformant:
        print(f"the card says: not conformant ({card.verdict.sentence.en})")
    return 0
