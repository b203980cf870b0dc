"""A controller killed between `sbatch` and the line of its journal, on Debian's Slurm: what it queued is adopted, once."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

from benchmarks.fleet.common import until
from benchmarks.fleet.slurm import Cluster, end
from suite.base.errors import SetupError
from suite.declare.fleet import Job
from suite.evidence.fleetstate import machines
from suite.evidence.journal import read_journal
from suite.measure.fleet import attempt as attempts
from suite.measure.fleet import slurm
from suite.measure.fleet.slurm import Slurm
from tests.factories import fleets, runs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0 or not all(map(shutil.which, ("slurmctld", "slurmd", "munged"))),
        reason="needs root and slurmctld, slurmd, slurm-client, munge",
    ),
]


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """Slurm with four nodes; the second `sbatch` of a process that has `killing` on its PATH kills its caller."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    # The path of a socket must be short.
    with tempfile.TemporaryDirectory(dir="/tmp") as short, Cluster(Path(short) / "s") as started:
        monkeypatch.setenv("SLURM_CONF", started.env["SLURM_CONF"])
        killing = tmp_path / "killing" / "sbatch"
        killing.parent.mkdir()
        killing.write_text(
            f'#!/bin/sh\n{shutil.which("sbatch")} "$@"\n'
            f"[ -e {tmp_path}/once ] && kill -9 $PPID\ntouch {tmp_path}/once\n"
        )
        killing.chmod(0o755)
        yield started


def test_an_array_whose_controller_was_killed_is_adopted_and_runs_once(tmp_path, cluster):
    place = tmp_path / "rack"
    made = fleets.fleet(place, 1, repeats=2)
    script = textwrap.dedent(f"""
        from pathlib import Path
        from suite.documents.codec import decode
        from suite.documents.fleet import Fleet
        from suite.measure.fleet.slurm import Slurm
        from tests.factories import fleets
        place = Path({str(place)!r})
        made = decode((place / "fleet.json").read_bytes(), Fleet)
        unit = "echo ${{SLURM_MEM_PER_CPU-all}} >>{tmp_path}/count; sleep 2\\n" + fleets.CARD
        fleets.work(place, made, unit, backend=Slurm())
    """)
    env = {**cluster.env, "PATH": f"{tmp_path / 'killing'}:{os.environ['PATH']}"}
    done = subprocess.run([sys.executable, "-c", script], cwd=runs.ROOT, env=env, check=False)
    assert done.returncode == -signal.SIGKILL
    entries, _ = read_journal(place, made)
    assert [entry.kind for entry in entries[-2:]] == ["submitted", "submitted"]

    now = fleets.work(place, made, "exit 9", backend=Slurm())
    (machine,) = machines(made, now)
    assert (machine.outcome, [a.attempt for a in machine.attempts]) == ("complete", [1, 1, 1])
    adopted = [e.handle for e in read_journal(place, made)[0] if e.kind == "placed"][-2:]
    assert [handle.partition("_")[2] for handle in adopted] == ["0", "1"]
    # The last one's script ends a moment after what it leaves is seen.
    queued = ("squeue", "--noheader", "--states=PENDING,RUNNING")
    until("nothing is queued", lambda: cluster.call(*queued) == "")
    assert (tmp_path / "count").read_text() == "all\n" * 2  # of the node's memory


def test_what_waits_for_a_drained_node_is_given_up_and_tried_when_it_is_back(tmp_path, cluster):
    def drain(state):
        cluster.call("scontrol", "update", "NodeName=node-1", f"State={state}", "Reason=admin")

    place = tmp_path / "rack"
    made = fleets.fleet(place, 2, repeats=1)
    drain("DRAIN")
    backend = Slurm()
    backend.settle_s = 0.1
    now = fleets.work(place, made, backend=backend)
    away, there = machines(made, now)
    assert (away.outcome, there.outcome) == ("failed", "complete")
    assert "Slurm: its node is drained" in away.reason
    drain("RESUME")
    # Slurm asks a node that is taken back whether it is there: until it answers, it is "idle*".
    state = ("sinfo", "--noheader", "--nodes=node-1", "--format=%T")
    until("node-1 is idle", lambda: cluster.call(*state).strip() == "idle")
    now = fleets.work(place, made, backend=backend)
    assert [(m.outcome, m.reason) for m in machines(made, now)] == [("complete", "")] * 2


def test_a_restart_of_slurms_controller_loses_nothing(tmp_path, cluster, monkeypatch):
    backend = Slurm()
    handles = {"999_0": attempts.files(tmp_path, Job("node-1", "1-cell", 1), 1)}
    assert backend.gone(handles)["999_0"].code == "fleet-lost"
    end(cluster.place / "slurmctld.pid")
    assert backend.gone(handles) == {}
    monkeypatch.setattr(slurm, "AWAY_S", 0.5)
    time.sleep(1)
    with pytest.raises(SetupError, match="squeue failed") as caught:
        backend.gone(handles)
    assert "fleet resume" in caught.value.hint
    cluster.control()
    assert backend.gone(handles)["999_0"].code == "fleet-lost"
