"""Fleets whose attempts are small shell programs: what the controller does is the same, and takes milliseconds."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from suite.documents.codec import pretty
from suite.documents.fleet import Cell, Fleet, Machine
from suite.documents.plan import SuiteVersion
from suite.evidence.journal import FLEET, Journal
from suite.measure.fleet.control import Controller
from suite.measure.fleet.local import Local

if TYPE_CHECKING:
    from pathlib import Path

READY = "exit 0"
CARD = """\
mkdir -p "$RUN"; printf '%s\\n' '{"type":"mark","name":"phase.start","t":1,"phase":"p","repeat":0,"measured":true}' >"$RUN/events.jsonl"
printf card >"$RUN/scorecard.json"
"""
"""Leaves a card."""
DISK_FULL = 'echo "error[disk-full]: no space" >&2; exit 3'
"""Fails by a name of the infrastructure before anything was measured."""
DISK_FULL_MEASURING = CARD.splitlines()[0] + "\n" + DISK_FULL
"""The same, in a measured phase."""
ENGINE_DIED = 'echo "error[engine-died]: it died" >&2; exit 3'
"""Fails by what is measured."""
KILLED = "kill -9 $PPID; kill -9 $$"
"""Ends without an exit status."""


def inventory(machines: int = 4, **changes: object) -> dict[str, object]:
    """An inventory of two vendors, as a value."""
    listed = [
        {"name": f"node-{n}", "vendor": ("nvidia", "mthreads")[n > machines // 2]}
        for n in range(1, machines + 1)
    ]
    value: dict[str, object] = {
        "inventory_schema": 1,
        "name": "rack",
        "machines": listed,
        "matrix": [{"profiles": ["smoke"]}],
        "repeats": 2,
    }
    return {**value, **changes}


def written(path: Path, value: object) -> Path:
    """A value as a file; JSON is YAML."""
    path.write_text(json.dumps(value), "utf-8")
    return path


def fleet(
    directory: Path, machines: int = 4, *, repeats: int = 2, retries: int = 1, excluded: str = ""
) -> Fleet:
    """A fleet in a directory, one cell for all machines; the last one is excluded where there is a reason."""
    names = tuple(f"node-{n}" for n in range(1, machines + 1))
    working = names[:-1] if excluded else names
    listed = [Machine(name=name, vendor="cpu") for name in working]
    if excluded:
        listed.append(Machine(name=names[-1], vendor="cpu", excluded=excluded))
    made = Fleet(
        fleet_schema=1,
        name="rack",
        made="2026-11-28T20:00:00Z",
        suite=SuiteVersion(version="0.3.0", commit="unknown"),
        directory=str(directory),
        machines=tuple(listed),
        cells=(Cell(name="1-cell", machines=working, words=(), sending=(), plan_sha256="0" * 64),),
        repeats=repeats,
        retries=retries,
    )
    directory.mkdir(parents=True, exist_ok=True)
    (directory / FLEET).write_bytes(pretty(made))
    return made


class Quiet:
    """Nobody watches."""

    def ended(self, job, ending):
        """Nothing."""

    def moved(self, now):
        """Nothing."""


def work(
    directory, made, unit=CARD, *, stopped=lambda: False, at_once=8, backend=None, preflight=READY
):
    """Let a controller work on a fleet; `unit` is a shell program, or gives one for a job and the number of its attempt."""

    def command(job, at):
        if job.repeat == 0:
            text = preflight(job) if callable(preflight) else preflight
        else:
            number = int(at.directory.name.rpartition("a")[2])
            text = unit(job, number) if callable(unit) else unit
        return ("sh", "-c", f"RUN={at.run}\n{textwrap.dedent(text)}")

    placing = backend or Local()
    with Journal(directory, made) as journal:
        controller = Controller(
            directory,
            made,
            journal,
            placing,
            command=command,
            observer=Quiet(),
            at_once=at_once,
            poll_s=0.01,
        )
        try:
            return controller.work(stopped)
        finally:
            placing.close()
