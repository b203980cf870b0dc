"""What a maker's verifier signed of the devices: a detached bundle of entity attestation tokens (RFC 9711), as NRAS gives it.

``[["JWT", overall], {"GPU-0": token, …}]``: every token is a JSON Web Token (RFC 7515) with ECDSA P-384 over SHA-384 (ES384). The
overall one holds the result and the digest of each other; each other the claims of a device. All of them hold the nonce.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import SuiteError, TrustError
from suite.judge.attest.spdm import malformed, signed_by
from suite.judge.attest.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from suite.base.jsonio import JSONObject, JSONValue

MOST_TOKENS: Final = 65
"""The overall one and 64 devices."""
CLOCKS: Final = dt.timedelta(minutes=5)
"""By how much the clocks of a verifier and of the machine that measured may differ."""


@dataclass(frozen=True, slots=True)
class Token:
    """A JSON Web Token, read; nothing of it is verified.

    Attributes:
        name: of the device, "" for the overall one.
        signed: the bytes that the signature is over.
        claims: its payload.
    """

    name: str
    signed: bytes
    signature: bytes
    claims: JSONObject

    @property
    def title(self) -> str:
        """Of which device, for people."""
        return _title(self.name)

    @property
    def nonce(self) -> str:
        """What the devices were asked with, in hexadecimal; "" where it does not say."""
        value = self.claims.get("eat_nonce")
        return value.lower() if isinstance(value, str) else ""

    def text(self, claim: str) -> str:
        """A claim's text; "" where it has none."""
        value = self.claims.get(claim)
        return value if isinstance(value, str) else ""


def read_bundle(document: JSONValue) -> tuple[Token, ...]:
    """Read a detached bundle: the overall token first, then those of the devices by their names.

    Raises:
        TrustError: ``attestation-malformed``; ``attestation-signature`` for a device's token that the overall one does not name
            by its digest.
    """
    match document:
        case [["JWT", str(overall)], dict(parts)] if 0 < len(parts) < MOST_TOKENS:
            pass
        case _:
            raise malformed("not a detached bundle of attestation tokens", "不是分离式证明令牌包")
    first = _token("", overall)
    digests = first.claims.get("submods")
    tokens = [first]
    for name, text in sorted(parts.items()):
        if not isinstance(text, str):
            raise malformed(f"the token of {name[:40]} is no text", f"{name[:40]} 的令牌不是文本")
        stated = digests.get(name) if isinstance(digests, dict) else None
        if stated != ["DIGEST", ["SHA-256", hashlib.sha256(text.encode()).hexdigest()]]:
            message = Sentence(
                f"the overall token does not hold the digest of that of {name[:40]}",
                f"总令牌不含 {name[:40]} 令牌的摘要",
            )
            raise TrustError("attestation-signature", message)
        tokens.append(_token(name, text))
    return tuple(tokens)


def _token(name: str, text: str) -> Token:
    parts = text.split(".")
    try:
        header, payload, signature = (_decoded(part) for part in parts)
        stated, claims = (jsonio.loads(part) for part in (header, payload))
    except (ValueError, binascii.Error, SuiteError) as cause:
        raise _no_token(name) from cause
    if not isinstance(stated, dict) or not isinstance(claims, dict):
        raise _no_token(name)
    if stated.get("alg") != "ES384":
        method = str(stated.get("alg"))[:20]
        raise malformed(
            f"a token signed with {method}; ES384 is read", f"令牌以 {method} 签名；可读取 ES384"
        )
    if "crit" in stated:  # RFC 7515, 4.1.11: who does not know them refuses the token
        raise malformed("a token with critical header parameters", "令牌含关键头部参数")
    return Token(name, ".".join(parts[:2]).encode(), signature, claims)


def _no_token(name: str) -> TrustError:
    title = _title(name)
    return malformed(
        f"the token of {title} is no JSON Web Token", f"{chinese(title)}的令牌不是 JSON Web Token"
    )


def _title(name: str) -> str:
    return name[:40] or Sentence("all devices", "全部设备")


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars="-_", validate=True)


def require_signed(tokens: Iterable[Token], keys: Iterable[object], at: dt.datetime) -> None:
    """Refuse tokens that none of a verifier's keys signed, or that did not count when the devices were asked.

    Args:
        tokens: of one bundle.
        keys: the public keys of the maker's verifier.
        at: when the devices were asked, aware.

    Raises:
        TrustError: ``attestation-signature``, ``attestation-expired``.
    """
    known = list(keys)
    for token in tokens:
        if not any(signed_by(key, token.signature, token.signed) for key in known):
            message = Sentence(
                f"no listed key of the maker's verifier signed the token of {token.title}",
                f"{chinese(token.title)}的令牌并非由列表中制造商验证方的密钥签名",
            )
            raise TrustError("attestation-signature", message)
        since, until = (_time(token, name) for name in ("nbf", "exp"))
        if at + CLOCKS < since or at - CLOCKS > until:
            message = Sentence(
                f"the token of {token.title} counts from {format_time(since)} to {format_time(until)}, the devices were asked at {format_time(at)}",
                f"{chinese(token.title)}的令牌自 {format_time(since)} 至 {format_time(until)} 有效，设备于 {format_time(at)} 被询问",
            )
            raise TrustError("attestation-expired", message)


def _time(token: Token, claim: str) -> dt.datetime:
    value = token.claims.get(claim, token.claims.get("iat") if claim == "nbf" else None)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e11:
        raise malformed(
            f"the token of {token.title} has no time {claim}",
            f"{chinese(token.title)}的令牌没有时间 {claim}",
        )
    return dt.datetime.fromtimestamp(int(value), dt.UTC)
