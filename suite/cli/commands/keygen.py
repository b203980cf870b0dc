"""``suite keygen``: a new signing key."""

from __future__ import annotations

import os
from pathlib import Path

import click

from suite.base.bilingual import Sentence
from suite.base.visible import say
from suite.cli.command import Names, command
from suite.cli.localkey import default_key
from suite.cli.options import FILE
from suite.cli.signingoptions import KEY_VARIABLE

ALGORITHMS = ("ecdsa-p256-sha256", "ed25519")


@command("suite keygen --out lab.pem")
@click.option("--out", type=FILE, metavar="FILE", help="where to write the private key")
@click.option("--algorithm", type=Names(ALGORITHMS), default=ALGORITHMS[0], show_default=True)
def keygen(out: Path | None, algorithm: str) -> int:
    """Make a signing key.

    Makes an ECDSA P-256 (default) or Ed25519 key: FILE (mode 600) and FILE's public half.
    """
    from suite.cli.output import labelled
    from suite.judge.attest import keyfiles, keys

    configured = os.environ.get(KEY_VARIABLE)
    path = out or (Path(configured).expanduser() if configured else default_key())
    key = keyfiles.generate(path, keys.Algorithm(algorithm))
    say(
        labelled(
            [
                (Sentence("private key", "私钥"), str(path)),
                (Sentence("public key", "公钥"), str(keyfiles.public_path(path))),
                (Sentence("key id", "密钥编号"), key.public.id),
            ]
        )
    )
    return 0
