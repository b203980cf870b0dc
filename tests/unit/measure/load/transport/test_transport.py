"""Unix sockets, TLS, and servers that close connections while they idle."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from suite.measure.engine import sim
from suite.measure.load.transport import loop, pool
from tests.factories import tls
from tests.unit.measure.load.support import job, request_doc, send

ANSWER = (
    (Path(__file__).parents[1] / "decode" / "streams").joinpath("vllm_0.32_chat.http").read_bytes()
)


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket, int], None]) -> Iterator[str]:
    """A server on a thread; `serve` gets each connection and its number."""
    stopping = threading.Event()

    def accept() -> None:
        number = 0
        while not stopping.is_set():
            with contextlib.suppress(TimeoutError, OSError):
                sock, _ = listener.accept()
                sock.settimeout(60)
                thread = threading.Thread(target=quietly, args=(sock, number), daemon=True)
                thread.start()
                number += 1

    def quietly(sock: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), sock:
            serve(sock, number)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stopping.set()
            thread.join()


def read_request(sock: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(65_536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += sock.recv(65_536)
    return head


def test_a_unix_socket(tmp_path):
    path = tmp_path / "engine.sock"
    with sim.start(json.dumps({"ttft_ms": 1, "itl_ms": 1}), unix=str(path)) as server:
        result = send(server.base_url, [job(i, f"x {i}") for i in range(5)], concurrency=2)
    assert result.stats.outcomes == {"ok": 5}
    assert result.stats.clock.receive_stamps == "user"
    assert result.stats.clock.unstamped_reads == result.stats.clock.reads > 0


def test_a_unix_socket_that_is_not_there(tmp_path):
    result = send(f"unix:{tmp_path}/none.sock", [job(0, "x")])
    assert result[0].outcome == "connect-refused"
    assert result[0].error == "No such file or directory"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    return tls.certificate(tmp_path_factory.mktemp("tls") / "both.pem", "localhost", "127.0.0.1")


@contextlib.contextmanager
def encrypted(certificate: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(sock: socket.socket, _number: int) -> None:
        with context.wrap_socket(sock, server_side=True) as secure:
            while read_request(secure):
                for start in range(0, len(ANSWER), 500):
                    secure.sendall(ANSWER[start : start + 500])

    with listening(serve) as url:
        yield url.replace("http:", "https:")


def test_tls_with_a_trusted_certificate(certificate):
    trusting = ssl.create_default_context(cafile=str(certificate))
    with encrypted(certificate) as url:
        jobs = [job(i, "x", tokens=8) for i in range(6)]
        result = send(url, jobs, concurrency=2, tls=trusting, request=request_doc())
    assert result.stats.outcomes == {"ok": 6}
    assert result.stats.connections == 2
    assert result[0].token_ids == (3878,) * 8


def test_tls_with_a_certificate_that_nobody_vouches_for(certificate):
    with encrypted(certificate) as url:
        result = send(url, [job(0, "x")])
    assert result[0].outcome == "tls-failed"
    assert "certificate verify failed" in (result[0].error or "")


def test_tls_with_a_server_that_does_not_speak_it():
    with listening(lambda sock, _: sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as url:
        result = send(url.replace("http:", "https:"), [job(0, "x")])
    assert result[0].outcome in ("tls-failed", "connect-refused")


def test_a_connection_closed_while_it_idled_costs_no_request():
    """The server closes after each answer without saying so, as some do on a short keep-alive."""

    def serve(sock: socket.socket, _number: int) -> None:
        if read_request(sock):
            sock.sendall(ANSWER)

    with listening(serve) as url:
        result = send(url, [job(i, "x") for i in range(8)])
    assert result.stats.outcomes == {"ok": 8}


def test_a_server_that_drops_every_request_is_not_asked_for_ever():
    asked = []

    def serve(sock: socket.socket, number: int) -> None:
        if read_request(sock):
            asked.append(number)

    with listening(serve) as url:
        result = send(url, [job(i, "x") for i in range(3)])
    assert result.stats.outcomes == {"reset": 3}
    assert "before any byte of" in (result[0].error or "")
    assert len(asked) == 3


def test_a_request_is_sent_again_once_when_a_used_connection_was_closed_under_it(monkeypatch):
    monkeypatch.setattr(loop, "RESEND_WITHIN_NS", 60 * 10**9)

    def serve(sock: socket.socket, number: int) -> None:
        if read_request(sock):
            sock.sendall(ANSWER)
        if number == 0 and read_request(sock):
            return  # the second request on the first connection is dropped unanswered
        while read_request(sock):
            sock.sendall(ANSWER)

    with listening(serve) as url:
        result = send(url, [job(i, "x") for i in range(4)])
    assert result.stats.outcomes == {"ok": 4}
    assert result.stats.resent == 1


def test_a_request_that_the_server_worked_on_is_not_sent_again():
    def serve(sock: socket.socket, _number: int) -> None:
        if read_request(sock):
            sock.sendall(ANSWER)
        if read_request(sock):
            time.sleep(0.4)  # a prefill, given up without a word

    with listening(serve) as url:
        result = send(url, [job(i, "x") for i in range(2)])
    assert result.stats.outcomes == {"ok": 1, "reset": 1}
    assert result.stats.resent == 0


def test_connection_close_is_honoured():
    closing = ANSWER.replace(b"vary: Origin", b"connection: close")

    def serve(sock: socket.socket, _number: int) -> None:
        if read_request(sock):
            sock.sendall(closing)
            time.sleep(0.05)

    with listening(serve) as url:
        result = send(url, [job(i, "x") for i in range(3)])
    assert result.stats.outcomes == {"ok": 3}
    assert result.stats.connections == 3
    assert result.stats.resent == 0


def test_idle_connections_are_renewed_before_servers_close_them(monkeypatch):
    monkeypatch.setattr(pool, "RENEW_AFTER_NS", 1)
    served: Counter[int] = Counter()

    def serve(sock: socket.socket, number: int) -> None:
        while read_request(sock):
            served[number] += 1
            sock.sendall(ANSWER)

    with listening(serve) as url:
        jobs = [job(i, f"x {i}", at=i * 300_000_000) for i in range(3)]
        result = send(url, jobs, concurrency=None)
    assert result.stats.outcomes == {"ok": 3}
    assert result.stats.resent == 0
    assert sorted(served.values()) == [1, 1, 1]


def test_headers_and_path_arrive(tmp_path):
    heads = []

    def serve(sock: socket.socket, _number: int) -> None:
        heads.append(read_request(sock))
        sock.sendall(ANSWER)

    with listening(serve) as url:
        send(
            f"{url}/prefix/", [job(0, "x")], headers={"Authorization": "Bearer k", "accept": "*/*"}
        )
    lines = heads[0].decode().split("\r\n")
    assert lines[0] == "POST /prefix/v1/chat/completions HTTP/1.1"
    assert "Authorization: Bearer k" in lines
    assert "accept: */*" in lines
    assert not any(line.startswith("Accept:") for line in lines)


def test_header_values_of_latin_1_arrive_as_they_are():
    heads = []

    def serve(sock: socket.socket, _number: int) -> None:
        heads.append(read_request(sock))
        sock.sendall(ANSWER)

    with listening(serve) as url:
        send(url, [job(0, "x")], headers={"X-Name": "Zo\u00eb"})
    assert b"X-Name: Zo\xeb\r\n" in heads[0]


def test_a_key_that_the_server_repeats_is_not_kept():
    body = b'{"error": {"message": "wrong API key provided: s3cret-key"}}'
    refusal = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    def serve(sock: socket.socket, _number: int) -> None:
        read_request(sock)
        sock.sendall(refusal)

    with listening(serve) as url:
        result = send(url, [job(0, "x")], headers={"Authorization": "Bearer s3cret-key"})
    assert result[0].outcome == "http-error"
    assert result[0].error == "wrong API key provided: ***"


def test_a_server_that_accepts_no_connection_in_time(monkeypatch):
    monkeypatch.setattr(pool, "CONNECT_TIMEOUT_NS", 100_000_000)
    with socket.socket() as full:
        # A listener whose queue is full lets further connections wait.
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        result = send(f"http://127.0.0.1:{port}", [job(0, "x")], timeout_s=1)
        for filler in fillers:
            filler.close()
    assert result[0].outcome == "connect-timeout"
