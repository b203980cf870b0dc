"""``suite sign``: score a run directory again and sign it with a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.visible import say
from suite.cli.command import command
from suite.cli.options import FILE, signing_key_option, tsa_option

if TYPE_CHECKING:
    from pathlib import Path


@command("suite sign runs/20260131-120000-cpu-vllm-smoke --key lab.pem")
@click.argument("run", type=FILE)
@signing_key_option
@tsa_option
def sign(run: Path, key: str | None, tsa: str | None) -> int:
    """Score a run directory and sign the scorecard.

    Recomputes the scorecard from the evidence, signs it and renders the page. With --tsa the signature gets a time stamp,
    which shows later that the key had not ended yet.
    """
    from suite.cli import signingkey, stamping
    from suite.cli.signing import PAGE_FILE, require_run, sign_and_render

    require_run(run)
    stamp = stamping.authority(tsa) if tsa else None
    signer = signingkey.named_key(key) or signingkey.local_key()
    card = sign_and_render(run, signer.key, stamp).card
    say(
        Sentence(
            f"signed with {'a new key' if signer.new else 'the key'} {signer.where} ({signer.key.public.id})",
            f"签名密钥：{signer.where}（{signer.key.public.id}）{'，新建' if signer.new else ''}",
        )
    )
    if tsa:
        say(Sentence(f"time stamp   {tsa}", f"时间戳       {tsa}"))
    say(Sentence(f"page         {run / PAGE_FILE}", f"页面         {run / PAGE_FILE}"))
    if not card.verdict.conformant:
        say(
            Sentence(
                f"the card says: not conformant ({card.verdict.sentence.en})",
                f"评分卡的结论：不合规（{card.verdict.sentence.zh}）",
            )
        )
    return 0
