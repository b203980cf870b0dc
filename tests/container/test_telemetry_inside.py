"""A telemetry tool that is only in the engine's image is asked in the running container."""

import time

import pytest

from suite.documents.plan import TelemetryTool
from suite.measure.engine.container import ContainerEngine
from suite.measure.telemetry import Sampler

pytestmark = pytest.mark.container
SCRIPT = "printf 'index, power.draw [W]\\n0, %s.00 W\\n' 120"


def test_the_tool_runs_in_the_container(docker, base_image):
    container = docker.containers.run(
        base_image, ["sleep", "120"], detach=True, network_mode="none"
    )
    try:
        container.reload()
        engine = ContainerEngine("", {}, [], container, own=set())
        tool = TelemetryTool(
            tool="nvidia-smi",
            where="container",
            command=("sh", "-c", f"test -e /.dockerenv && {SCRIPT}"),
            parser="nvidia-smi",
            interval_ms=50,
        )
        with Sampler([tool], time.monotonic_ns(), engine.inside) as sampler:
            deadline = time.monotonic() + 60
            while len(sampler.samples()) < 3 and time.monotonic() < deadline:
                time.sleep(0.01)
        assert sampler.problems() == []
        assert {sample.power_w for sample in sampler.samples()} == {120}
        missing = engine.inside(["no-such-tool"])
        assert isinstance(missing, str) or missing[0] != 0
        assert len(engine.own) >= 4, "the events of what the suite ran are told from others'"
    finally:
        container.remove(force=True)
    assert isinstance(engine.inside(["true"]), str), "a container that is gone gives a reason"
