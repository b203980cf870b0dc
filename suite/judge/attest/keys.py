"""Keys: ECDSA P-256 with SHA-256 (the default) and Ed25519, as PEM files.

A key's id is computed, never read: base64 of the SHA-256 of its SubjectPublicKeyInfo in DER. ECDSA
signatures are deterministic (RFC 6979), so the same payload and key give the same bundle.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from suite.base.bilingual import Sentence
from suite.base.errors import Place, SuiteError, TrustError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    Passphrase: TypeAlias = Callable[[], bytes | None]
    """Asks for the passphrase of an encrypted key; None when there is none to be had."""

MAX_KEY_BYTES = 16 * 1024
"""A PEM file of either algorithm is below 1 KiB; anything larger is not a key."""

UNREADABLE: Final = (
    *(ValueError, TypeError, UnsupportedAlgorithm),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.ExtensionNotFound),
)
"""What the library raises for a key or certificate that somebody malformed; its parts are read only when they are asked for."""

_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----\s*\Z")
PASSPHRASE_VARIABLE = "SUITE_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable
"""Environment variable with the passphrase of an encrypted key, or the PIN of a token."""
HINT_PRIVATE = Sentence(
    "make one with `suite keygen --out FILE`, or `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`",
    "请以 `suite keygen --out FILE` 或 `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` 新建",
)
HINT_PUBLIC = Sentence(
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


def _pem_body(data: bytes) -> bytes:
    """The DER inside the only PEM block, of a public key; raises ValueError with a sentence otherwise."""
    match = _PEM.match(data)
    if not match:
        msg = "not exactly one PEM block"
        raise ValueError(msg)
    if match[1] != b"PUBLIC KEY":
        msg = f"a PEM block of {match[1].decode('ascii')}, not PUBLIC KEY"
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
        body = _pem_body(data)
        key = serialization.load_der_public_key(body)
    except (ValueError, UnsupportedAlgorithm) as cause:
        reason = str(cause).split("\n", maxsplit=1)[0][:120]
        raise error(
            "key-wrong",
            Sentence(f"not a public key: {reason}", f"不是公钥：{reason}"),
            place,
            HINT_PUBLIC,
        ) from cause
    algorithm = _algorithm(key)
    if algorithm is None or not isinstance(
        key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
    ):
        message = Sentence(
            "neither an ECDSA P-256 nor an Ed25519 key",
            "既不是 ECDSA P-256 密钥，也不是 Ed25519 密钥",
        )
        raise error("key-algorithm", message, place, HINT_PUBLIC)
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
        raise UsageError("key-wrong", message, place, HINT_PRIVATE)
    try:
        key: object = serialization.load_pem_private_key(data, password=None)
    except TypeError:
        key = _decrypted(data, passphrase() if passphrase else None, place)
    except (ValueError, UnsupportedAlgorithm) as cause:
        raise UsageError(
            "key-wrong",
            Sentence("not a private key in PEM", "不是 PEM 格式的私钥"),
            place,
            HINT_PRIVATE,
        ) from cause
    algorithm = _algorithm(key)
    if algorithm is None or not isinstance(
        key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    ):
        message = Sentence(
            "neither an ECDSA P-256 nor an Ed25519 key",
            "既不是 ECDSA P-256 密钥，也不是 Ed25519 密钥",
        )
        raise UsageError("key-algorithm", message, place, HINT_PRIVATE)
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
