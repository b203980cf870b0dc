"""Evidence that lies elsewhere, fetched from a real HTTPS server: plain addresses and an OCI registry's blobs."""

from __future__ import annotations

import datetime as dt
import http.server
import ipaddress
import json
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from suite.base import jsonio
from suite.base.errors import EvidenceError
from suite.judge.submissions import folders, source

PACK = b"a pack" * 1000
DIGEST = jsonio.sha256_hex(PACK)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        host = f"localhost:{self.server.server_address[1]}"
        if self.path == "/pack":
            self.answer(200, PACK)
        elif self.path == "/other":
            self.answer(200, PACK[:-1] + b"!")
        elif self.path == "/endless":
            self.answer(200, PACK * 100)
        elif self.path.startswith("/token?"):
            self.answer(200, json.dumps({"token": "let-me-read"}).encode())
        elif self.path == f"/v2/labs/evidence/blobs/sha256:{DIGEST}":
            if self.headers.get("Authorization") == "Bearer let-me-read":
                self.answer(200, PACK)
                return
            challenge = f'Bearer realm="https://{host}/token",service="s",scope="pull"'
            self.answer(401, b"", challenge)
        else:
            self.answer(404, b"")

    def answer(self, status: int, data: bytes, challenge: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory):
    place = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = place / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(pem))
        patch.setenv("NO_PROXY", "localhost")
        yield f"localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def read(tmp_path: Path, *locations: str, fetch: bool = True, store: Path | None = None) -> bytes:
    submission = folders.Submission(tmp_path, "v", "r", "n")
    submission.folder.mkdir(parents=True, exist_ok=True)
    reference = {
        "reference_schema": 1,
        "sha256": DIGEST,
        "bytes": len(PACK),
        "locations": list(locations),
    }
    (submission.folder / folders.REFERENCE_FILE).write_bytes(jsonio.pretty(reference))
    with source.opened(submission, store, fetch=fetch) as packed:
        return packed.read()


def test_a_plain_address_and_a_registry(host: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"https://{host}/pack") == PACK
    assert read(tmp_path, f"oci://{host}/labs/evidence@sha256:{DIGEST}") == PACK


def test_the_next_address_is_asked_where_one_fails(host: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"https://{host}/gone", f"https://{host}/pack") == PACK


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("other", "evidence-differs"),
        ("endless", "evidence-differs"),
        ("gone", "evidence-unreachable"),
    ],
)
def test_what_is_refused(host: str, tmp_path: Path, path: str, code: str) -> None:
    with pytest.raises(EvidenceError) as caught:
        read(tmp_path, f"https://{host}/{path}")
    assert caught.value.code == code


def test_nothing_is_asked_that_nobody_wanted(host: str, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError) as caught:
        read(tmp_path, f"https://{host}/pack", fetch=False)
    assert caught.value.code == "evidence-elsewhere"
    for location in ("http://example.org/x", "file:///etc/passwd"):
        with pytest.raises(EvidenceError) as caught:
            read(tmp_path, location)
        assert caught.value.code == "schema-violation"


def test_a_store_that_holds_something_else(tmp_path: Path) -> None:
    kept = source.stored(tmp_path / "store", DIGEST)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(PACK[:-1])
    with pytest.raises(EvidenceError) as caught:
        read(tmp_path, store=tmp_path / "store")
    assert caught.value.code == "evidence-differs"
    kept.write_bytes(PACK)
    assert read(tmp_path, store=tmp_path / "store") == PACK
