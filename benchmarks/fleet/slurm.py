"""Four nodes of Debian's Slurm on one machine, as daemons of their own under a directory: `slurmctld slurmd munge`."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
from typing import TYPE_CHECKING, Self

from benchmarks.fleet import common

if TYPE_CHECKING:
    from pathlib import Path

NODES = ("node-1", "node-2", "node-3", "node-4")
CONFIG = """\
ClusterName=suite
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket
CredType=cred/munge
StateSaveLocation={place}/state
SlurmctldPidFile={place}/slurmctld.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdSpoolDir={place}/spool.%n
SlurmdPidFile={place}/slurmd.%n.pid
SlurmdLogFile={place}/slurmd.%n.log
SlurmctldPort={port}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdTimeout=15
SlurmctldTimeout=15
InactiveLimit=0
KillWait=5
MinJobAge=300
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobRequeue=1
DefMemPerCPU=1
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP
"""


def port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        number: int = held.getsockname()[1]
        return number


class Cluster:
    """Slurm's daemons; all of them end with the block."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.env = {**os.environ, "SLURM_CONF": str(place / "slurm.conf")}
        self.munged: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.place.mkdir(mode=0o755, parents=True)
        for name in ("state", *(f"spool.{node}" for node in NODES)):
            (self.place / name).mkdir()
        host = socket.gethostname().partition(".")[0]
        nodes = "\n".join(
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port()} CPUs=1 State=UNKNOWN"
            for node in NODES
        )
        text = CONFIG.format(host=host, place=self.place, port=port(), nodes=nodes)
        (self.place / "slurm.conf").write_text(text)
        key = self.place / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        files = [
            f"--{name}={self.place}/munge.{name.partition('-')[0]}"
            for name in ("socket", "key-file", "pid-file", "log-file", "seed-file")
        ]
        self.munged = subprocess.Popen(["munged", "--foreground", "--force", *files])
        common.until("munge listens", (self.place / "munge.socket").exists)
        self.control()
        for node in NODES:
            self.start(node)
        common.until("four nodes are idle", lambda: self.idle() == len(NODES))
        return self

    def control(self) -> None:
        """Start the controller, and wait until it answers."""
        self.call("slurmctld")
        common.until("slurmctld answers", self.answers)

    def answers(self) -> bool:
        ping = ["scontrol", "ping"]
        done = subprocess.run(ping, env=self.env, check=False, capture_output=True)
        return b" UP" in done.stdout

    def call(self, *words: str) -> str:
        done = subprocess.run(words, env=self.env, check=True, capture_output=True, text=True)
        return done.stdout

    def idle(self) -> int:
        return self.call("sinfo", "--noheader", "--Node", "--format=%T").split().count("idle")

    def start(self, node: str) -> None:
        self.call("slurmd", "-N", node)

    def kill(self, node: str) -> None:
        """End the daemon of a node, and then everything that runs on it."""
        end(self.place / f"slurmd.{node}.pid")

    def __exit__(self, *_: object) -> None:
        for node in NODES:
            end(self.place / f"slurmd.{node}.pid")
        end(self.place / "slurmctld.pid")
        if self.munged is not None:
            self.munged.kill()
            self.munged.wait()


def end(file: Path) -> None:
    """Kill the process of a file with its number."""
    try:
        os.kill(int(file.read_text()), signal.SIGKILL)
    except (OSError, ValueError):
        return


def main(directory: Path) -> None:
    fleet = common.planned(directory)
    with Cluster(directory / "slurm") as cluster:

        def kill() -> None:
            cluster.kill(common.VICTIM)
            common.end_processes_of(fleet / "attempts" / common.VICTIM)

        def revive() -> None:
            cluster.start(common.VICTIM)
            common.until("four nodes are idle", lambda: cluster.idle() == len(NODES))

        common.demonstrate(fleet, ("--slurm",), cluster.env, kill, revive)
