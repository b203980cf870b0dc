"""Evidence that lies elsewhere: in stores on disk, and at a real HTTPS server that answers as told, well or ill."""

from __future__ import annotations

import gzip
import http.server
import io
import json
import os
import ssl
import threading
import time
from pathlib import Path
from typing import ClassVar

import pytest

from suite.base import jsonio
from suite.base.errors import EvidenceError, SetupError, UsageError
from suite.documents.submission import EVIDENCE_TYPE
from suite.judge.submissions import download, folders, source, stores
from suite.judge.submissions.source import Elsewhere
from suite.judge.submissions.stores import Directory, Layout, Registry
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
        elif self.path == "/long":  # without saying so beforehand
            self.send_response(200)
            self.end_headers()
            self.wfile.write(PACK * 3)
        elif self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(PACK)))
            self.end_headers()
            self.wfile.write(PACK[:-5])
        elif self.path == "/garbage":
            self.wfile.write(b"\0\1\2 no answer at all\r\n\r\n")
        elif self.path == "/part":
            self.answer(206, PACK)
        elif self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            for index in range(200):
                self.wfile.write(PACK[index : index + 1])
                self.wfile.flush()
                time.sleep(0.05)
        elif self.path == "/dripping-head":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for index in range(80):
                self.wfile.write(f"X-{index}: x\r\n".encode())
                self.wfile.flush()
                time.sleep(0.05)
        elif self.path == "/moved":
            self.answer(307, b"", Location=f"https://{host}/pack")
        elif self.path == "/round":
            self.answer(307, b"", Location=f"https://{host}/round")
        elif self.path in ("/to-http", "/to-file"):
            self.answer(
                307,
                b"",
                Location={"/to-http": f"http://{host}/pack"}.get(self.path, "file:///etc/passwd"),
            )
        elif self.path.startswith("/away/"):
            port = self.server.server_address[1]
            self.answer(307, b"", Location=f"https://127.0.0.1:{port}/wants-{self.path[6:]}")
        elif self.path.startswith("/wants-"):
            self.server.told.append(self.headers.get("Authorization"))
            realm = f'realm="https://127.0.0.1:{self.server.server_address[1]}/wants-basic"'
            self.answer(401, b"", f"{self.path[7:]} {realm}")
        elif self.path == "/gzip":
            self.answer(200, gzip.compress(PACK), **{"Content-Encoding": "gzip"})
        elif self.path.startswith("/token?"):
            self.answer(200, json.dumps({"token": "let-me-read"}).encode())
        elif self.path.startswith("/v2/liars/"):
            realm = {
                "http": f"http://{host}/token",
                "deep": f"https://{host}/deep",
                "none": f"https://{host}/none",
                "again": f"https://{host}/token",
                "word": "no realm",
            }[self.path.split("/")[3]]
            self.answer(401, b"", f'Bearer realm="{realm}"')
        elif self.path == "/deep":
            self.answer(200, b"[" * 60_000)
        elif self.path == "/none":
            self.answer(200, b'{"token": 1}')
        elif self.path == f"/v2/labs/evidence/blobs/sha256:{DIGEST}":
            if self.headers.get("Authorization") == "Bearer let-me-read":
                self.answer(200, PACK)
                return
            challenge = f'Bearer realm="https://{host}/token",service="s",scope="pull"'
            self.answer(401, b"", challenge)
        else:
            self.answer(404, b"")

    def answer(self, status: int, data: bytes, challenge: str = "", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, text in headers.items():
            self.send_header(name, text)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    told: ClassVar[list[str | None]] = []
    """Credentials that came to an address to which this server sends on."""

    def handle_error(self, *_: object) -> None:
        """Whoever has enough hangs up."""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory):
    place = tmp_path_factory.mktemp("tls")
    pem = tls.certificate(place / "server.pem", "localhost", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(pem))
        patch.setenv("NO_PROXY", "localhost")
        yield f"localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def read(
    tmp_path: Path,
    *urls: str,
    fetch: bool = True,
    store: stores.Store | None = None,
    **more: object,
) -> bytes:
    submission = folders.Submission(tmp_path, "v", "r", "n")
    submission.folder.mkdir(parents=True, exist_ok=True)
    reference = {
        "reference_schema": 1,
        "mediaType": EVIDENCE_TYPE,
        "digest": f"sha256:{DIGEST}",
        "size": len(PACK),
        "urls": list(urls),
    }
    (submission.folder / folders.REFERENCE_FILE).write_bytes(jsonio.pretty(reference | more))
    with source.opened(submission.folder, Elsewhere(store, fetch)) as packed:
        return packed.read()


def refusal(tmp_path: Path, *urls: str, **options: object) -> str:
    with pytest.raises((EvidenceError, SetupError)) as caught:
        read(tmp_path, *urls, **options)
    return caught.value.code


def test_a_plain_address_and_a_registry(host: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"https://{host}/pack") == PACK
    assert read(tmp_path, f"oci://{host}/labs/evidence@sha256:{DIGEST}") == PACK
    assert read(tmp_path, f"https://{host}/moved") == PACK


