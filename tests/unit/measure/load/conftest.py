"""A scripted server with every fault."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from suite.measure.engine import sim
from tests.unit.measure.load.support import PER_REQUEST


@pytest.fixture(scope="session")
def faulty() -> Iterator[str]:
    """Base URL of a server with every fault, each for the prompts that contain ``<its name>``."""
    faults = [{"name": name, "contains": f"<{name}>"} for name in PER_REQUEST]
    script = {"ttft_ms": 10, "itl_ms": 1, "faults": faults}
    with sim.start(json.dumps(script)) as server:
        yield server.base_url
