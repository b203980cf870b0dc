"""``suite receipt``: a reviewer's dated receipt for a signed scorecard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.safe import resolved
from suite.base.visible import say
from suite.cli.command import command
from suite.cli.options import FILE
from suite.cli.signingoptions import signing

if TYPE_CHECKING:
    from pathlib import Path

    from suite.cli.signingoptions import Signing

ENDING = ".receipt.sigstore.json"
_KEPT = Sentence(
    "a receipt is never overwritten: the older one says more", "收据从不覆盖：越早的越有证明力"
)


@command("suite receipt runs/20260131-120000-cpu-vllm-smoke --key reviewer.pem")
@click.argument("subject", type=FILE)
@signing(f"file to write; default: beside SUBJECT, *{ENDING}")
def receipt(subject: Path, signing: Signing) -> int:
    """Sign that a scorecard was received now.

    SUBJECT is a run directory, a .sigstore.json or an .html file. The receipt states that these signed bytes and this
    signature were there at this time, by the reviewer's clock, and nothing about the numbers: `suite verify --receipt`
    takes it as the time at which the signer's key must have counted.
    """
    from datetime import UTC, datetime

    from suite.cli import judging, signingkey
    from suite.cli.output import labelled, write_new
    from suite.judge.attest import envelope
    from suite.judge.attest.existence import make_receipt
    from suite.judge.attest.sign import sign
    from suite.judge.attest.times import format_time

    path, bundle = judging.bundle_of(subject)
    received = envelope.parse(bundle, name=str(path))
    target = signing.out or _place(subject)
    signer, stamp = signingkey.opened(signing)
    now = datetime.now(UTC)
    made = sign(make_receipt(received, signer.key.public, now), signer.key, stamp)
    write_new(target, made, exists="receipt-exists", hint=_KEPT)
    time = format_time(now)
    seen = Sentence(f"{path}, {time}; not verified by this", f"{path}，{time}；这并不核验其内容")
    say(
        labelled(
            [
                (Sentence("received", "收到"), seen),
                (signingkey.SIGNED_BY, signer.named()),
                (Sentence("receipt", "收据"), str(target)),
            ]
        )
    )
    return 0


def _place(subject: Path) -> Path:
    """Beside a run directory, never in it: verification refuses what the manifest does not know."""
    path = resolved(subject)
    name = path.name
    for ending in (".sigstore.json", ".html", ".htm"):
        name = name.removesuffix(ending)
    directory = path.parent
    from suite.evidence import MANIFEST

    if not subject.is_dir() and (directory / MANIFEST).exists():
        return directory.with_name(directory.name + ENDING)
    return directory / (name + ENDING)
