"""DSSE envelopes in Sigstore bundles v0.3: bytes in, bytes out.

A bundle is one JSON object::

    {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
     "verificationMaterial": {"publicKey": {"hint": KEYID},
                              "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": BASE64}]}},
     "dsseEnvelope": {"payload": BASE64, "payloadType": "application/vnd.in-toto+json",
                      "signatures": [{"sig": BASE64, "keyid": KEYID}]}}

Signed without a key of one's own, ``publicKey`` is a ``certificate`` (``{"rawBytes": BASE64}``) with the entry of a
transparency log beside it (``tlogEntries``), and the signature has no ``keyid``: `suite.judge.attest.keyless` reads these.

The signature covers the pre-authentication encoding of payloadType and payload (`pae`), nothing else. The time stamps,
which may be absent, cover the bytes of the signature.
Formats: https://github.com/secure-systems-lab/dsse (protocol.md, envelope.md) and
https://github.com/sigstore/protobuf-specs (sigstore_bundle.proto).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import Place, TrustError
from suite.judge.attest.keys import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.base.jsonio import JSONObject, JSONValue

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"

MAX_BUNDLE_BYTES = 16 * 1024 * 1024
"""A scorecard is below 1 MiB; the limit bounds what a hostile file can make a reviewer's machine do."""

MAX_TIMESTAMPS = 4
"""Stamps by several authorities may lie in one bundle."""