def test_the_next_address_is_asked_where_one_fails(host: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"https://{host}/gone", f"https://{host}/pack") == PACK


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("other", "evidence-differs"),
        ("endless", "evidence-differs"),
        ("long", "evidence-differs"),
        ("cut", "evidence-unreachable"),
        ("gzip", "evidence-differs"),
        ("garbage", "evidence-unreachable"),
        ("part", "evidence-unreachable"),
        ("gone", "evidence-unreachable"),
        ("round", "evidence-unreachable"),
        ("to-http", "evidence-unreachable"),
        ("to-file", "evidence-unreachable"),
    ],
)
def test_what_is_refused(host: str, tmp_path: Path, path: str, code: str) -> None:
    assert refusal(tmp_path, f"https://{host}/{path}") == code


@pytest.mark.parametrize("path", ["drip", "dripping-head"])
def test_a_server_that_never_ends_is_given_up(
    host: str, tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT_S", 0.5)
    monkeypatch.setattr(download, "LEAST_BYTES_PER_S", 1_000_000)
    assert refusal(tmp_path, f"https://{host}/{path}") == "evidence-unreachable"


@pytest.mark.parametrize("lie", ["http", "deep", "none", "again", "word"])
def test_a_registry_that_lies_about_its_tokens(host: str, tmp_path: Path, lie: str) -> None:
    location = f"oci://{host}/liars/{lie}@sha256:{DIGEST}"
    assert refusal(tmp_path, location) == "evidence-unreachable"


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_a_password_does_not_follow_to_another_host(host: str, kind: str) -> None:
    Server.told.clear()
    asked = download.Download(f"https://{host}/away/{kind}", 10, io.BytesIO(), basic="dTpw")
    with pytest.raises(EvidenceError) as caught:
        asked.fetch("a pack")
    assert caught.value.code == "evidence-unreachable"
    assert Server.told == [None]


def test_nobody_is_asked_on_a_strangers_word_without_encryption(tmp_path: Path) -> None:
    """A submission may not send a reviewer to what listens on the reviewer's own machine."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = f"127.0.0.1:{server.server_address[1]}"
        location = f"oci://{here}/labs/evidence@sha256:{DIGEST}"
        assert refusal(tmp_path, location) == "evidence-unreachable"
        for bad in (f"oci://{here}/a/../b@sha256:{DIGEST}", f"oci://{here}/a:tag", "oci://x"):
            assert refusal(tmp_path, bad) == "evidence-unreachable"
        server.shutdown()


def test_nothing_is_asked_that_nobody_wanted(host: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, f"https://{host}/pack", fetch=False) == "evidence-elsewhere"
    for location in ("http://example.org/x", "file:///etc/passwd"):
        assert refusal(tmp_path, location) == "schema-violation"


def test_what_is_too_large_is_not_asked_for(host: str, tmp_path: Path) -> None:
    assert (
        refusal(tmp_path, f"https://{host}/pack", size=stores.MAX_BYTES + 1)
        == "evidence-unreachable"
    )


@pytest.mark.parametrize("kind", [Directory, Layout])
def test_a_store_that_holds_something_else(tmp_path: Path, kind: type[Directory]) -> None:
    store = kind(tmp_path / "store")
    assert refusal(tmp_path, store=store) == "evidence-elsewhere"
    kept = store.place(DIGEST)
    kept.parent.mkdir(parents=True)
    for content in (PACK[:-1], PACK + b"!", b""):
        kept.write_bytes(content)
        assert refusal(tmp_path, store=store) == "evidence-differs"
    kept.write_bytes(PACK)
    assert read(tmp_path, store=store) == PACK
    kept.rename(tmp_path / "aside")
    kept.symlink_to(tmp_path / "aside")
    assert refusal(tmp_path, store=store) == "file-unreadable"
    kept.unlink()
    os.mkfifo(kept)
    assert refusal(tmp_path, store=store) == "file-unreadable"
    kept.unlink()
    kept.mkdir()
    assert refusal(tmp_path, store=store) == "file-unreadable"


def test_what_is_fetched_is_kept_in_a_directory(host: str, tmp_path: Path) -> None:
    store = Directory(tmp_path / "store")
    assert read(tmp_path, f"https://{host}/pack", store=store) == PACK
    assert read(tmp_path, fetch=False, store=store) == PACK


@pytest.mark.parametrize(
    ("text", "store"),
    [
        ("evidence", Directory(Path("evidence"))),
        ("/a:b/c", Directory(Path("/a:b/c"))),
        ("oci-layout:out", Layout(Path("out"))),
        ("oci://h:5000/a/b-c", Registry("h:5000", "a/b-c")),
        ("oci://[::1]:5000/a", Registry("[::1]:5000", "a")),
        *((text, None) for text in ("", "oci-layout:", "oci://h", "oci://h/A", "oci:h/a")),
        *((text, None) for text in ("oci://h/a:tag", "oci://h/../a", "oci://u@h/a", "oci://h/a b")),
        *((text, None) for text in ("https://h/a", "s3://h/a")),
    ],
)
def test_what_a_store_is_called(text: str, store: stores.Store | None) -> None:
    if store is not None:
        assert stores.parse(text) == store
        return
    with pytest.raises(UsageError) as caught:
        stores.parse(text)
    assert caught.value.code == "evidence-store-wrong"


@pytest.mark.parametrize(
    ("host", "scheme"),
    [
        ("127.0.0.1:5000", "http"),
        ("localhost", "http"),
        ("[::1]:5000", "http"),
        ("127.0.0.1.example.org", "https"),
        ("localhost.example.org", "https"),
        ("10.0.0.1:5000", "https"),
    ],
)
def test_this_machine_alone_is_asked_without_encryption(host: str, scheme: str) -> None:
    assert download.scheme(host) == scheme
