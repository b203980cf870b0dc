"""Attempts as jobs of Slurm, pinned to their machines: an array for each machine, one task at a time, never requeued.

What Slurm knows of a job it forgets soon after, and a controller of Slurm that is killed may lose what it knew; so how an
attempt ended is read from its own file, and Slurm is asked only whether it is still there. A node that is down ends its
tasks for Slurm, while their processes may run on: the lock that every attempt holds keeps the machine to one of them.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, ClassVar, Final

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, unwritable
from suite.base.safe import replace_file
from suite.measure.fleet.backend import Gone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.documents.fleet import BackendName, Machine
    from suite.measure.fleet.attempt import Files

TIMEOUT_S: Final = 60
AWAY_S: Final = 600.0
"""How long Slurm's controller may be away before the fleet's gives up, seconds; what runs leaves its files meanwhile."""
DOWN: Final = ("BOOT_FAIL", "NODE_FAIL")
"""States of a job whose node went away."""
AWAY: Final = ("down", "drain", "fail", "unknown")
"""How the states of a node begin that takes no job; one that does not answer has an asterisk."""
ENDED: Final = (*DOWN, "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "OUT_OF_MEMORY", "TIMEOUT")


class Slurm:
    """See `suite.measure.fleet.backend.Backend`. A handle is a job's number and its index in the array."""

    name: ClassVar[BackendName] = "slurm"
    batch: ClassVar[int] = 1000

    def __init__(self, partition: str | None = None) -> None:
        """Find Slurm's commands.

        Args:
            partition: that the jobs go to; None for Slurm's own.

        Raises:
            SetupError: ``fleet-backend-missing``.
        """
        self.settle_s = 10.0
        self._away_since = 0.0
        self._options = [] if partition is None else [f"--partition={partition}"]
        for program in ("sbatch", "squeue"):
            if shutil.which(program) is None:
                raise SetupError(
                    "fleet-backend-missing",
                    Sentence(f"there is no {program} on PATH", f"PATH 中没有 {program}"),
                )

    def submit(self, machine: Machine, attempts: Sequence[Files], name: str) -> list[str]:
        """Submit an array whose tasks run one after the other."""
        first = attempts[0].directory
        script = first / "batch.sh"
        lines = ["#!/bin/sh", 'case "$SLURM_ARRAY_TASK_ID" in']
        lines += [f"{n}) exec sh {shlex.quote(str(at.script))} ;;" for n, at in enumerate(attempts)]
        try:
            replace_file(script, "\n".join([*lines, "esac", ""]).encode())
        except OSError as cause:
            raise SetupError("run-unwritable", unwritable(script, cause)) from cause
        answer = _call(
            [
                "sbatch",
                "--parsable",
                "--no-requeue",
                "--exclusive",
                "--mem=0",  # else the whole node comes with its partition's default memory alone
                "--nodes=1",
                f"--nodelist={machine.name}",
                f"--array=0-{len(attempts) - 1}%1",
                f"--job-name={name}",
                f"--output={first / 'slurm-%a.log'}",
                *self._options,
                str(script),
            ]
        )
        if answer.returncode:
            words = " ".join(answer.stderr.split())
            code = "fleet-unplaced" if "node" in words.lower() else "fleet-backend-failed"
            raise SetupError(
                code,
                Sentence(
                    f"sbatch refused {machine.name}: {words}",
                    f"sbatch 拒绝 {machine.name}：{words}",
                ),
            )
        number = answer.stdout.strip().partition(";")[0]
        return [f"{number}_{index}" for index in range(len(attempts))]

    def find(self, machine: str, at: Files, name: str, index: int) -> str:  # noqa: ARG002 - Slurm knows the name
        """The task of the job of that name, which Slurm may have taken after its controller was killed."""
        listed = _states(f"--name={name}")
        return next((number for number in listed if number.endswith(f"_{index}")), "")

    def gone(self, handles: Mapping[str, Files]) -> dict[str, Gone]:
        """Those that Slurm no longer runs or holds back."""
        states = self._known()
        if states is None:
            return {}
        over = {}
        away = _away() if "PENDING" in {states.get(handle) for handle in handles} else {}
        for handle, at in handles.items():
            state = states.get(handle, "")
            if state in DOWN:
                over[handle] = Gone("fleet-lost", f"Slurm: {state}")
            elif not state or state in ENDED:
                over[handle] = Gone("fleet-lost", _why(handle) or "Slurm does not know it any more")
            elif state == "PENDING" and (why := away.get(at.directory.parent.name)):
                over[handle] = Gone("fleet-lost", f"Slurm: its node is {why}")
        return over

    def _known(self) -> dict[str, str] | None:
        """What Slurm holds; None while its controller is away, as it is when it is restarted or another takes over.

        Raises:
            SetupError: ``fleet-backend-failed``: away for longer than `AWAY_S`.
        """
        try:
            states = _states()
        except SetupError:
            now = time.monotonic()
            self._away_since = self._away_since or now
            if now - self._away_since > AWAY_S:
                raise
            return None
        self._away_since = 0.0
        return states

    def release(self, handle: str) -> None:
        """Nothing is held: the next task of the array begins by itself."""

    def close(self) -> None:
        """Nothing is open; jobs run on."""


def _states(*words: str) -> dict[str, str]:
    """What Slurm holds, each task of an array by its number.

    Raises:
        SetupError: ``fleet-backend-failed``.
    """
    answer = _call(["squeue", "--all", "--noheader", "--array", "--format=%i %T", *words])
    if answer.returncode:
        message = Sentence(
            f"squeue failed: {' '.join(answer.stderr.split())}",
            f"squeue 失败：{' '.join(answer.stderr.split())}",
        )
        hint = Sentence(
            "what runs goes on; `suite fleet resume` follows it",
            "正在进行的运行会继续；`suite fleet resume` 可接续",
        )
        raise SetupError("fleet-backend-failed", message, hint=hint)
    lines = (line.partition(" ") for line in answer.stdout.splitlines())
    return {number: state for number, _, state in lines}


def _away() -> dict[str, str]:
    """Nodes that take no job, with their state: what waits for one of them would wait for as long as that is away."""
    answer = _call(["sinfo", "--all", "--noheader", "--Node", "--format=%N %T"])
    rows = (line.split() for line in answer.stdout.splitlines())
    return {name: state for name, state in rows if "*" in state or state.startswith(AWAY)}


def _why(handle: str) -> str:
    """What Slurm remembers of a job that ended; "" where it has forgotten."""
    answer = _call(["scontrol", "--oneliner", "show", "job", handle])
    facts = dict(word.partition("=")[::2] for word in answer.stdout.split() if "=" in word)
    return f"Slurm: {facts['JobState']}, {facts.get('Reason', '')}" if "JobState" in facts else ""


def _call(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run one of Slurm's commands.

    Raises:
        SetupError: ``fleet-backend-failed`` where it does not answer.
    """
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as cause:
        message = Sentence(
            f"{command[0]} does not answer: {cause}", f"{command[0]} 没有应答：{cause}"
        )
        raise SetupError("fleet-backend-failed", message) from cause
