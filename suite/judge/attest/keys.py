"""Keys: ECDSA P-256 with SHA-256 (the default) and Ed25519, as PEM files.

A key's id is computed, never read: base64 of the SHA-256 of its SubjectPublicKeyInfo in DER. ECDSA
signatures are deterministic (RFC 6979), so the same payload and key give the same bundle.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import os
import re
import secrets
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from suite.base.bilingual import Sentence
from suite.base.errors import Place, SetupError, SuiteError, TrustError, UsageError
from suite.base.safe import open_plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Passphrase: TypeAlias = Callable[[], bytes | None]
    """Asks for the passphrase of an encrypted key; None when there is none to be had."""

MAX_KEY_BYTES = 16 * 1024
"""A PEM file of either algorithm is below 1 KiB; anything larger is not a key."""

_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----\s*\Z")
PASSPHRASE_VARIABLE = "SUITE_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable
"""Environment variable with the passphrase of an encrypted key, or the PIN of a token."""
_HINT_PRIVATE = Sentence(
    "make one with `suite keygen --out FILE`, or `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`",
    "请以 `suite keygen --out FILE` 或 `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` 新建",
)
_HINT_PUBLIC = Sentence(
    "a PEM file that begins with -----BEGIN PUBLIC KEY-----, of an ECDSA P-256 or Ed25519 key",
    "以 -----BEGIN PUBLIC KEY----- 开头的 PEM 文件，ECDSA P-256 或 Ed25519 密钥",
)

_Public: TypeAlias = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
_Private: TypeAlias = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class Algorithm(enum.StrEnum):
    """Signature algorithms that are accepted."""

    ECDSA_P256 = "ecdsa-p256-sha256"
    ED25519 = "ed25519"


def _algorithm(key: object) -> Algorithm | None:
    if isinstance(key, ed25519.Ed25519PublicKey | ed25519.Ed25519PrivateKey):
        return Algorithm.ED25519
    if isinstance(key, ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey) and isinstance(
        key.curve, ec.SECP256R1
    ):
        return Algorithm.ECDSA_P256
    return None


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key, its algorithm and its id. Equal when the id is equal."""

    algorithm: Algorithm
    id: str
    pem: bytes
    _key: _Public

    def holds(self, signature: bytes, data: bytes) -> bool:
        """Whether `signature` over `data` was made with this key's private half."""
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                self._key.verify(signature, data)
            else:
                self._key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    def __eq__(self, other: object) -> bool:
        """Compare by id."""
        return isinstance(other, PublicKey) and other.id == self.id

    def __hash__(self) -> int:
        """Hash of the id."""
        return hash(self.id)


