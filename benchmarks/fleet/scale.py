"""How long and how much memory a controller takes for many machines, by the local backend.

Every machine's attempts are processes. Those of the first few are real: `suite doctor` and `suite run --plan` with a scripted
engine, to a signed card. All others run ``true`` and leave no card: a thousand real runs would measure the runs (some nine seconds of
CPU each), and a made-up card is none. What is timed is everything that the controller does for each: the script, the process, the
journal with its fsync for every entry, the file of the exit status.
"""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING

from benchmarks.fleet import common
from suite.cli import fleets as commands
from suite.documents.fleet import PREFLIGHT
from suite.evidence.fleetstate import machines
from suite.evidence.journal import JOURNAL, Journal
from suite.measure.fleet.control import Controller
from suite.measure.fleet.local import Local, processors
from tests.factories.fleets import Quiet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.declare.fleet import Job
    from suite.measure.fleet.attempt import Files


def main(directory: Path, number: int, measured: int) -> None:
    fleet = common.planned(directory, machines=number, repeats=1)
    made = commands.read(fleet)
    real = {
        machine.name for machine in made.machines[:: max(1, number // max(1, measured))][:measured]
    }
    unit = commands.unit(fleet, made)

    def command(job: Job, at: Files) -> Sequence[str]:
        if job.machine in real:
            return unit(job, at)
        return ("true",) if job.cell == PREFLIGHT else ("sh", "-c", "exit 3")

    begun, used = time.monotonic(), time.process_time()
    with Journal(fleet, made) as journal:
        controller = Controller(
            fleet,
            made,
            journal,
            Local(),
            command=command,
            observer=Quiet(),
            at_once=processors(),
            poll_s=0.01,
        )
        now = controller.work(lambda: False)
        entries = len(journal.entries)
    seconds, cpu = time.monotonic() - begun, time.process_time() - used
    stated = machines(made, now)
    cards = sum(machine.outcome == "complete" for machine in stated)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{number} machines, {cards} of them with a real card, {entries} entries of the journal")
    print(f"{seconds:.1f} s, of which the controller's own CPU {cpu:.1f} s")
    print(f"children's CPU {children.ru_utime + children.ru_stime:.1f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    print(f"journal {(fleet / JOURNAL).stat().st_size / 1e6:.2f} MB")
    begun = time.monotonic()
    commands.followed(fleet)
    print(f"read again in {time.monotonic() - begun:.2f} s")
    assert cards == len(real)
    assert len(stated) == number
