"""What a device signed of itself: an SPDM 1.1 MEASUREMENTS exchange (DMTF DSP0274), as NVIDIA's GPUs answer it.

::

    request   version 11, code e0, attributes, which, nonce (32), slot       37 bytes
    response  version 11, code 60, 2 bytes, blocks, length of the record (3),
              record, device's random number (32), length of opaque data (2), opaque data,
              signature: r and s of ECDSA P-384 over SHA-384 of everything before it (96)

The opaque data is NVIDIA's: type (2), length (2), content, repeated; 3 is the driver's version, 6 the VBIOS's. Lengths and
types are little-endian. The certificates come beside it in PEM, the device's first, its maker's root last.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from suite.base.bilingual import Sentence
from suite.base.errors import TrustError
from suite.judge.attest.keys import UNREADABLE
from suite.judge.attest.times import format_time

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

CERTIFICATES: Final = range(3, 9)
"""How many a chain has: the device's, its chip's, the maker's, the root."""
_VERSION: Final = 0x11
_REQUEST, _RESPONSE = 0xE0, 0x60
_REQUEST_BYTES, _NONCE_BYTES, _SIGNATURE_BYTES = 37, 32, 96
_HEAD_BYTES: Final = 8
_DRIVER, _FIRMWARE = 3, 6


@dataclass(frozen=True, slots=True)
class Report:
    """What one device signed.

    Attributes:
        nonce: that it was asked with, in hexadecimal.
        chip: name in the device's own certificate.
        identity: digest of the chip's certified key: another device has another.
        driver: version; "" where it says none.
        firmware: version; "" where it says none.
        root: the certificate that its chain ends in.
    """

    nonce: str
    chip: str
    identity: str
    driver: str
    firmware: str
    root: x509.Certificate


def malformed(english: str, chinese: str) -> TrustError:
    """The refusal of device evidence that does not have its documented form."""
    return TrustError("attestation-malformed", Sentence(english, chinese))


def signed_by(key: object, signature: bytes, data: bytes) -> bool:
    """Whether r and s, 48 bytes each, are the ECDSA P-384 signature of a key over SHA-384 of some bytes."""
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP384R1):
        return False
    half = _SIGNATURE_BYTES // 2
    if len(signature) != _SIGNATURE_BYTES:
        return False
    r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
    try:
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA384()))
    except InvalidSignature:
        return False
    return True


def read_report(data: bytes, chain: bytes, at: dt.datetime) -> Report:
    """Read an exchange and check its signature and its certificates, up to the root that they end in.

    Args:
        data: request and response.
        chain: certificates in PEM, the device's first.
        at: when the device was asked, aware: its certificates must count then.

    Raises:
        TrustError: ``attestation-unread`` (another version of SPDM), ``attestation-malformed``, ``attestation-signature``,
            ``attestation-expired``.
    """
    response = _response(data)
    certificates = _certificates(chain, at)
    if not signed_by(
        certificates[0].public_key(), data[-_SIGNATURE_BYTES:], data[:-_SIGNATURE_BYTES]
    ):
        message = Sentence(
            "the device's signature over its measurements does not hold",
            "设备对其度量值的签名不成立",
        )
        raise TrustError("attestation-signature", message)
    opaque = dict(_opaque(response))
    return Report(
        nonce=data[4 : 4 + _NONCE_BYTES].hex(),
        chip=_chip(certificates[0]),
        # The certificate above the first is the chip's own; the first is made anew with the firmware.
        identity=_key_digest(certificates[1]),
        driver=_version(opaque.get(_DRIVER, b"")),
        firmware=_firmware(opaque.get(_FIRMWARE, b"")),
        root=certificates[-1],
    )