class SigningKey(Protocol):
    """What signs: a private key of a file, or one that stays in a token (`suite.judge.attest.pkcs11key`)."""

    @property
    def public(self) -> PublicKey:
        """The public half."""

    def sign(self, data: bytes) -> bytes:
        """The signature: DER for ECDSA, 64 bytes for Ed25519."""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key with its public half; it never shows itself in a traceback or log."""

    public: PublicKey
    _key: _Private

    def __repr__(self) -> str:
        """The id alone."""
        return f"PrivateKey({self.public.id})"

    def sign(self, data: bytes) -> bytes:
        """The signature: DER for ECDSA, 64 bytes for Ed25519; deterministic in both cases."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(data)
        return self._key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))

    def to_pem(self) -> bytes:
        """PKCS #8 PEM without encryption."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def _spki(key: _Public, encoding: serialization.Encoding) -> bytes:
    return key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


def public_key(key: object) -> PublicKey:
    """Wrap a public key of the `cryptography` library.

    Raises:
        UsageError: ``key-algorithm``.
    """
    algorithm = _algorithm(key)
    if algorithm is None or not isinstance(
        key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
    ):
        raise UsageError(
            "key-algorithm",
            Sentence(
                "neither an ECDSA P-256 nor an Ed25519 key",
                "既不是 ECDSA P-256 密钥，也不是 Ed25519 密钥",
            ),
        )
    return _public(key, algorithm)


def _public(key: _Public, algorithm: Algorithm) -> PublicKey:
    digest = hashlib.sha256(_spki(key, serialization.Encoding.DER)).digest()
    pem = _spki(key, serialization.Encoding.PEM)
    return PublicKey(algorithm, base64.b64encode(digest).decode("ascii"), pem, key)


def private_key(key: _Private) -> PrivateKey:
    """Wrap a key of the `cryptography` library.

    Raises:
        UsageError: ``key-algorithm``.
    """
    return PrivateKey(public_key(key.public_key()), key)


def _pem_body(data: bytes, label: bytes) -> bytes:
    """The DER inside the only PEM block; raises ValueError with a sentence otherwise."""
    match = _PEM.match(data)
    if not match:
        msg = "not exactly one PEM block"
        raise ValueError(msg)
    if match[1] != label:
        msg = f"a PEM block of {match[1].decode('ascii')}, not {label.decode('ascii')}"
        raise ValueError(msg)
    return base64.b64decode(match[2].replace(b"\r", b"").replace(b"\n", b""), validate=True)


def parse_public(
    data: bytes, *, name: str = "<key>", error: type[SuiteError] = TrustError
) -> PublicKey:
    """Read one public key from PEM.

    Raises:
        SuiteError: of the class `error`: ``key-wrong`` (not one PEM block of a public key),
            ``key-algorithm`` (another algorithm or curve), ``key-encoding`` (an unusual encoding that
            would give the same key a second id).
    """
    place = Place(name)
    if data.lstrip().startswith(b"{"):
        hint = Sentence(
            f"a trust list is given as --trust {name}", f"信任列表以 --trust {name} 给出"
        )
        raise error(
            "key-wrong", Sentence("JSON, not a public key", "是 JSON，不是公钥"), place, hint
        )
    try:
        body = _pem_body(data, b"PUBLIC KEY")
        key = serialization.load_der_public_key(body)
    except (ValueError, UnsupportedAlgorithm) as cause:
        reason = str(cause).split("\n", maxsplit=1)[0][:120]
        raise error(
            "key-wrong",
            Sentence(f"not a public key: {reason}", f"不是公钥：{reason}"),
            place,
            _HINT_PUBLIC,
        ) from cause
    algorithm = _algorithm(key)
    if algorithm is None or not isinstance(
        key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
    ):
        message = Sentence(
            "neither an ECDSA P-256 nor an Ed25519 key",
            "既不是 ECDSA P-256 密钥，也不是 Ed25519 密钥",
        )
        raise error("key-algorithm", message, place, _HINT_PUBLIC)
    if _spki(key, serialization.Encoding.DER) != body:
        hint = Sentence(
            "re-encode it: openssl pkey -pubin -in KEY -pubout -ec_conv_form uncompressed",
            "请重新编码：openssl pkey -pubin -in KEY -pubout -ec_conv_form uncompressed",
        )
        raise error(
            "key-encoding",
            Sentence("an unusual encoding of the key", "密钥的编码方式不常见"),
            place,
            hint,
        )
    return _public(key, algorithm)


def parse_private(
    data: bytes, *, name: str = "<key>", passphrase: Passphrase | None = None
) -> PrivateKey:
    """Read one private key from PKCS #8 (or SEC 1) PEM.

    Args:
        data: the file.
        name: what to call it in a refusal.
        passphrase: asked once, where the key is encrypted.

    Raises:
        UsageError: ``key-wrong``, ``key-encrypted``, ``key-passphrase-wrong`` or ``key-algorithm``.
    """
    place = Place(name)
    if b"-----BEGIN PUBLIC KEY-----" in data:
        message = Sentence("a public key; signing needs the private one", "是公钥；签名需要私钥")
        raise UsageError("key-wrong", message, place, _HINT_PRIVATE)
    try:
        key: object = serialization.load_pem_private_key(data, password=None)
    except TypeError:
        key = _decrypted(data, passphrase() if passphrase else None, place)
    except (ValueError, UnsupportedAlgorithm) as cause:
        raise UsageError(
            "key-wrong",
            Sentence("not a private key in PEM", "不是 PEM 格式的私钥"),
            place,
            _HINT_PRIVATE,
        ) from cause
    algorithm = _algorithm(key)
    if algorithm is None or not isinstance(
        key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    ):
        message = Sentence(
            "neither an ECDSA P-256 nor an Ed25519 key",
            "既不是 ECDSA P-256 密钥，也不是 Ed25519 密钥",
        )
        raise UsageError("key-algorithm", message, place, _HINT_PRIVATE)
    return PrivateKey(_public(key.public_key(), algorithm), key)


def _decrypted(data: bytes, passphrase: bytes | None, place: Place) -> object:
    if passphrase is None:
        hint = Sentence(
            f"set {PASSPHRASE_VARIABLE}, or sign on a terminal, which asks for it",
            f"请设置 {PASSPHRASE_VARIABLE}，或在终端上签名，届时会询问",
        )
        raise UsageError(
            "key-encrypted", Sentence("the key is encrypted", "密钥已加密"), place, hint
        )
    try:
        return serialization.load_pem_private_key(data, password=passphrase)
    except (ValueError, UnsupportedAlgorithm) as cause:
        message = Sentence("the passphrase does not open the key", "口令打不开该密钥")
        raise UsageError("key-passphrase-wrong", message, place) from cause


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
    data = _read(path, _HINT_PRIVATE, private=True)
    return parse_private(data, name=str(path), passphrase=passphrase)


def load_public(path: Path) -> PublicKey:
    """Read a public key file; see `parse_public`, and ``key-unreadable``. All are `UsageError`."""
    return parse_public(_read(path, _HINT_PUBLIC), name=str(path), error=UsageError)


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
    raw: _Private = (
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
