"""A private key that stays in a token: PKCS #11, named by a URI of RFC 7512.

::

    pkcs11:token=lab;object=signing?module-path=/usr/lib/softhsm/libsofthsm2.so

Needs the optional package ``python-pkcs11``. The token is opened once to see that key and PIN are right, and again for
each signature: a run may take longer than a token stays logged in.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, unquote_to_bytes

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from suite.base.bilingual import Sentence
from suite.base.errors import Place, SetupError, UsageError
from suite.base.safe import read_plain
from suite.judge.attest.keys import PASSPHRASE_VARIABLE, Algorithm, PublicKey, public_key

if TYPE_CHECKING:
    from suite.judge.attest.keys import Passphrase

SCHEME = "pkcs11:"
MODULE_VARIABLE = "PKCS11_MODULE_PATH"
"""Environment variable with the token's library, where the URI names none."""
_PATH = frozenset({"token", "serial", "object", "id", "type"})
_QUERY = frozenset({"module-path", "pin-source"})
_MAX_PIN_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class _Selector:
    """What a URI names: the library, the token and the key in it."""

    uri: str
    module: str
    token: dict[str, Any]
    key: dict[str, Any]
    pin_source: str | None

    @property
    def place(self) -> Place:
        return Place(self.uri)


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key in a token; see `suite.judge.attest.keys.SigningKey`. ECDSA signatures are as the token makes them."""

    public: PublicKey
    _selector: _Selector
    _pin: str | None = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """The signature: DER for ECDSA, 64 bytes for Ed25519.

        Raises:
            SetupError: ``token-failed``.
        """
        library = _library()
        ecdsa = self.public.algorithm is Algorithm.ECDSA_P256
        mechanism = library.Mechanism.ECDSA if ecdsa else library.Mechanism.EDDSA
        message = hashlib.sha256(data).digest() if ecdsa else data
        try:
            with _token(self._selector).open(user_pin=self._pin) as session:
                key = _object(session, self._selector, library.ObjectClass.PRIVATE_KEY)
                made: bytes = key.sign(message, mechanism=mechanism)
        except library.PKCS11Error as cause:
            raise _failed(self._selector, cause) from cause
        if not ecdsa:
            return made
        half = len(made) // 2
        return encode_dss_signature(
            int.from_bytes(made[:half], "big"), int.from_bytes(made[half:], "big")
        )


def load(uri: str, passphrase: Passphrase | None = None) -> TokenKey:
    """Open the key that a URI names.

    Args:
        uri: of RFC 7512; ``token`` or ``serial``, ``object`` or ``id``, ``module-path``, ``pin-source``.
        passphrase: asked for the PIN where the URI names no file with it.

    Raises:
        UsageError: ``key-uri-wrong``, ``key-encrypted`` (no PIN), ``key-algorithm``.
        SetupError: ``pkcs11-missing``, ``token-failed``.
    """
    selector = _parse(uri)
    library = _library()
    try:
        pin = _pin(selector, passphrase)
        with _token(selector).open(user_pin=pin) as session:
            _object(session, selector, library.ObjectClass.PRIVATE_KEY)
            public = _public(session, selector)
    except library.PKCS11Error as cause:
        raise _failed(selector, cause) from cause
    return TokenKey(public, selector, pin)


def _library() -> Any:  # noqa: ANN401 - an optional package without types
    try:
        return importlib.import_module("pkcs11")
    except ImportError as cause:
        hint = Sentence(
            "pip install 'llm-inference-conformance[pkcs11]'",
            "pip install 'llm-inference-conformance[pkcs11]'",
        )
        message = Sentence(
            "keys in tokens need the package python-pkcs11", "令牌中的密钥需要软件包 python-pkcs11"
        )
        raise SetupError("pkcs11-missing", message, hint=hint) from cause


def _failed(selector: _Selector, cause: Exception) -> SetupError:
    reason = f"{type(cause).__name__} {cause}".strip()
    hint = Sentence(
        "pkcs11-tool --list-objects --login shows what the token holds",
        "pkcs11-tool --list-objects --login 显示令牌中的内容",
    )
    return SetupError(
        "token-failed", Sentence(f"the token: {reason}", f"令牌：{reason}"), selector.place, hint
    )


def _parse(uri: str) -> _Selector:
    path, _, query = uri.removeprefix(SCHEME).partition("?")
    parts = _attributes(path, ";", _PATH, uri) | _attributes(query, "&", _QUERY, uri)
    module = parts.get("module-path") or os.environ.get(MODULE_VARIABLE)
    if not module:
        hint = Sentence(
            f"add ?module-path=/path/to/library.so, or set {MODULE_VARIABLE}",
            f"请添加 ?module-path=/path/to/library.so，或设置 {MODULE_VARIABLE}",
        )
        raise UsageError(
            "key-uri-wrong",
            Sentence("the token's library is not named", "未指定令牌的库"),
            Place(uri),
            hint,
        )
    if parts.get("type", "private") != "private":
        raise UsageError(
            "key-uri-wrong",
            Sentence("signing needs type=private", "签名需要 type=private"),
            Place(uri),
        )
    token = {
        "token_label": unquote(parts["token"]) if "token" in parts else None,
        "token_serial": unquote_to_bytes(parts["serial"]) if "serial" in parts else None,
    }
    key = {
        "label": unquote(parts["object"]) if "object" in parts else None,
        "id": unquote_to_bytes(parts["id"]) if "id" in parts else None,
    }
    if not any(key.values()):
        message = Sentence(
            "the key is not named: object=LABEL or id=%01", "未指定密钥：object=LABEL 或 id=%01"
        )
        raise UsageError("key-uri-wrong", message, Place(uri))
    source = parts.get("pin-source")
    return _Selector(
        uri,
        unquote(module),
        {name: value for name, value in token.items() if value is not None},
        {name: value for name, value in key.items() if value is not None},
        unquote(source) if source else None,
    )


def _attributes(text: str, separator: str, known: frozenset[str], uri: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for item in filter(None, text.split(separator)):
        name, equals, value = item.partition("=")
        if not equals or name not in known or name in parts:
            hint = (
                Sentence(
                    f"the PIN is asked for, or taken from pin-source=FILE or {PASSPHRASE_VARIABLE}",
                    f"PIN 会被询问，或取自 pin-source=FILE 或 {PASSPHRASE_VARIABLE}",
                )
                if name == "pin-value"
                else Sentence(
                    f"known are {', '.join(sorted(known))}", f"已知的有 {', '.join(sorted(known))}"
                )
            )
            raise UsageError(
                "key-uri-wrong",
                Sentence(f"{name!r} cannot stand there", f"此处不可有 {name!r}"),
                Place(uri),
                hint,
            )
        parts[name] = value
    return parts


def _pin(selector: _Selector, passphrase: Passphrase | None) -> str | None:
    if selector.pin_source is not None:
        path = selector.pin_source.removeprefix("file://").removeprefix("file:")
        try:
            pin = read_plain(Path(path), _MAX_PIN_BYTES, below=None).decode("utf-8")
            return pin.partition("\n")[0].rstrip("\r")
        except (OSError, UnicodeDecodeError) as cause:
            message = Sentence(f"cannot read the PIN: {cause}", f"无法读取 PIN：{cause}")
            raise UsageError("key-unreadable", message, Place(path)) from cause
    asked = passphrase() if passphrase else None
    if asked is None:
        hint = Sentence(
            f"set {PASSPHRASE_VARIABLE}, name a pin-source, or sign on a terminal",
            f"请设置 {PASSPHRASE_VARIABLE}，指定 pin-source，或在终端上签名",
        )
        raise UsageError(
            "key-encrypted",
            Sentence("the token's PIN is not known", "令牌的 PIN 未知"),
            selector.place,
            hint,
        )
    return asked.decode("utf-8", "surrogateescape")


def _token(selector: _Selector) -> Any:  # noqa: ANN401 - an optional package without types
    library = _library()
    try:
        return library.lib(selector.module).get_token(**selector.token)
    except (RuntimeError, OSError) as cause:
        raise _failed(selector, cause) from cause


def _object(session: Any, selector: _Selector, kind: Any) -> Any:  # noqa: ANN401 - the same
    return session.get_key(object_class=kind, **selector.key)


def _public(session: Any, selector: _Selector) -> PublicKey:  # noqa: ANN401 - the same
    library = _library()
    encode = importlib.import_module("pkcs11.util.ec").encode_ec_public_key
    try:
        half = _object(session, selector, library.ObjectClass.PUBLIC_KEY)
    except library.NoSuchKey as cause:
        hint = Sentence(
            "import its public half too, with the same label and id",
            "请一并导入其公开部分，标签与编号相同",
        )
        message = Sentence(
            "the token holds no public half of the key", "令牌中没有该密钥的公开部分"
        )
        raise SetupError("token-failed", message, selector.place, hint) from cause
    try:
        return public_key(load_der_public_key(encode(half)))
    except (ValueError, library.AttributeTypeInvalid) as cause:
        message = Sentence(
            "neither an ECDSA P-256 nor an Ed25519 key",
            "既不是 ECDSA P-256 密钥，也不是 Ed25519 密钥",
        )
        raise UsageError("key-algorithm", message, selector.place) from cause
