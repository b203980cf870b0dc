"""``suite keygen`` and ``suite sign``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from suite import evidence
from suite.base.errors import Place, SetupError
from suite.judge import score
from suite.judge.attest import keys, sign
from suite.judge.report import html

if TYPE_CHECKING:
    import argparse

    from suite.documents.card import Scorecard
    from suite.judge.attest.keys import PrivateKey


KEY_VARIABLE = "SUITE_KEY"
PAGE_FILE = "scorecard.html"


def default_key() -> Path:
    """Where the local signing key lies: ``$SUITE_KEY``, or the user's configuration directory."""
    if os.environ.get(KEY_VARIABLE):
        return Path(os.environ[KEY_VARIABLE]).expanduser()
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "llm-inference-conformance" / "signing-key.pem"


def add_key_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--key`` as every signing command takes it."""
    parser.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help=f"private key; default ${KEY_VARIABLE}, else {default_key()}, made on first use",
    )


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this module."""
    keygen = commands.add_parser(
        "keygen",
        help="make a signing key",
        description="Make an ECDSA P-256 (default) or Ed25519 key: FILE (mode 600) and FILE's public half.",
        epilog="example: suite keygen --out lab.pem",
    )
    keygen.add_argument("--out", type=Path, metavar="FILE", help="where to write the private key")
    keygen.add_argument(
        "--algorithm",
        choices=[str(name) for name in keys.Algorithm],
        default=str(keys.Algorithm.ECDSA_P256),
        help="default: %(default)s",
    )
    keygen.set_defaults(handler=_keygen)
    signing = commands.add_parser(
        "sign",
        help="score a run directory and sign the scorecard",
        description="Recompute the scorecard from the evidence, sign it and render the page.",
        epilog="example: suite sign runs/20260131-120000-cpu-vllm-smoke --key lab.pem",
    )
    signing.add_argument("run", type=Path, help="run directory")
    add_key_option(signing)
    signing.set_defaults(handler=_sign)


def _keygen(arguments: argparse.Namespace) -> int:
    path: Path = arguments.out or default_key()
    key = keys.generate(path, keys.Algorithm(arguments.algorithm))
    print(f"private key  {path}")
    print(f"public key   {keys.public_path(path)}")
    print(f"key id       {key.public.id}")
    return 0


def sign_and_render(directory: Path, key: PrivateKey) -> Scorecard:
    """Score, sign and render one run directory; returns the card.

    A run that was killed left no manifest: it is written now, and rule R001 still says that the run was cut.

    Raises:
        EvidenceError: the evidence cannot be judged.
        SetupError: ``run-unwritable``, ``disk-full``.
    """
    if directory.is_dir() and not (directory / evidence.MANIFEST).exists():
        evidence.finish(directory)
    card = score.score(evidence.read(directory))
    bundle = sign.sign_run(directory, card, key)
    page = directory / PAGE_FILE
    try:
        page.write_bytes(html.render(bundle, card))
    except OSError as cause:
        message = f"cannot write the page: {cause.strerror or cause}"
        raise SetupError("run-unwritable", message, Place(str(page))) from cause
    return card


def _sign(arguments: argparse.Namespace) -> int:
    where: Path = arguments.key or default_key()
    key, made = keys.load_or_generate(where)
    card = sign_and_render(arguments.run, key)
    print(f"signed with {'a new key' if made else 'the key'} {where} ({key.public.id})")
    print(f"page         {arguments.run / PAGE_FILE}")
    if not card.verdict.conformant:
        print(f"the card says: not conformant ({card.verdict.sentence.en})")
    return 0
