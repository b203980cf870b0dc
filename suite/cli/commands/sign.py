"""``suite sign``: score a run directory again and sign it with a key."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.base.visible import say
from suite.cli.command import command
from suite.cli.options import FILE
from suite.cli.signingoptions import signing_key_option, tsa_option

if TYPE_CHECKING:
    from pathlib import Path


@command("suite sign runs/20260131-120000-cpu-vllm-smoke --key lab.pem")
@click.argument("run", type=FILE)
@signing_key_option
@tsa_option
@click.option(
    "--keyless",
    is_flag=True,
    help="sign by Sigstore, as whom the token in $SIGSTORE_ID_TOKEN, or of this CI job, names",
)
@click.option(
    "--sigstore",
    type=FILE,
    metavar="FILE",
    help="client trust configuration (JSON) of another Sigstore than the public one",
)
def sign(
    run: Path, key: str | None, tsa: str | None, *, keyless: bool, sigstore: Path | None
) -> int:
    """Score a run directory and sign the scorecard.

    Recomputes the scorecard from the evidence, signs it, renders the page and verifies all of it as a stranger would. With --tsa the signature gets a time stamp,
    which shows later that the key had not ended yet. With --keyless there is no key to keep: Sigstore makes a certificate for
    minutes and keeps the signature in its public log, with the identity.
    """
    from suite.base.language import language
    from suite.cli import signingkey, stamping
    from suite.cli.signing import sign_and_render, verify_signed
    from suite.evidence import require_run
    from suite.judge.attest.files import PAGE_FILE

    if (keyless and (key or tsa)) or (sigstore is not None and not keyless):
        message = Sentence(
            "--keyless goes without --key and --tsa; --sigstore belongs to it",
            "--keyless 不可与 --key、--tsa 一同给出；--sigstore 与它一同使用",
        )
        raise UsageError("usage-wrong", message)
    require_run(run)
    if keyless:
        certified = signingkey.keyless(sigstore)
        card = sign_and_render(run, certified).card
        say(Sentence(f"signed as    {certified.identity}", f"签名身份     {certified.identity}"))
    else:
        stamp = stamping.authority(tsa) if tsa else None
        signer = signingkey.named_key(key) or signingkey.local_key()
        signed = sign_and_render(run, signer.key, stamp)
        card, checked = signed.card, verify_signed(signed, signer.key.public)
        say(
            Sentence(
                f"signed with {'a new key' if signer.new else 'the key'} {signer.where} ({signer.key.public.id})",
                f"签名密钥：{signer.where}（{signer.key.public.id}）{'，新建' if signer.new else ''}",
            )
        )
        if not checked.intact:
            say(checked.text(language()), file=sys.stderr)
            return checked.exit_status
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
