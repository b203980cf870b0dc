"""Which key signs: a file, one in a token, or the local one, which alone is made on first use."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.language import language
from suite.cli.options import KEY_VARIABLE, default_key
from suite.judge.attest import keys, pkcs11key

if TYPE_CHECKING:
    from suite.judge.attest.keys import SigningKey


@dataclass(frozen=True, slots=True)
class OpenKey:
    """A key that is ready to sign.

    Attributes:
        key: what signs.
        where: file or URI, for people.
        new: whether it was made now.
    """

    key: SigningKey
    where: str
    new: bool = False

    def named(self) -> Sentence:
        """The key's id, and whether it was made now."""
        key_id = self.key.public.id
        if self.new:
            return Sentence(f"{key_id} (a new key)", f"{key_id}（新建密钥）")
        return Sentence(key_id, key_id)


SIGNED_BY = Sentence("signed by", "签名密钥")
_ASKED = Sentence("passphrase or PIN of the key", "密钥的口令或 PIN")


def named_key(name: str | None) -> OpenKey | None:
    """Open the key that ``--key`` or ``$SUITE_KEY`` names, or the local one; None when that is not made yet.

    Asks for a passphrase or PIN on a terminal, so it must be called before signals are taken over.

    Raises:
        UsageError: see `suite.judge.attest.keys.load_private` and `suite.judge.attest.pkcs11key.load`.
        SetupError: see there.
    """
    name = name or os.environ.get(KEY_VARIABLE)
    if name is None or not name:
        path = default_key()
        if not os.path.lexists(path):
            return None
        return OpenKey(keys.load_private(path, _passphrase), str(path))
    if name.startswith(pkcs11key.SCHEME):
        return OpenKey(pkcs11key.load(name, _passphrase), name)
    path = Path(name).expanduser()
    return OpenKey(keys.load_private(path, _passphrase), str(path))


def local_key() -> OpenKey:
    """The local key, made on first use.

    Raises:
        SetupError: ``key-unwritable``.
    """
    path = default_key()
    key, new = keys.load_or_generate(path, _passphrase)
    return OpenKey(key, str(path), new)


def _passphrase() -> bytes | None:
    given = os.environb.get(keys.PASSPHRASE_VARIABLE.encode())
    if given:
        return given
    if not sys.stdin.isatty():
        return None
    try:
        asked: str = click.prompt(language().of(_ASKED), hide_input=True, err=True)
    except click.Abort as cause:
        raise KeyboardInterrupt from cause
    return asked.encode("utf-8", "surrogateescape")
