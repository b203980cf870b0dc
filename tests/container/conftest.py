import subprocess

import pytest

from suite.declare.plan.recipe import LOCAL_BASE_IMAGE
from suite.measure.engine.container import orphans
from suite.measure.engine.container.api import connect, docker_available
from suite.measure.engine.served import REPOSITORY


@pytest.fixture(scope="session")
def base_image():
    """An image with Python: the local base, made where it is missing."""
    status = docker_available()
    assert status.ok, f"no Docker engine: {status.why}"
    subprocess.run([REPOSITORY / "images" / "base.sh", LOCAL_BASE_IMAGE], check=True)
    return LOCAL_BASE_IMAGE


@pytest.fixture
def docker():
    with connect() as client:
        yield client


@pytest.fixture
def left_behind(docker):
    """Names of our containers and networks of a run that are there now."""

    def names(run):
        containers = docker.containers.list(all=True, filters={"name": f"llm-conformance-{run}-"})
        networks = docker.networks.list(filters={"name": f"llm-conformance-{run}-"})
        return [container.name for container in containers] + [network.name for network in networks]

    orphans.remove_orphans(docker)
    return names
