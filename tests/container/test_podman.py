"""Podman through its Docker-compatible socket: found by a context, as isolated, and nothing is left behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time

import pytest

from suite.measure.engine import docker_available, serve
from suite.measure.engine.container.api import connect
from tests.factories import engine as factory

pytestmark = [
    pytest.mark.container,
    pytest.mark.skipif(shutil.which("podman") is None, reason="no podman here"),
    pytest.mark.skipif(os.getuid() != 0, reason="a podman without root needs subordinate ids"),
]
LIMITS = '[containers]\ndefault_ulimits=["nofile=4096:4096","nproc=4096:4096"]\n'


@pytest.fixture(scope="module")
def podman(tmp_path_factory, base_image):
    """A Podman service on a socket of its own, with the base image."""
    folder = tmp_path_factory.mktemp("podman")
    (folder / "containers.conf").write_text(LIMITS)
    environment = {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf")}
    archive = folder / "image.tar"
    subprocess.run(["docker", "save", "-o", archive, base_image], check=True)
    subprocess.run(["podman", "load", "-i", archive], check=True, env=environment)
    archive.unlink()
    address = f"unix://{folder}/podman.sock"
    command = ["podman", "system", "service", "--time=0", address]
    with subprocess.Popen(command, env=environment) as service:
        deadline = time.monotonic() + 60
        while not (folder / "podman.sock").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        yield address
        service.terminate()


def test_a_server_in_podman(podman, base_image, tmp_path, monkeypatch):
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    for words in (["create", "pod", "--docker", f"host={podman}"], ["use", "pod"]):
        subprocess.run(["docker", "context", *words], check=True, capture_output=True)
    status = docker_available()
    assert (status.ok, status.product, status.address) == (True, "Podman", podman)
    assert status.source.startswith("current context pod of ")
    assert json.loads((tmp_path / "docker" / "config.json").read_text())["currentContext"] == "pod"
    run = tmp_path / f"podman{time.monotonic_ns()}"
    run.mkdir()
    with serve(factory.plan(image=base_image), run, on_progress=lambda *_, **__: None) as served:
        assert served.alive() is None
        facts = served.facts
    assert facts["container.network"] == "isolated"
    assert facts["engine.version"] == "1.2.3"
    assert facts["engine.non_default_arguments"] == "{'fault': 'nothing'}"
    with connect() as client:
        names = [container.name for container in client.containers.list(all=True)]
        networks = [network.name for network in client.networks.list()]
    assert not [name for name in names + networks if run.name in name]
