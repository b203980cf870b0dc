"""A server that runs already: every common mistake with its address is one sentence within seconds."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from suite.base.errors import EngineError
from suite.measure.engine.attach import attach, meet
from suite.measure.load.target import Target
from suite.measure.load.transport.address import resolve
from tests.factories import engine as factory
from tests.factories import tls
from tests.factories.documents import changed


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answers = self.server.answers
        status, body = answers.get(self.path, (404, b"not here"))
        if callable(status):
            status = status()
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "https://b/x")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextlib.contextmanager
def serving(answers, host="127.0.0.1", port=0, context=None):
    kind = type("Server", (ThreadingHTTPServer,), {})
    kind.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with kind((host, port), Handler) as server:
        server.answers = answers
        if context is not None:
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def models(*names):
    return 200, json.dumps({"data": [{"id": name} for name in names]}).encode()


def plan_at(url, wait_s):
    readiness = {"path": "/health", "timeout_s": wait_s, "interval_s": 0.05}
    return changed(
        factory.plan(runtime="endpoint"),
        engine={"url": url, "readiness": readiness, "served_model_name": "org/model-a"},
        model={"id": "org/model-a"},
    )


def go(url, *, named=False, headers=None, wait_s=60):
    attached, sentence = attach(
        plan_at(url, wait_s), headers or {}, named=named, on_progress=lambda *_, **__: None
    )
    return attached, sentence


def refused(url, **options):
    with pytest.raises(EngineError) as caught:
        go(url, **options)
    return caught.value


def test_no_health_path_falls_back_to_the_list_of_models():
    with serving({"/v1/models": models("org/model-a")}) as port:
        attached, sentence = go(f"http://127.0.0.1:{port}")
    assert attached.path == "/v1/models"
    assert "on /v1/models" in sentence


@pytest.mark.parametrize(
    ("listed", "named", "taken"),
    [
        (["org/model-a", "b"], False, "org/model-a"),
        (["only"], False, "only"),
        (["b", "/models/model-a"], False, "/models/model-a"),
        (["org/model-a"], True, "org/model-a"),
    ],
)
def test_the_name_of_the_model_is_asked(listed, named, taken):
    with serving({"/health": (200, b""), "/v1/models": models(*listed)}) as port:
        attached, _ = go(f"http://127.0.0.1:{port}", named=named)
    assert attached.served_model_name == taken


@pytest.mark.parametrize(("listed", "named"), [(["b", "c"], False), (["only"], True)])
def test_several_models_or_another_one_are_listed(listed, named):
    with serving({"/health": (200, b""), "/v1/models": models(*listed)}) as port:
        error = refused(f"http://127.0.0.1:{port}", named=named)
    assert error.code == "endpoint-model"
    assert ", ".join(listed) in error.message
    assert "--served-model-name" in error.hint


def test_a_server_that_lists_nothing_gets_the_name_that_was_given():
    with serving({"/health": (200, b"")}) as port:
        attached, _ = go(f"http://127.0.0.1:{port}")
    assert attached.served_model_name == "org/model-a"


def test_nothing_listens(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with factory.nobody() as port:
        error = refused(url := f"http://127.0.0.1:{port}")
    assert error.code == "endpoint-unreachable"
    assert f"nothing answers at {url} (127.0.0.1: connection refused)" in error.message
    assert "http_proxy is not used" in error.hint


def test_a_proxy_variable_is_not_followed(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving({"/health": (200, b""), "/v1/models": models("m")}) as port:
        assert go(f"http://localhost:{port}")[0].served_model_name == "m"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_of_two_addresses_the_one_that_answers_is_measured(host, monkeypatch):
    def both(name, port, *_, **__):
        if name != "localhost":
            return real(name, port, type=socket.SOCK_STREAM)
        return [
            row
            for address in ("::1", "127.0.0.1")
            for row in real(address, port, type=socket.SOCK_STREAM)
        ]

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", both)
    try:
        with serving({"/health": (200, b"")}, host=host) as port:
            url = f"http://localhost:{port}"
            met = meet(url, "/health", {}, wait_s=60, on_progress=lambda *_, **__: None)
            assert met.address == host
            request = factory.plan().engine.request
            proven = resolve(Target(url, "/v1", {}, request, address=met.address))
            assert proven.sockaddr[0] == host
            assert f"Host: localhost:{port}\r\n".encode() in proven.head
    except OSError as error:
        pytest.skip(f"no {host} here: {error}")


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer wrong-key"}])
def test_the_api_key(given):
    with serving({"/health": (200, b""), "/v1/models": (401, b"no")}) as port:
        error = refused(f"http://127.0.0.1:{port}", headers=given)
    assert error.code == "endpoint-unauthorised"
    assert ("refuses the API key" in error.message) == bool(given)
    assert "wrong-key" not in str(error)


def test_what_a_server_says_of_the_key_is_told_and_the_key_is_not():
    words = b'{"error": {"message": "expired on Monday: wrong-key"}}'
    with serving({"/health": (401, words), "/v1/models": (401, words)}) as port:
        error = refused(f"http://127.0.0.1:{port}", headers={"Authorization": "Bearer wrong-key"})
    assert error.code == "endpoint-unauthorised"
    assert "expired on Monday: …" in error.message


PATHS = ("/health", "/v1/models")


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({}, "/health answers 404; /v1/models answers 404"),
        ({"/health": (307, b"")}, "redirects"),
        (
            dict.fromkeys(PATHS, (200, b"<!DOCTYPE html><title>Welcome to nginx!")),
            "/health answers 200 with a web page; /v1/models answers 200 with a web page",
        ),
        (dict.fromkeys(PATHS, (200, b"\n<html><body>It works!")), "OpenAI-compatible server?"),
        (dict.fromkeys(PATHS, (429, b"slow down")), "a limit on requests would be measured"),
    ],
)
def test_another_kind_of_server(answers, words):
    with serving(answers) as port:
        error = refused(f"http://127.0.0.1:{port}")
    assert error.code == "endpoint-foreign"
    assert words in error.message + error.hint


def test_a_redirect_is_not_followed_and_told_whole():
    with serving(dict.fromkeys(PATHS, (301, b"<html>moved"))) as port:
        error = refused(f"http://127.0.0.1:{port}")
    assert error.code == "endpoint-foreign"
    assert "/health answers 301; /v1/models answers 301 (https://b/x)" in error.message


def test_a_page_at_the_health_path_beside_a_list_of_models_is_no_obstacle():
    with serving({"/health": (200, b"<html>ok"), "/v1/models": models("m")}) as port:
        assert go(f"http://127.0.0.1:{port}")[0].path == "/v1/models"


def test_a_server_that_is_still_loading_is_waited_for():
    statuses = [503, 503, 200]
    with serving({"/health": (lambda: statuses.pop(0), b""), "/v1/models": (503, b"")}) as port:
        url = f"http://127.0.0.1:{port}"
        met = meet(url, "/health", {}, wait_s=60, on_progress=lambda *_, **__: None)
    assert (met.path, statuses) == ("/health", [])


def test_a_server_that_never_gets_ready_is_given_up():
    with serving({"/health": (503, b"")}) as port:
        error = refused(f"http://127.0.0.1:{port}", wait_s=1)
    assert error.code == "engine-timeout"
    assert "/health 503" in error.message


def test_an_unknown_host():
    assert refused("http://no-such-host.invalid:1").code == "host-unknown"


@pytest.fixture
def certificate(tmp_path):
    """A certificate of its own authority, for the name engine.example alone."""
    return tls.certificate(tmp_path / "both.pem", "engine.example", "10.1.2.3")


@pytest.fixture
def secure(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving({"/health": (200, b"")}, context=context) as port:
        yield port


def test_a_tls_name(secure, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    error = refused(f"https://127.0.0.1:{secure}")
    assert error.code == "endpoint-tls"
    assert "not valid for '127.0.0.1'" in error.message


def test_an_unknown_authority(secure):
    error = refused(f"https://127.0.0.1:{secure}")
    assert error.code == "endpoint-tls"
    assert "self-signed" in error.message
    assert "SSL_CERT_FILE" in error.hint


def test_tls_where_there_is_none():
    with serving({"/health": (200, b"")}) as port:
        error = refused(f"https://127.0.0.1:{port}")
    assert error.code == "endpoint-tls"
    assert "http://, without s" in error.hint


def test_no_tls_where_there_is_some(secure):
    error = refused(f"http://127.0.0.1:{secure}")
    assert error.code == "endpoint-unreachable"
    assert "https://" in error.hint
