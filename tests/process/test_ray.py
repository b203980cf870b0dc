"""A fleet on a real cluster of Ray: a node killed in the middle, the machine back, everything complete."""

import importlib.util
import os
import signal

import pytest

from benchmarks.fleet.common import end_processes_of
from benchmarks.fleet.ray import Cluster
from suite.evidence.fleetstate import machines
from suite.measure.fleet.ray import Ray, resources
from tests.factories import fleets

# Not imported here: it reads the cluster's token when it is, and there is none yet.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra `ray`"),
]


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A head and two nodes, and their fleet."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    made = fleets.fleet(tmp_path / "rack", 2, repeats=1)
    nodes = Cluster(tmp_path / "ray")
    for name, value in nodes.env.items():
        monkeypatch.setenv(name, value)
    try:
        nodes.head()
        for number, machine in enumerate(made.machines, 1):
            nodes.machine(number, resources(machine))
        yield nodes, made
    finally:
        nodes.close()


def test_a_killed_node_is_lost_and_comes_back(tmp_path, cluster):
    nodes, made = cluster
    place = tmp_path / "rack"
    ended = signal.getsignal(signal.SIGTERM)

    def unit(job, number):
        if job.machine == "node-2" and number == 1:
            return f"touch {tmp_path}/begun; sleep 600"
        return f"nice >{tmp_path}/niceness\n" + fleets.CARD

    killed = []

    def watch():
        if (tmp_path / "begun").exists() and not killed:
            nodes.kill("node-2")
            end_processes_of(place / "attempts" / "node-2")  # with its machine
            killed.append(True)
        return False

    now = fleets.work(place, made, unit, stopped=watch, backend=Ray(nodes.address))
    assert [machine.outcome for machine in machines(made, now)] == ["complete", "failed"]
    assert now.lost == {"node-2"}
    assert signal.getsignal(signal.SIGTERM) == ended  # Ray puts its own there
    assert machines(made, now)[1].attempts[-1].code == "fleet-lost"
    assert int((tmp_path / "niceness").read_text()) == os.getpriority(os.PRIO_PROCESS, 0)

    nodes.machine(2, resources(made.machines[1]))
    now = fleets.work(place, made, unit, backend=Ray(nodes.address))
    assert [machine.outcome for machine in machines(made, now)] == ["complete", "complete"]
    assert [a.attempt for a in machines(made, now)[1].attempts if a.repeat == 1] == [1, 2]