KEY_ID_BYTES = 32


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a well-formed bundle carries. Nothing in it is verified.

    Attributes:
        payload: the signed bytes, exactly.
        signature: DER for ECDSA, 64 bytes for Ed25519.
        key_id: base64 of 32 bytes, equal in hint and signature; of the certificate's key where there is a certificate.
        timestamps: RFC 3161 responses in DER, as they stand there.
        certificate: in DER, of whoever signed without a key of his own; empty otherwise.
    """

    payload: bytes
    signature: bytes
    key_id: str
    timestamps: tuple[bytes, ...] = ()
    certificate: bytes = b""


def pae(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """DSSE's pre-authentication encoding: the bytes that are signed."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def bundle_bytes(
    payload: bytes, signature: bytes, key_id: str, timestamps: Sequence[bytes] = ()
) -> bytes:
    """The bundle in its one byte form, with a final newline."""
    material: dict[str, object] = {"publicKey": {"hint": key_id}}
    if timestamps:
        stamps = [{"signedTimestamp": _text(stamp)} for stamp in timestamps]
        material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    return (
        jsonio.canonical(
            {
                "mediaType": MEDIA_TYPE,
                "verificationMaterial": material,
                "dsseEnvelope": {
                    "payload": _text(payload),
                    "payloadType": PAYLOAD_TYPE,
                    "signatures": [{"sig": _text(signature), "keyid": key_id}],
                },
            }
        )
        + b"\n"
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def parse(data: bytes, *, name: str = "bundle") -> Bundle:
    """Read a bundle strictly.

    Raises:
        TrustError: ``bundle-too-large``, ``bundle-not-json``, ``bundle-members`` (a member missing, unknown
            or of the wrong type), ``bundle-media-type``, ``bundle-keyless``, ``payload-type``,
            ``signature-count``, ``base64-wrong``, ``key-id-wrong``, ``key-id-differs``.
    """
    if len(data) > MAX_BUNDLE_BYTES:
        size = Sentence(
            f"{len(data):,} bytes; at most {MAX_BUNDLE_BYTES:,} are read",
            f"{len(data):,} 字节；最多读取 {MAX_BUNDLE_BYTES:,} 字节",
        )
        raise TrustError(
            "bundle-too-large",
            Sentence(f"the bundle has {size}", f"签名包有 {size.zh}"),
            Place(name),
        )
    try:
        value = jsonio.loads(data, name=name, error=TrustError)
    except TrustError as cause:
        raise TrustError("bundle-not-json", cause.message, cause.place) from cause
    reader = _Reader(name)
    top = reader.members(value, "", {"mediaType", "verificationMaterial", "dsseEnvelope"})
    if top["mediaType"] != MEDIA_TYPE:
        raise reader.refuse(
            "bundle-media-type",
            "/mediaType",
            Sentence(f"must be {MEDIA_TYPE}", f"必须是 {MEDIA_TYPE}"),
        )
    hint, timestamps, certificate = reader.material(top["verificationMaterial"])
    envelope = reader.members(
        top["dsseEnvelope"], "/dsseEnvelope", {"payload", "payloadType", "signatures"}
    )
    if envelope["payloadType"] != PAYLOAD_TYPE:
        raise reader.refuse(
            "payload-type",
            "/dsseEnvelope/payloadType",
            Sentence(f"must be {PAYLOAD_TYPE}", f"必须是 {PAYLOAD_TYPE}"),
        )
    signature = reader.signature(envelope["signatures"], hint, keyless=bool(certificate))
    payload = reader.base64(envelope["payload"], "/dsseEnvelope/payload")
    return Bundle(payload, signature, hint, timestamps, certificate)


class _Reader:
    """Reads members of one document, exactly."""

    def __init__(self, name: str) -> None:
        self.name = name

    def refuse(self, code: str, pointer: str, message: str, hint: str = "") -> TrustError:
        return TrustError(code, message, Place(self.name, None, pointer or "/"), hint)

    def members(
        self,
        value: JSONValue,
        pointer: str,
        names: set[str],
        optional: frozenset[str] = frozenset(),
    ) -> JSONObject:
        if not isinstance(value, dict):
            raise self.refuse(
                "bundle-members", pointer, Sentence("must be an object", "必须是对象")
            )
        for name in sorted(names - value.keys()):
            raise self.refuse(
                "bundle-members",
                pointer,
                Sentence(f"the member {name!r} is missing", f"缺少成员 {name!r}"),
            )
        for name in sorted(value.keys() - names - optional):
            raise self.refuse(
                "bundle-members",
                pointer,
                Sentence(f"unknown member {name!r}", f"未知成员 {name!r}"),
            )
        return value

    def material(self, material: JSONValue) -> tuple[str, tuple[bytes, ...], bytes]:
        """The key's id, the time stamps, and the certificate where there is one."""
        where = "/verificationMaterial"
        name = "timestampVerificationData"
        if isinstance(material, dict) and "certificate" in material:
            value = self.members(material, where, {"certificate"}, frozenset({name, "tlogEntries"}))
            stamps = self.timestamps(value[name], f"{where}/{name}") if value.get(name) else ()
            certificate, key_id = self.certificate(value["certificate"], f"{where}/certificate")
            return key_id, stamps, certificate
        value = self.members(material, where, {"publicKey"}, frozenset({name}))
        at = f"{where}/publicKey"
        key = self.members(value["publicKey"], at, {"hint"})
        stamps = self.timestamps(value[name], f"{where}/{name}") if name in value else ()
        return self.key_id(key["hint"], f"{at}/hint"), stamps, b""

    def signature(self, signatures: JSONValue, hint: str, *, keyless: bool) -> bytes:
        """The one signature, by the key that the bundle hints at; with a certificate its key id may be left out."""
        where = "/dsseEnvelope/signatures"
        if not isinstance(signatures, list) or len(signatures) != 1:
            raise self.refuse(
                "signature-count",
                where,
                Sentence("must hold exactly one signature", "必须恰有一个签名"),
            )
        where = f"{where}/0"
        if keyless:
            only = self.members(signatures[0], where, {"sig"}, frozenset({"keyid"}))
            key_id = only.get("keyid") or hint
        else:
            only = self.members(signatures[0], where, {"sig", "keyid"})
            key_id = self.key_id(only["keyid"], f"{where}/keyid")
        signature = self.base64(only["sig"], f"{where}/sig")
        if key_id != hint:
            message = Sentence(
                "the key id of the signature is not the hint of the bundle",
                "签名的密钥编号与签名包所提示的不同",
            )
            raise self.refuse("key-id-differs", f"{where}/keyid", message)
        return signature

    def certificate(self, value: JSONValue, pointer: str) -> tuple[bytes, str]:
        data = self.base64(self.members(value, pointer, {"rawBytes"})["rawBytes"], pointer)
        try:
            key = x509.load_der_x509_certificate(data).public_key()
        except UNREADABLE as cause:
            raise self.refuse(
                "bundle-keyless",
                pointer,
                Sentence("no certificate that can be read", "没有可读取的证书"),
            ) from cause
        der = key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return data, _text(hashlib.sha256(der).digest())

    def timestamps(self, data: JSONValue, pointer: str) -> tuple[bytes, ...]:
        name = "rfc3161Timestamps"
        pointer, stamps = f"{pointer}/{name}", self.members(data, pointer, {name})[name]
        if not isinstance(stamps, list) or not 1 <= len(stamps) <= MAX_TIMESTAMPS:
            raise self.refuse(
                "bundle-members",
                pointer,
                Sentence(
                    f"must hold 1 to {MAX_TIMESTAMPS} stamps",
                    f"必须有 1 到 {MAX_TIMESTAMPS} 个时间戳",
                ),
            )
        member = "signedTimestamp"
        return tuple(
            self.base64(self.members(stamp, f"{pointer}/{index}", {member})[member], pointer)
            for index, stamp in enumerate(stamps)
        )

    def base64(self, value: JSONValue, pointer: str) -> bytes:
        if not isinstance(value, str):
            raise self.refuse("bundle-members", pointer, Sentence("must be text", "必须是文本"))
        try:
            data = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as cause:
            message = Sentence("not standard base64 with padding", "不是带填充的标准 base64")
            raise self.refuse("base64-wrong", pointer, message) from cause
        # Unused bits and stray padding would give the same bytes a second spelling.
        if not data or base64.b64encode(data) != value.encode("ascii"):
            raise self.refuse(
                "base64-wrong",
                pointer,
                Sentence("not the one base64 form of some bytes", "不是字节唯一的 base64 形式"),
            )
        return data

    def key_id(self, value: JSONValue, pointer: str) -> str:
        if value == "":
            raise self.refuse(
                "key-id-wrong",
                pointer,
                Sentence(
                    "empty: the bundle does not say which key", "为空：签名包没有说明是哪个密钥"
                ),
            )
        data = self.base64(value, pointer)
        if len(data) != KEY_ID_BYTES or not isinstance(value, str):
            message = Sentence("not the base64 of a SHA-256", "不是 SHA-256 的 base64")
            raise self.refuse("key-id-wrong", pointer, message)
        return value
