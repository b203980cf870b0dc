"""Five nodes of a Ray cluster on one machine: a head without machines, and one for each machine."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

from benchmarks.fleet import common
from benchmarks.fleet.slurm import port
from suite.documents.codec import decode
from suite.documents.fleet import Fleet
from suite.measure.fleet.ray import resources

HEALTH = {
    "RAY_health_check_initial_delay_ms": "0",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "3",
    # Where other work takes the processors, nothing starts in time.
    "RAY_raylet_start_wait_time_s": "240",
    "RAY_DASHBOARD_STARTUP_TIMEOUT_S": "240",
}


class Cluster:
    """`ray start --block` for each node, so that a node is one process with its children."""

    def __init__(self, place: Path) -> None:
        place.mkdir(parents=True)
        token = place / "token"
        token.write_text(secrets.token_hex(32))
        token.chmod(0o600)
        self.place = place
        # A head on 127.0.0.1 registers the machine's real address, and nobody finds it.
        host = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True)
        self.host = host.stdout.split()[0]
        self.address = f"{self.host}:{port()}"
        self.nodes: dict[str, subprocess.Popen[bytes]] = {}
        self.env = {
            **os.environ,
            **HEALTH,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
        }

    def start(self, name: str, *words: str) -> None:
        common_words = ("--num-cpus=1", "--num-gpus=0", "--object-store-memory=80000000", "--block")
        file = self.place / f"{name}.log"
        with file.open("wb") as log:  # a node that comes back is not up by what it printed before
            self.nodes[name] = subprocess.Popen(
                [
                    Path(sys.executable).with_name("ray"),
                    "start",
                    *words,
                    *common_words,
                    "--include-log-monitor=false",
                ],
                env=self.env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        common.until(f"{name} is up", lambda: b"Ray runtime started" in file.read_bytes())

    def head(self) -> None:
        number = self.address.partition(":")[2]
        temporary = f"/tmp/ray-{secrets.token_hex(4)}"  # a socket's path must be short
        words = ("--head", f"--port={number}", "--include-dashboard=false")
        self.start("head", *words, f"--temp-dir={temporary}", f"--node-ip-address={self.host}")

    def machine(self, number: int, wanted: dict[str, float]) -> None:
        self.start(
            f"node-{number}",
            f"--address={self.address}",
            f"--resources={json.dumps(wanted)}",
            f"--node-ip-address=127.0.0.{number + 1}",
        )

    def kill(self, name: str) -> None:
        """End a node: `ray start` and everything in its session."""
        common.end_sessions({self.nodes[name].pid})
        self.nodes[name].wait()

    def close(self) -> None:
        for name in [*self.nodes]:
            self.kill(name)


def main(directory: Path) -> None:
    fleet = common.planned(directory)
    made = decode((fleet / "fleet.json").read_bytes(), Fleet)
    wanted = {machine.name: resources(machine) for machine in made.machines}
    cluster = Cluster(directory / "ray")
    try:
        cluster.head()
        for number, name in enumerate(wanted, 1):
            cluster.machine(number, wanted[name])

        def kill() -> None:
            cluster.kill(common.VICTIM)
            common.end_processes_of(fleet / "attempts" / common.VICTIM)

        def revive() -> None:
            cluster.machine(2, wanted[common.VICTIM])

        common.demonstrate(fleet, ("--ray", cluster.address), cluster.env, kill, revive)
    finally:
        cluster.close()
