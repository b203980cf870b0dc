"""A Sigstore of one's own: a certificate authority with its log, a transparency log (Rekor v2) and a time-stamping authority.

It speaks over HTTP what the package sigstore asks of such services, and makes the real thing: certificates with embedded
timestamps of a certificate log, log entries with an inclusion proof and a signed checkpoint, RFC 3161 tokens.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import http.server
import json
import struct
import threading
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from rfc8785 import dumps as canonical

from tests.factories.authority import Authority

ISSUER = "https://issuer.example"
WHO = "https://git.example/acme/runs/.ci/sign.yml@refs/heads/main"
_SCT_LIST = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_OIDC_ISSUER = ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_MINUTES = dt.timedelta(minutes=10)
_START = "2020-01-01T00:00:00Z"
ORIGIN = "log.example"


def token(identity: str = WHO, issuer: str = ISSUER, audience: str = "sigstore") -> str:
    """An identity token; nobody looks at its signature but the authority, which here takes every one."""
    now = dt.datetime.now(dt.UTC)
    claims = {"iss": issuer, "sub": identity, "aud": audience, "iat": now, "exp": now + _MINUTES}
    return jwt.encode(claims, "a secret of the provider's, long enough", algorithm="HS256")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


class Sigstore(http.server.ThreadingHTTPServer):
    """The services, answering at `url` while it is entered."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.authority = Authority(folder)
        self.root_key, self.ct_key, self.log_key = (
            ec.generate_private_key(ec.SECP256R1()) for _ in range(3)
        )
        self.root = self._root()
        self.leaves: list[bytes] = []
        self.out_of_order = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.shutdown()
        self.server_close()

    def _root(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Throwaway Fulcio")])
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.root_key.public_key())
            .serial_number(1)
            .not_valid_before(now - _MINUTES)
            .not_valid_after(now + 1000 * _MINUTES)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(ca=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.root_key.public_key()),
                critical=False,
            )
            .sign(self.root_key, hashes.SHA256())
        )

    def certificate(self, request: dict, claims: dict) -> dict:
        """Fulcio: a certificate of the token's identity over the key of the request."""
        asked = x509.load_pem_x509_csr(base64.b64decode(request["certificateSigningRequest"]))
        now = dt.datetime.now(dt.UTC)
        identity = claims["sub"]
        name = (
            x509.RFC822Name if "@" in identity.partition("/")[0] else x509.UniformResourceIdentifier
        )
        issuer = claims["iss"].encode()
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.root.subject)
            .public_key(asked.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(seconds=5))
            .not_valid_after(now + _MINUTES)
            .add_extension(x509.SubjectAlternativeName([name(identity)]), critical=True)
            .add_extension(_usage(ca=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.root_key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.UnrecognizedExtension(_OIDC_ISSUER, b"\x0c" + bytes([len(issuer)]) + issuer),
                critical=False,
            )
        )
        # What the certificate log signs is the certificate without its own promise in it.
        bare = builder.sign(self.root_key, hashes.SHA256()).tbs_certificate_bytes
        promise = x509.UnrecognizedExtension(_SCT_LIST, self._promise(bare))
        made = builder.add_extension(promise, critical=False).sign(self.root_key, hashes.SHA256())
        chain = [
            item.public_bytes(serialization.Encoding.PEM).decode() for item in (made, self.root)
        ]
        return {"signedCertificateEmbeddedSct": {"chain": {"certificates": chain}}}

    def _promise(self, bare: bytes) -> bytes:
        """A SignedCertificateTimestampList of RFC 6962, as an extension holds it."""
        at = int(dt.datetime.now(dt.UTC).timestamp() * 1000)
        issuer = hashlib.sha256(_spki(self.root_key)).digest()
        entry = issuer + len(bare).to_bytes(3, "big") + bare
        signed = struct.pack("!BBQH", 0, 0, at, 1) + entry + b"\0\0"
        signature = self.ct_key.sign(signed, ec.ECDSA(hashes.SHA256()))
        sct = b"\0" + hashlib.sha256(_spki(self.ct_key)).digest() + struct.pack("!QH", at, 0)
        sct += bytes([4, 3]) + struct.pack("!H", len(signature)) + signature
        listed = struct.pack("!H", len(sct)) + sct
        listed = struct.pack("!H", len(listed)) + listed
        assert len(listed) < 256
        return b"\x04" + (b"\x81" if len(listed) > 127 else b"") + bytes([len(listed)]) + listed

    def entry(self, request: dict) -> dict:
        """Rekor v2: an entry of the log; each log here is as long as it is, its proof what RFC 6962 says."""
        asked = request["hashedRekordRequestV002"]
        body = canonical(
            {
                "apiVersion": "0.0.2",
                "kind": "hashedrekord",
                "spec": {
                    "hashedRekordV002": {
                        "data": {"algorithm": "SHA2_256", "digest": asked["digest"]},
                        "signature": asked["signature"],
                    }
                },
            }
        )
        self.leaves.append(hashlib.sha256(b"\0" + body).digest())
        index, size = len(self.leaves) - 1, len(self.leaves)
        top = _tree(self.leaves)
        note = f"{ORIGIN}\n{size}\n{_text(top)}\n"
        key_id = hashlib.sha256(_spki(self.log_key)).digest()
        signature = key_id[:4] + self.log_key.sign(note.encode(), ec.ECDSA(hashes.SHA256()))
        return {
            "logIndex": str(index),
            "logId": {"keyId": _text(key_id)},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
            "inclusionProof": {
                "logIndex": str(index),
                "rootHash": _text(top),
                "treeSize": str(size),
                "hashes": [_text(item) for item in _proof(index, self.leaves)],
                "checkpoint": {"envelope": f"{note}\n— {ORIGIN} {_text(signature)}\n"},
            },
            "canonicalizedBody": _text(body),
        }

    def trusted_root(self) -> dict:
        """What verifiers need to know."""
        always = {"start": _START}
        stamps = [
            x509.load_pem_x509_certificate((self.authority.folder / name).read_bytes())
            for name in ("tsa.pem", "ca.pem")
        ]
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self._log(self.log_key, "https://log.example")],
            "ctlogs": [self._log(self.ct_key, "https://ct.example")],
            "certificateAuthorities": [
                {
                    "subject": {"organization": "throwaway", "commonName": "fulcio"},
                    "uri": "https://fulcio.example",
                    "certChain": {"certificates": [{"rawBytes": _text(_der(self.root))}]},
                    "validFor": always,
                }
            ],
            "timestampAuthorities": [
                {
                    "subject": {"organization": "throwaway", "commonName": "tsa"},
                    "uri": "https://tsa.example",
                    "certChain": {"certificates": [{"rawBytes": _text(_der(c))} for c in stamps]},
                    "validFor": always,
                }
            ],
        }

    def _log(self, key: ec.EllipticCurvePrivateKey, address: str) -> dict:
        der = _spki(key)
        return {
            "baseUrl": address,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": _text(der),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": {"start": _START},
            },
            "logId": {"keyId": _text(hashlib.sha256(der).digest())},
        }

    def config(self) -> dict:
        """The client trust configuration: the root and where the services are."""

        def service(version: int, path: str = "") -> dict:
            return {
                "url": self.url + path,
                "majorApiVersion": version,
                "validFor": {"start": _START},
                "operator": "throwaway",
            }

        return {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": self.trusted_root(),
            "signingConfig": {
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                "caUrls": [service(1)],
                "oidcUrls": [service(1)],
                "rekorTlogUrls": [service(2)],
                "rekorTlogConfig": {"selector": "ANY"},
                "tsaUrls": [service(1, "/tsa")],
                "tsaConfig": {"selector": "ANY"},
            },
        }


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def _tree(leaves: list[bytes]) -> bytes:
    """The hash at the top of a Merkle tree (RFC 6962)."""
    if len(leaves) == 1:
        return leaves[0]
    at = _split(len(leaves))
    return hashlib.sha256(b"\1" + _tree(leaves[:at]) + _tree(leaves[at:])).digest()


def _proof(index: int, leaves: list[bytes]) -> list[bytes]:
    """The hashes that lead from a leaf to the top."""
    if len(leaves) == 1:
        return []
    at = _split(len(leaves))
    if index < at:
        return [*_proof(index, leaves[:at]), _tree(leaves[at:])]
    return [*_proof(index - at, leaves[at:]), _tree(leaves[:at])]


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Sigstore

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.out_of_order:
            self._answer(503, b"{}")
        elif self.path == "/tsa":
            self._answer(200, self.server.authority.reply(body), "application/timestamp-reply")
        elif self.path == "/api/v2/signingCert":
            bearer = self.headers["Authorization"].removeprefix("Bearer ")
            claims = jwt.decode(bearer, options={"verify_signature": False})
            self._answer(
                200, json.dumps(self.server.certificate(json.loads(body), claims)).encode()
            )
        elif self.path == "/api/v2/log/entries":
            self._answer(201, json.dumps(self.server.entry(json.loads(body))).encode())
        else:
            self._answer(404, b"{}")

    def _answer(self, status: int, data: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
