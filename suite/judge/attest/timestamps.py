"""Time stamps of RFC 3161: asked for, read, and held against the authorities of the trust list.

A stamp covers the bytes of a bundle's signature, as in Sigstore: whoever has the signature had the payload and the
key at that time. The library `rfc3161_client` reads the ASN.1 and checks the authority's own signature and chain, as of
the time that the stamp states.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

import rfc3161_client
from cryptography import x509
from rfc3161_client import HashAlgorithm, PKIStatus, TimestampRequestBuilder, VerifierBuilder

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import Place, TrustError
from suite.documents.document import given
from suite.judge.attest.der import ordered
from suite.judge.attest.times import VerifiedTime, Window, format_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rfc3161_client import TimeStampResponse

    from suite.documents.logstamp import LogStamp

MAX_STAMP_BYTES = 64 * 1024
"""A response with its chain of certificates has a few KiB."""

_DIGESTS = {
    "2.16.840.1.101.3.4.2.1": hashlib.sha256,
    "2.16.840.1.101.3.4.2.2": hashlib.sha384,
    "2.16.840.1.101.3.4.2.3": hashlib.sha512,
}
"""The digests that a stamp may be over, by their object identifiers."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A time-stamping authority of the trust list.

    Attributes:
        owner: its name.
        certificates: its self-signed root, and intermediates that its stamps do not carry.
        window: when its stamps count.
    """

    owner: str
    certificates: tuple[x509.Certificate, ...]
    window: Window

    def problem(self, stamp: TimeStampResponse, signature: bytes) -> str | None:
        """Why a stamp is not this authority's, or does not count; None when it does."""
        builder = VerifierBuilder()
        for certificate in self.certificates:
            builder = builder.add_root_certificate(certificate)
        try:
            builder.build().verify_message(stamp, signature)
            at = stamp.tst_info.gen_time
        except (rfc3161_client.VerificationError, ValueError) as cause:
            return f"not by {self.owner}: {_short(cause)}"
        if at not in self.window:
            return f"by {self.owner}, whose stamps do not count at {format_time(at)}"
        return None


def _short(cause: Exception) -> str:
    """The reason within what OpenSSL's error stack says."""
    text = str(cause)
    reason = text.partition("Verify error: ")[2].partition('"')[0]
    return reason or " ".join(text.split())[:120]


def read_certificates(pem: str) -> tuple[x509.Certificate, ...]:
    """The certificates of an authority, its root among them.

    Raises:
        ValueError: with a sentence, when they are none or none of them is a self-signed root.
    """
    certificates = tuple(x509.load_pem_x509_certificates(pem.encode("utf-8")))
    if len(set(certificates)) != len(certificates):
        msg = "a certificate stands there twice"
        raise ValueError(msg)
    if not any(item.issuer == item.subject for item in certificates):
        msg = "none of the certificates is a self-signed root"
        raise ValueError(msg)
    return certificates


@dataclass(frozen=True, slots=True)
class Request:
    """A question to an authority: its bytes (``application/timestamp-query``) and what a good answer must repeat."""

    data: bytes
    nonce: int
    signature: bytes


def request(signature: bytes) -> Request:
    """Ask for a stamp over a signature, with the authority's certificate in the answer."""
    builder = TimestampRequestBuilder().data(signature).hash_algorithm(HashAlgorithm.SHA256)
    made = builder.cert_request(cert_request=True).build()
    assert made.nonce is not None
    return Request(made.as_bytes(), made.nonce, signature)


def check_answer(answer: bytes, asked: Request, *, name: str) -> VerifiedTime:
    """Hold an authority's answer against the question; whether the authority is to be trusted, its list says.

    Raises:
        TrustError: ``timestamp-wrong``, ``timestamp-differs``.
    """
    stamp = read_stamp(answer, asked.signature, name=name)
    if stamp.tst_info.nonce != asked.nonce:
        message = Sentence(
            "the answer is to another question: its nonce differs",
            "应答对应的是另一请求：nonce 不同",
        )
        raise TrustError("timestamp-differs", message, Place(name))
    return VerifiedTime(stamp.tst_info.gen_time, name)


