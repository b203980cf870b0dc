import os
import signal
import time

import pytest

from tests.factories import runs


@pytest.fixture
def left_behind():
    """What the commands of a test left running; killed afterwards."""
    before = runs.children()
    runs.adopt(True)

    def names():
        # A clean-up that was told that all is well needs a moment to leave.
        deadline = time.monotonic() + 10
        while (found := runs.children() - before) and time.monotonic() < deadline:
            time.sleep(0.02)
        return [runs.name_of(number) for number in found]

    yield names
    for number in runs.children() - before:
        os.kill(number, signal.SIGKILL)
    runs.adopt(False)
