"""Evidence that lies elsewhere, fetched from a real HTTPS server: plain addresses and an OCI registry's blobs."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from pathlib import Path

import pytest

from suite.base import jsonio
from suite.base.errors import EvidenceError
from suite.judge.submissions import folders, source
from tests.factories import tls

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
    pem = tls.certificate(place / "server.pem", "localhost", "127.0.0.1")
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