def _response(data: bytes) -> bytes:
    """The part of a response that holds opaque data: from its length on, without the signature."""
    if len(data) < _REQUEST_BYTES + _HEAD_BYTES + _SIGNATURE_BYTES:
        raise malformed("too short for a signed SPDM measurement", "过短，不是已签名的 SPDM 度量")
    request, response = data[:_REQUEST_BYTES], data[_REQUEST_BYTES:]
    if request[1] != _REQUEST or response[1] != _RESPONSE:
        raise malformed(
            "not the request and response of an SPDM measurement", "不是 SPDM 度量的请求与响应"
        )
    if request[0] != _VERSION or response[0] != _VERSION:
        message = Sentence(
            f"SPDM version {request[0] >> 4}.{request[0] & 15}: read is 1.1",
            f"SPDM 版本 {request[0] >> 4}.{request[0] & 15}：可读的是 1.1",
        )
        raise TrustError("attestation-unread", message)
    start = _HEAD_BYTES + int.from_bytes(response[5:8], "little") + _NONCE_BYTES
    length = int.from_bytes(response[start : start + 2], "little")
    if start + 2 + length + _SIGNATURE_BYTES != len(response):
        raise malformed(
            "the lengths within the SPDM measurement do not add up", "SPDM 度量中的长度不符"
        )
    return response[start + 2 : -_SIGNATURE_BYTES]


def _opaque(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        kind, length = (int.from_bytes(data[at + i : at + i + 2], "little") for i in (0, 2))
        at += 4 + length
        if at > len(data):
            raise malformed("the device's own data is cut", "设备自身的数据被截断")
        yield kind, data[at - length : at]


def _version(data: bytes) -> str:
    text = data.rstrip(b"\0").decode("ascii", "replace")
    if not (text.isascii() and text.isprintable()):
        raise malformed("the device's driver version is no text", "设备的驱动版本不是文本")
    return text


def _firmware(data: bytes) -> str:
    """A VBIOS version as the vendor's tool prints it: 96.00.9F.00.01."""
    if len(data) < 5:
        return ""
    return ".".join(f"{byte:02X}" for byte in (*data[3::-1], data[4]))


def _certificates(chain: bytes, at: dt.datetime) -> list[x509.Certificate]:
    """The certificates of a chain in which each is issued by the next and the last by itself."""
    try:
        return _issued(x509.load_pem_x509_certificates(chain), at)
    except UNREADABLE as cause:
        raise malformed("the device's certificates cannot be read", "设备证书无法读取") from cause


def _issued(certificates: list[x509.Certificate], at: dt.datetime) -> list[x509.Certificate]:
    if len(certificates) not in CERTIFICATES:
        raise malformed(
            f"{len(certificates)} certificates; {CERTIFICATES[0]} to {CERTIFICATES[-1]} are read",
            f"{len(certificates)} 个证书；可读取 {CERTIFICATES[0]} 至 {CERTIFICATES[-1]} 个",
        )
    certificates[0].public_key()
    for below, (certificate, issuer) in enumerate(
        zip(certificates, [*certificates[1:], certificates[-1]], strict=True)
    ):
        _require_issued(certificate, issuer, min(below, len(certificates) - 2))
        _require_current(certificate, at)
    return certificates


def _require_issued(certificate: x509.Certificate, issuer: x509.Certificate, below: int) -> None:
    """Refuse a certificate that the next one did not or may not issue, with so many authorities below that one."""
    try:
        certificate.verify_directly_issued_by(issuer)
        held = True
    except (ValueError, TypeError, InvalidSignature):
        held = False
    if not held or not _may_issue(issuer.extensions, below):
        message = Sentence(
            f"the certificate of {_chip(certificate)} is not issued by the next one",
            f"{_chip(certificate)} 的证书并非由下一证书签发",
        )
        raise TrustError("attestation-signature", message)


def _may_issue(extensions: x509.Extensions, below: int) -> bool:
    """Whether RFC 5280 lets a certificate issue others, with so many authorities below it."""
    try:
        constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    longest = constraints.path_length
    try:
        may_sign = extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        may_sign = True
    return constraints.ca and may_sign and (longest is None or below <= longest)


def _require_current(certificate: x509.Certificate, at: dt.datetime) -> None:
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        message = Sentence(
            f"the certificate of {_chip(certificate)} did not count at {format_time(at)}",
            f"{_chip(certificate)} 的证书在 {format_time(at)} 无效",
        )
        raise TrustError("attestation-expired", message)


def _key_digest(certificate: x509.Certificate) -> str:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).hexdigest()


def _chip(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value)[:100] if names else ""
