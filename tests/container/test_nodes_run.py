"""A whole `suite run` over two agents that are programs, reached by IPv6: from the command line to the verified card."""

import json
import shutil
import signal
import subprocess

import pytest

from suite.measure.engine.container.options import LABEL_RUN
from tests.factories import runs
from tests.factories.engine import SERVERS

pytestmark = [pytest.mark.container, pytest.mark.slow]
VLLM = """\
import os
import runpy
import sys


def main():
    words = sys.argv
    head = words[words.index("--master-addr") + 1]
    role = ["follower", "--head", head] if "--headless" in words else ["head", "--followers", "1"]
    sys.argv = ["group.py", *role, "--own", os.environ["VLLM_HOST_IP"]]
    runpy.run_path("/srv/group.py", run_name="__main__")
"""
"""Stands where vLLM's own command line is, and starts the scripted group with what the declaration says of the layout."""


@pytest.fixture
def image(base_image, tmp_path):
    """An image in which the scripted group answers to vLLM's command."""
    place = tmp_path / "image"
    package = place / "vllm" / "entrypoints" / "cli"
    package.mkdir(parents=True)
    (package / "main.py").write_text(VLLM)
    shutil.copy(SERVERS / "group.py", place)
    (place / "Dockerfile").write_text(
        f"FROM {base_image}\nCOPY vllm /srv/vllm\nCOPY group.py /srv/\nENV PYTHONPATH=/srv\n"
        "RUN command -v python || ln -s $(command -v python3) /usr/local/bin/python\n"
    )
    name = f"suite-test-group:{tmp_path.name.lower()}"
    subprocess.run(["docker", "build", "--tag", name, place], capture_output=True, check=True)
    yield name
    subprocess.run(["docker", "rmi", name], capture_output=True, check=False)


@pytest.fixture
def agents(tmp_path):
    """Words of two agents."""
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef")
    listen = ("agent", "--listen", "[::1]:0", "--node-token", token, "--once")
    started = [runs.start(*listen) for _ in range(2)]
    where = [process.stdout.readline().split()[2].rstrip(",") for process in started]
    assert all(place.startswith("[::1]:") for place in where)
    yield [*(word for place in where for word in ("--node", place)), "--node-token", token]
    for process in started:
        runs.end(process, signal.SIGINT if process.poll() is None else None)


def test_a_run_over_two_agents_by_ipv6_comes_to_a_verified_card(tmp_path, docker, image, agents):
    out = tmp_path / f"run-{tmp_path.name.lower()}"
    words = ("--vendor", "cpu", "--engine", "vllm", "--runtime", "container", "--image", image)
    words += ("--nodes", "2", "--tensor-parallel", "2", "--dtype", "bfloat16", *agents)
    profile, key = runs.profile(tmp_path), runs.key(tmp_path / "key.pem")
    done = runs.suite("run", *words, "--profile", profile, "--key", key, "--out", out, "--quiet")
    assert done.returncode == 1, done.stderr  # a scripted group summarises nothing
    assert runs.suite("verify", out).returncode in (0, 1)
    card = json.loads((out / "scorecard.json").read_bytes())["predicate"]
    outcomes = {check["rule"]: check["outcome"] for check in card["checks"]}
    assert (outcomes["R131"], outcomes["R132"]) == ("pass", "pass")
    nodes = json.loads((out / "nodes.json").read_bytes())["nodes"]
    assert [(node["role"], node["ended"]) for node in nodes] == [("head", ""), ("follower", "")]
    filters = {"label": f"{LABEL_RUN}={out.name}"}
    assert not docker.containers.list(all=True, filters=filters)
    assert not docker.networks.list(filters=filters)
