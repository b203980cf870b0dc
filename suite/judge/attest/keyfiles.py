"""Key files: read by whoever alone may read them, made whole, never overwritten."""

from __future__ import annotations

import os
import secrets
import stat
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from suite.base.bilingual import Sentence
from suite.base.errors import Place, SetupError, UsageError
from suite.base.safe import open_plain
from suite.judge.attest.keys import (
    HINT_PRIVATE,
    HINT_PUBLIC,
    MAX_KEY_BYTES,
    Algorithm,
    parse_private,
    parse_public,
    private_key,
)

if TYPE_CHECKING:
    from pathlib import Path

    from suite.judge.attest.keys import Passphrase, PrivateKey, PublicKey


def _read(path: Path, hint: str, *, private: bool = False) -> bytes:
    try:
        with open_plain(path, below=None) as stream:
            if private:
                _require_private(os.fstat(stream.fileno()).st_mode, path)
            data = stream.read(MAX_KEY_BYTES + 1)
    except OSError as cause:
        message = Sentence(
            f"cannot read the key: {cause.strerror or cause}",
            f"无法读取密钥：{cause.strerror or cause}",
        )
        raise UsageError("key-unreadable", message, Place(str(path)), hint) from cause
    if len(data) > MAX_KEY_BYTES:
        raise UsageError(
            "key-wrong", Sentence("too large for a key", "作为密钥过大"), Place(str(path)), hint
        )
    return data


def _require_private(mode: int, path: Path) -> None:
    """Refuse a key that others on this machine may read or replace: whose signature would it be?"""
    if mode & 0o077:
        message = Sentence(
            f"others may use the key: its mode is {stat.S_IMODE(mode):04o}",
            f"他人可使用该密钥：其权限为 {stat.S_IMODE(mode):04o}",
        )
        hint = Sentence(
            f"chmod 600 {path}; if others could read it, make a new one: suite keygen",
            f"chmod 600 {path}；若他人曾可读取，请新建：suite keygen",
        )
        raise UsageError("key-permissions", message, Place(str(path)), hint)


def load_private(path: Path, passphrase: Passphrase | None = None) -> PrivateKey:
    """Read a private key file; see `parse_private`, and ``key-unreadable``, ``key-permissions``."""
    data = _read(path, HINT_PRIVATE, private=True)
    return parse_private(data, name=str(path), passphrase=passphrase)


def load_public(path: Path) -> PublicKey:
    """Read a public key file; see `parse_public`, and ``key-unreadable``. All are `UsageError`."""
    return parse_public(_read(path, HINT_PUBLIC), name=str(path), error=UsageError)


def public_path(path: Path) -> Path:
    """Where the public half of a private key file lies: ``key.pem`` -> ``key.pub.pem``."""
    return path.with_name(f"{path.stem}.pub.pem")


def generate(path: Path, algorithm: Algorithm = Algorithm.ECDSA_P256) -> PrivateKey:
    """Make a key: `path` (PKCS #8, mode 0600) and beside it the public half (`public_path`).

    Both files appear whole or not at all, and neither is ever overwritten.

    Raises:
        UsageError: ``key-exists``.
        SetupError: ``key-unwritable``.
    """
    raw = (
        ec.generate_private_key(ec.SECP256R1())
        if algorithm is Algorithm.ECDSA_P256
        else ed25519.Ed25519PrivateKey.generate()
    )
    key = private_key(raw)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as cause:
        raise _unwritable(path, cause) from cause
    public = public_path(path)
    try:
        if public.exists():
            raise _exists(public)
        _create(path, key.to_pem(), 0o600)
        try:
            _create(public, key.public.pem, 0o644)
        except OSError:
            path.unlink()
            raise
    except FileExistsError as cause:
        raise _exists(path) from cause
    except OSError as cause:
        raise _unwritable(path, cause) from cause
    return key


def _unwritable(path: Path, cause: OSError) -> SetupError:
    hint = Sentence(
        "make one where you may write, with `suite keygen --out FILE`, and give it as --key FILE or in $SUITE_KEY",
        "请以 `suite keygen --out FILE` 在可写之处新建，并以 --key FILE 或 $SUITE_KEY 给出",
    )
    message = Sentence(
        f"cannot write the key: {cause.strerror or cause}",
        f"无法写入密钥：{cause.strerror or cause}",
    )
    return SetupError("key-unwritable", message, Place(str(path)), hint)


def _exists(path: Path) -> UsageError:
    hint = Sentence(
        "a key is never overwritten; choose another name or move it away",
        "密钥从不覆盖；请换用其他名称，或移走它",
    )
    return UsageError(
        "key-exists",
        Sentence("the key file exists already", "密钥文件已存在"),
        Place(str(path)),
        hint,
    )


def _create(path: Path, data: bytes, mode: int) -> None:
    """Write a new file in one step: a reader sees the whole file or none, and an existing one stays."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        # A hard link, unlike a rename, refuses to replace a file that another process made meanwhile.
        os.link(draft, path)
    finally:
        draft.unlink()


def load_or_generate(path: Path, passphrase: Passphrase | None = None) -> tuple[PrivateKey, bool]:
    """The local key at `path`, made on first use; the flag says whether it is new. No other key is made unasked.

    Two runs that start together end up with the same key.
    """
    try:
        return load_private(path, passphrase), False
    except UsageError as missing:
        if not isinstance(missing.__cause__, FileNotFoundError):
            raise
    try:
        return generate(path), True
    except UsageError as taken:
        # Another run made it in between, and it appears whole; or only a public half lies there.
        try:
            return load_private(path), False
        except UsageError:
            raise taken from None
