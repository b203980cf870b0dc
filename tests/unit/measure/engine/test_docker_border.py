"""What the Docker SDK raises, and what becomes of it: asked of real sockets that refuse in different ways."""

import http.server
import os
import socket
import socketserver
import subprocess
import sys
import threading

import docker
import pytest
import requests
from docker.errors import APIError

from suite.base.errors import EngineError, SetupError
from suite.measure.engine import docker_available, serve
from suite.measure.engine.container import orphans
from suite.measure.engine.container.api import start_translated, translated
from tests.factories import engine as factory


@pytest.fixture
def at(monkeypatch):
    def point(path):
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        for name in ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
            monkeypatch.delenv(name, raising=False)

    return point


def test_a_socket_that_is_not_there(at, tmp_path):
    at(tmp_path / "none.sock")
    status = docker_available()
    assert not status.ok
    assert "socket does not exist" in status.why


def test_a_socket_that_nobody_listens_on(at, tmp_path):
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    at(path)
    assert "refuses connections" in docker_available().why


def test_something_else_on_the_socket(at, tmp_path):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(500, "I am no Docker engine")

        def address_string(self):
            return "unix"

        def log_message(self, *args):
            pass

    path = str(tmp_path / "other.sock")
    with socketserver.ThreadingUnixStreamServer(path, Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        at(path)
        try:
            status = docker_available()
        finally:
            server.shutdown()
            thread.join()
    assert not status.ok
    assert status.why


def test_a_run_says_in_one_sentence_that_no_engine_answers(at, tmp_path):
    at(tmp_path / "none.sock")
    served = serve(factory.plan(image="x"), tmp_path, on_progress=lambda *_, **__: None)
    with pytest.raises(SetupError) as caught, served:
        pytest.fail("it must not be yielded")
    assert caught.value.code == "docker-unreachable"
    assert caught.value.exit_status == 3
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (APIError("conflict"), "docker-failed"),
        (docker.errors.DockerException("broken"), "docker-unreachable"),
        (requests.exceptions.ReadTimeout("timed out"), "docker-unreachable"),
    ],
)
def test_exceptions_of_the_sdk_are_translated(raised, code):
    with pytest.raises(SetupError) as caught, translated():
        raise raised
    assert caught.value.code == code
    assert caught.value.__cause__ is raised


def test_our_own_errors_pass():
    ours = SetupError("image-unavailable", "x")
    with pytest.raises(SetupError) as caught, translated():
        raise ours
    assert caught.value is ours


def test_a_refused_container_is_the_engines_failure():
    with pytest.raises(EngineError) as caught, start_translated():
        raise APIError("oci runtime error", explanation="no such\nprogram")
    assert caught.value.code == "engine-start-failed"
    assert "no such program" in caught.value.message


def test_an_owner_is_this_very_process():
    mine = orphans.owner()
    assert orphans.owner_lives(mine)
    boot, number, started = mine.split(":")
    assert number == str(os.getpid())
    assert not orphans.owner_lives(f"{boot}:{number}:{int(started) + 1}")
    assert not orphans.owner_lives(f"{boot}::")
    # A process of another machine, or from before a restart, cannot be judged by its number.
    assert orphans.owner_lives(f"another-boot:{number}:{started}")
    code = (
        f"from suite.measure.engine.container import orphans; print(orphans.owner_lives({mine!r}))"
    )
    for other in (("--pid", "--mount-proc"), ("--time", "--boottime", "1000")):
        # As in a container that was given the engine's socket: its numbers are of other processes.
        words = ["unshare", "--map-root-user", *other, "--fork", sys.executable, "-c", code]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.stdout == "True\n" or "unshare" in done.stderr, done.stderr


def test_an_owner_that_ended_is_known_to_be_gone():
    code = "from suite.measure.engine.container import orphans; print(orphans.owner())"
    gone = subprocess.check_output([sys.executable, "-c", code], text=True).strip()
    assert not orphans.owner_lives(gone)