def token_of(stamp: LogStamp) -> bytes:
    """The bytes of the token over a log's digest.

    Raises:
        TrustError: ``timestamp-wrong``.
    """
    try:
        return base64.b64decode(given(stamp.token, ""), validate=True)
    except binascii.Error as cause:
        raise TrustError(
            "timestamp-wrong", Sentence("its token is no base64", "其令牌不是 base64")
        ) from cause


def read_stamp(data: bytes, signature: bytes, *, name: str) -> TimeStampResponse:
    """Read a response and see that it is over this signature; nothing of it is verified.

    Raises:
        TrustError: ``timestamp-wrong`` (no response of RFC 3161, or one without a stamp), ``timestamp-differs``.
    """
    place = Place(name)
    hint = Sentence(
        "a TimeStampResp in DER, as `openssl ts -reply -out FILE` writes it",
        "应为 DER 格式的 TimeStampResp，如 `openssl ts -reply -out FILE` 所写",
    )
    if len(data) > MAX_STAMP_BYTES:
        raise TrustError(
            "timestamp-wrong", Sentence("too large for a time stamp", "作为时间戳过大"), place, hint
        )
    try:
        stamp = rfc3161_client.decode_timestamp_response(ordered(data))
        status = PKIStatus(stamp.status)
        if status is not PKIStatus.GRANTED:
            reply = "; ".join(stamp.status_string)
            message = Sentence(
                f"the authority granted no stamp: {status.name.lower()} {ascii(reply)[:200]}",
                f"机构未予签发：{status.name.lower()} {ascii(reply)[:200]}",
            )
            raise TrustError("timestamp-wrong", message, place)
        imprint = stamp.tst_info.message_imprint
        digest = _DIGESTS.get(imprint.hash_algorithm.dotted_string)
    except ValueError as cause:
        message = Sentence(
            f"not a time stamp of RFC 3161: {_short(cause)}",
            f"不是 RFC 3161 时间戳：{_short(cause)}",
        )
        raise TrustError("timestamp-wrong", message, place, hint) from cause
    if digest is None:
        raise TrustError(
            "timestamp-wrong",
            Sentence(
                "neither over SHA-256, SHA-384 nor SHA-512",
                "摘要算法不是 SHA-256、SHA-384 或 SHA-512",
            ),
            place,
        )
    if not hmac.compare_digest(digest(signature).digest(), imprint.message):
        message = Sentence(
            "the time stamp is over other bytes than this signature", "时间戳针对的不是此签名"
        )
        hint = Sentence(
            "it is for another bundle, or the run was signed again afterwards",
            "它针对的是另一签名包，或运行在其后重新签过名",
        )
        raise TrustError("timestamp-differs", message, place, hint)
    return stamp


def verify_stamp(
    data: bytes, signature: bytes, authorities: Sequence[Authority], *, name: str
) -> VerifiedTime:
    """The time of a stamp that a listed authority made over this signature.

    Raises:
        TrustError: as `read_stamp`; ``timestamp-untrusted``.
    """
    stamp = read_stamp(data, signature, name=name)
    reasons = []
    for authority in authorities:
        problem = authority.problem(stamp, signature)
        if problem is None:
            return VerifiedTime(stamp.tst_info.gen_time, f"the time stamp of {authority.owner}")
        reasons.append(problem)
    why = "; ".join(reasons) or Sentence("the list names none", "列表中没有机构")
    message = Sentence(
        f"no authority of the trust list made this time stamp: {why}",
        f"时间戳并非出自信任列表中的机构：{chinese(why)}",
    )
    hint = Sentence(
        'list it under "authorities", or ask one that is listed',
        '请将其列入 "authorities"，或使用已列入的机构',
    )
    raise TrustError("timestamp-untrusted", message, Place(name), hint)
