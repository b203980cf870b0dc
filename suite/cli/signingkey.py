"""Which key signs: a file, one in a token, or the local one, which alone is made on first use."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.base.language import language
from suite.cli import stamping
from suite.cli.localkey import default_key
from suite.cli.signingoptions import KEY_VARIABLE
from suite.judge.attest import keyfiles, keys, pkcs11key
from suite.judge.attest.keyless import KeylessSigner, ambient_token, trust_config

if TYPE_CHECKING:
    from suite.cli.signingoptions import Signing
    from suite.judge.attest.keys import SigningKey
    from suite.judge.attest.sign import Stamp


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


IDENTITY_VARIABLE: Final = "SIGSTORE_ID_TOKEN"
MAX_CONFIG_BYTES: Final = 4 << 20
SIGNED_BY = Sentence("signed by", "签名密钥")
_PROMPT = Sentence("passphrase or PIN of the key", "密钥的口令或 PIN")


def named_key(name: str | None) -> OpenKey | None:
    """Open the key that ``--key`` or ``$SUITE_KEY`` names, or the local one; None when that is not made yet.

    Asks for a passphrase or PIN on a terminal, so it must be called before signals are taken over.

    Raises:
        UsageError: see `suite.judge.attest.keyfiles.load_private` and `suite.judge.attest.pkcs11key.load`.
        SetupError: see there.
    """
    name = name or os.environ.get(KEY_VARIABLE)
    if name is None or not name:
        path = default_key()
        if not os.path.lexists(path):
            return None
        return OpenKey(keyfiles.load_private(path, _passphrase), str(path))
    if name.startswith(pkcs11key.SCHEME):
        return OpenKey(pkcs11key.load(name, _passphrase), name)
    path = Path(name).expanduser()
    return OpenKey(keyfiles.load_private(path, _passphrase), str(path))


def opened(signing: Signing) -> tuple[OpenKey, Stamp | None]:
    """The key that signs a statement, made on first use where none was named, and what stamps its signature.

    Raises:
        UsageError, SetupError: as `named_key`, `local_key` and `suite.cli.stamping.authority`.
    """
    stamp = stamping.authority(signing.tsa) if signing.tsa else None
    return named_key(signing.key) or local_key(), stamp


def local_key() -> OpenKey:
    """The local key, made on first use.

    Raises:
        SetupError: ``key-unwritable``.
    """
    path = default_key()
    key, new = keyfiles.load_or_generate(path, _passphrase)
    return OpenKey(key, str(path), new)


def keyless(sigstore: Path | None) -> KeylessSigner:
    """Whoever the token of ``$SIGSTORE_ID_TOKEN`` names, or the one that a CI service gives its jobs.

    Args:
        sigstore: client trust configuration of another instance; None for the public one.

    Raises:
        SetupError: ``sigstore-missing``.
        UsageError: ``identity-token-wrong``, ``trust-config-wrong``.
        TrustError: ``keyless-unavailable``.
    """
    text = None
    if sigstore is not None:
        text = jsonio.read_bytes(sigstore, error=UsageError, limit=MAX_CONFIG_BYTES).decode(
            errors="replace"
        )
    config = trust_config(text)
    token = os.environ.get(IDENTITY_VARIABLE) or ambient_token()
    if token is None:
        message = Sentence(
            f"neither ${IDENTITY_VARIABLE} nor a CI service has a token",
            f"${IDENTITY_VARIABLE} 与 CI 服务均未给出令牌",
        )
        raise UsageError("identity-token-wrong", message)
    return KeylessSigner(config, token)


def _passphrase() -> bytes | None:
    given = os.environb.get(keys.PASSPHRASE_VARIABLE.encode())
    if given:
        return given
    if not sys.stdin.isatty():
        return None
    try:
        answer: str = click.prompt(language().of(_PROMPT), hide_input=True, err=True)
    except click.Abort as cause:
        raise KeyboardInterrupt from cause
    return answer.encode("utf-8", "surrogateescape")
