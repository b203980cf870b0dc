"""What the demonstrations share: an inventory of scripted machines of two vendors, the commands, and a node that dies."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from suite.documents.fleet import PREFLIGHT
from suite.evidence.fleetstate import machines, state
from suite.evidence.journal import read_journal
from tests.factories import fleets, runs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VICTIM = "node-2"
CELL = "1-nvidia-default-tiny"
WAIT_S = 600


def planned(directory: Path, *, machines: int = 4, repeats: int = 2) -> Path:
    """A planned fleet: scripted engines, a few requests of each kind of load."""
    directory.mkdir(parents=True, exist_ok=True)
    profile = runs.profile(directory)
    matrix = [{"profiles": [str(profile)], "options": ["--runtime", "sim"]}]
    inventory = fleets.inventory(machines, matrix=matrix, repeats=repeats)
    target = directory / "fleet"
    suite("fleet", "plan", fleets.written(directory / "rack.yaml", inventory), "--out", target)
    return target


def suite(*words: object, status: int = 0, env: Mapping[str, str] | None = None) -> None:
    """Run a command, print it, and insist on its exit status."""
    print("$ suite", *words, flush=True)
    begun = time.monotonic()
    done = subprocess.run(runs.command(*words), env=env, check=False)
    print(f"  exit status {done.returncode} after {time.monotonic() - begun:.1f} s", flush=True)
    if done.returncode != status:
        sys.exit(f"it should have been {status}")


def until(what: str, reached: Callable[[], bool]) -> float:
    """Wait for something; how long it took in seconds."""
    begun = time.monotonic()
    while not reached():
        if time.monotonic() - begun > WAIT_S:
            sys.exit(f"{what}: not within {WAIT_S} s")
        time.sleep(0.02)
    took = time.monotonic() - begun
    print(f"- {what} after {took:.1f} s", flush=True)
    return took


def demonstrate(
    fleet: Path,
    words: tuple[str, ...],
    env: Mapping[str, str],
    kill: Callable[[], None],
    revive: Callable[[], None],
) -> None:
    """One node and the controller are killed in the middle; the fleet is resumed, collected and verified."""
    first = fleet / "attempts" / VICTIM / f"{CELL}.r1.a1" / "stdout"
    controller = subprocess.Popen(runs.command("fleet", "run", fleet, *words), env=env)
    until(f"{VICTIM} runs its first cell", first.exists)
    kill()
    controller.kill()
    controller.wait()
    print(f"- {VICTIM} and the controller were killed", flush=True)
    suite("fleet", "resume", fleet, *words, status=3, env=env)
    revive()
    # Scripted engines answer nonsense: every card is there, and none is conformant.
    suite("fleet", "resume", fleet, *words, status=1, env=env)
    suite("fleet", "status", fleet)
    suite("fleet", "collect", fleet, status=1)
    suite("fleet", "verify", fleet)
    suite("fleet", "spread", fleet, "--page", fleet / "spread.html")
    _tell(fleet)


def _tell(fleet: Path) -> None:
    from suite.cli import fleets as commands  # noqa: PLC0415 - the rest needs no command

    made = commands.read(fleet)
    entries, _ = read_journal(fleet, made)
    for machine in machines(made, state(made, entries)):
        tries = [f"{a.cell} a{a.attempt} {a.code or ''}" for a in machine.attempts]
        print(f"  {machine.name} {machine.outcome}: {'; '.join(tries)}")
    assert sum(e.kind == "begun" for e in entries) == 3
    lost = [
        e for e in entries if e.kind == "ended" and e.machine == VICTIM and e.status == e.status
    ]
    assert any(e.code == "fleet-lost" and e.cell != PREFLIGHT for e in lost), "nothing was lost"


def end_processes_of(attempts: Path) -> None:
    """Kill whatever works on a machine's attempts: its sessions, by the paths on their command lines."""
    wanted = f"{attempts}/".encode()
    sessions = set()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            number = int(entry.name)
            if wanted in (entry / "cmdline").read_bytes():
                sessions.add(os.getsid(number))
    end_sessions(sessions - {os.getsid(0)})


def end_sessions(sessions: set[int]) -> None:
    """Kill every process of some sessions."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            number = int(entry.name)
            if os.getsid(number) in sessions:
                os.kill(number, signal.SIGKILL)
