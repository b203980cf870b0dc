"""What an actor of Ray starts, without Ray: at the priority of what started the actor."""

import os
import signal
import socket
import subprocess
import sys
import textwrap

import pytest

from suite.base.errors import Interrupted, SetupError
from suite.measure.fleet.ray import own_sigterm, require_answer
from suite.measure.signals import Stop
from tests.factories import runs

UNIT = textwrap.dedent("""
    import os, sys, time
    from suite.measure.fleet.ray import Unit
    os.nice(7)
    if sys.argv[2] != "root":
        os.setuid(65534)
    unit = Unit(sys.argv[1])
    while not unit.over():
        time.sleep(0.01)
""")


@pytest.fixture
def begun(tmp_path):
    """Starts a script by an actor's class, as root or not; what came of it, and the niceness that the script had."""
    script = tmp_path / "command.sh"
    script.write_text(f"nice >{tmp_path}/niceness\n")

    def start(who):
        words = [sys.executable, "-c", UNIT, str(script), who]
        done = subprocess.run(words, cwd=runs.ROOT, capture_output=True, text=True, check=False)
        file = tmp_path / "niceness"
        return done, int(file.read_text()) if file.exists() else None

    return start


@pytest.mark.skipif(os.geteuid() != 0, reason="only root takes niceness back")
def test_what_ray_made_nice_runs_as_its_daemon_does(begun):
    done, niceness = begun("root")
    assert done.returncode == 0, done.stderr
    assert niceness == os.getpriority(os.PRIO_PROCESS, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_where_niceness_cannot_be_taken_back_nothing_begins(begun):
    done, niceness = begun("nobody")
    assert "RAY_worker_niceness=0" in done.stderr
    assert niceness is None


def test_a_head_that_does_not_answer_is_refused_before_ray_asks_it_for_minutes():
    with socket.create_server(("127.0.0.1", 0)) as head:
        address = f"127.0.0.1:{head.getsockname()[1]}"
        require_answer(address)
    for text in ("auto", "ray://127.0.0.1:9"):
        require_answer(text)
    with pytest.raises(SetupError, match=f"nothing answers at {address}: Connection refused") as no:
        require_answer(address)
    assert no.value.code == "fleet-backend-failed"


@pytest.mark.parametrize("when", ["within", "after"])
def test_a_controller_that_is_ended_says_so_whatever_ray_does_to_the_signal(when):
    def controller():
        with own_sigterm():
            signal.signal(signal.SIGTERM, lambda number, _: sys.exit(number))  # as ray.init does
            if when == "within":
                signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)

    with Stop().installed(), pytest.raises(Interrupted):
        controller()
