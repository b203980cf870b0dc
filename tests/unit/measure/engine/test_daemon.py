"""Which Docker engine is taken: variables, contexts and sockets in the order of Docker's own command line."""

import hashlib
import json
import os
import shutil
import socket
import subprocess

import pytest

from suite.base.errors import SetupError
from suite.measure.engine import docker_available
from suite.measure.engine.container import daemon as daemons
from suite.measure.engine.container.daemon import choose_daemon
from suite.measure.engine.container.proxies import build_arguments, configured, left_out


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own, where no default socket is."""
    for name in (
        "DOCKER_HOST",
        "DOCKER_CONTEXT",
        "DOCKER_CONFIG",
        "DOCKER_TLS_VERIFY",
        "DOCKER_CERT_PATH",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setattr(daemons, "DEFAULT_SOCKET", str(tmp_path / "docker.sock"))
    (tmp_path / ".docker").mkdir()
    (tmp_path / "runtime").mkdir()
    return tmp_path


def configure(home, **members):
    (home / ".docker" / "config.json").write_text(json.dumps(members))


def context(home, name, host, **endpoint):
    folder = home / ".docker/contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True)
    meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, **endpoint}}}
    (folder / "meta.json").write_text(json.dumps(meta))


def listen(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def test_the_order(home, monkeypatch):
    assert choose_daemon().address == f"unix://{home}/docker.sock"
    listen(home / "runtime" / "docker.sock")
    assert choose_daemon().source == "the socket of a rootless Docker"
    listen(home / "docker.sock")
    assert choose_daemon().source == "Docker's default socket"
    context(home, "rootless", "unix:///run/user/1000/docker.sock")
    configure(home, currentContext="rootless")
    chosen = choose_daemon()
    assert chosen.address == "unix:///run/user/1000/docker.sock"
    assert chosen.source == f"current context rootless of {home}/.docker/config.json"
    context(home, "other", "unix:///other.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "other")
    assert choose_daemon().title == "unix:///other.sock (context other of DOCKER_CONTEXT)"
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert choose_daemon().source == "Docker's default socket"
    monkeypatch.setenv("DOCKER_CONTEXT", "other")
    monkeypatch.setenv("DOCKER_HOST", "unix:///by/host.sock")
    assert choose_daemon().source == "DOCKER_HOST"


def test_podmans_socket(home):
    (home / "runtime" / "podman").mkdir()
    listen(home / "runtime" / "podman" / "podman.sock")
    assert choose_daemon().source == "the socket of a rootless Podman"


@pytest.mark.parametrize(
    "host", ["ssh://me@lab", "tcp://10.0.0.3:2375", "tcp://lab.example:2376", "10.0.0.3:2375"]
)
def test_an_engine_of_another_machine_is_refused_with_the_reason(home, monkeypatch, host):
    context(home, "lab", host)
    configure(home, currentContext="lab")
    for _ in range(2):
        with pytest.raises(SetupError) as caught:
            choose_daemon()
        assert caught.value.code == "docker-remote"
        assert "another machine" in caught.value.message
        status = docker_available()
        assert not status.ok
        assert "another machine" in status.why
        monkeypatch.setenv("DOCKER_HOST", host)
    assert choose_daemon({"DOCKER_HOST": "tcp://127.0.0.1:2375"}).socket_path is None


@pytest.mark.parametrize("text", ["{", "[]", '{"currentContext": "gone"}'])
def test_a_broken_configuration_is_named(home, text):
    (home / ".docker" / "config.json").write_text(text)
    with pytest.raises(SetupError) as caught:
        choose_daemon()
    assert caught.value.code == "docker-context-wrong"
    assert str(home) in caught.value.message


@pytest.mark.parametrize("host", ["fd://x", "npipe:////./pipe/docker", "tcp://[::1"])
def test_no_address(home, monkeypatch, host):
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(SetupError) as caught:
        choose_daemon()
    assert caught.value.code in {"docker-context-wrong", "docker-remote"}


def test_what_is_wrong_names_the_address(home, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    status = docker_available()
    assert "tcp://127.0.0.1:9 (DOCKER_HOST): its address refuses connections" in status.why
    assert status.address == "tcp://127.0.0.1:9"
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(home / "certificates"))
    status = docker_available()
    assert str(home / "certificates") in status.why
    assert "DOCKER_TLS_VERIFY" in status.hint
    assert "DOCKER_CERT_PATH" in status.hint


@pytest.mark.skipif(shutil.which("docker") is None, reason="no docker command here")
def test_a_context_that_dockers_own_command_made(home):
    address = f"unix://{home}/of context.sock"
    create = ["docker", "context", "create", "mine", "--docker", f"host={address}"]
    environment = {**os.environ, "HOME": str(home)}
    subprocess.run(create, check=True, capture_output=True, env=environment)
    subprocess.run(
        ["docker", "context", "use", "mine"], check=True, capture_output=True, env=environment
    )
    assert choose_daemon().address == address


def test_proxies_are_left_out_of_containers_and_spare_this_machine_in_builds(home):
    assert (configured(), build_arguments({}), left_out()) == ({}, {}, "")
    configure(
        home, proxies={"default": {"httpProxy": "http://u:secret@10.9.8.7:3128", "noProxy": "a.b"}}
    )
    arguments = build_arguments(configured())
    assert arguments["http_proxy"] == arguments["HTTP_PROXY"] == "http://u:secret@10.9.8.7:3128"
    assert arguments["no_proxy"] == "a.b,127.0.0.1,localhost,::1"
    assert "HTTP_PROXY" in left_out()
    assert "secret" not in left_out()
