"""Shared by all tests: where data lies, and what this machine lacks."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
IN_CI = os.environ.get("CI") == "true"
DOCKER_STOPPED_ON_PURPOSE = os.environ.get("SUITE_WITHOUT_DOCKER") == "1"
# Neither the locale nor the terminal from which the tests are started decides one: each sets what it is about.
os.environ["LC_ALL"] = "C.UTF-8"
for variable in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "SUITE_KEY"):
    os.environ.pop(variable, None)
# No test asserts a time, drawn examples on a busy machine included.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def _docker_missing() -> str | None:
    from suite.measure.engine.container import docker_available

    status = docker_available()
    return None if status.ok else status.why


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what cannot run here, saying why; in CI a container test that cannot run is a failure."""
    if any(item.get_closest_marker("container") for item in items):
        why = _docker_missing()
        if why is not None and (DOCKER_STOPPED_ON_PURPOSE or not IN_CI):
            for item in items:
                if item.get_closest_marker("container"):
                    item.add_marker(pytest.mark.skip(reason=f"no Docker engine: {why}"))
    tools = {"browser": "chromium", "node": "npm"}
    for item in items:
        for marker, program in tools.items():
            if item.get_closest_marker(marker) and shutil.which(program) is None and not IN_CI:
                item.add_marker(pytest.mark.skip(reason=f"{program} is not installed"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT
