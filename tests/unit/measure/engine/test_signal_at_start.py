"""A signal in the instant in which something was started and nobody knows of it yet."""

import os
import signal
import subprocess
import time

import pytest

from suite.base.errors import Interrupted
from suite.measure.engine import environment, process, sim
from suite.measure.signals import Stop


@pytest.fixture
def started(monkeypatch):
    """The first process that is started, and SIGTERM before its starter hears of it."""
    numbers = []
    real = subprocess.Popen.__init__

    def interrupted(self, *arguments, **options):
        real(self, *arguments, **options)
        numbers.append(self.pid)
        if len(numbers) == 1:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(subprocess.Popen, "__init__", interrupted)
    with Stop().installed():
        yield numbers


def gone(number):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_no_scripted_server_is_left(started):
    with pytest.raises(Interrupted), sim.start("{}"):
        pytest.fail("it must not be yielded")
    assert gone(started[0])


def test_no_engine_is_left(started, tmp_path):
    with (
        pytest.raises(Interrupted),
        process._group(
            ["sleep", "600"], {"PATH": os.environ["PATH"]}, tmp_path / "log", tmp_path / "scratch"
        ),
    ):
        pytest.fail("it must not be yielded")
    assert gone(started[0])


def test_no_installation_is_left(started):
    with pytest.raises(Interrupted):
        environment._run(["sleep", "600"], "environment-failed")
    assert gone(started[0])
