"""``python -m tests.cheats --keep DIR --engine-python PYTHON [CHEAT …]``: every cheat at every level, and what named it.

Each run stays in DIR, where a second call finds it. What was seen goes into ``docs/cheats.json``, beside what earlier calls saw
of other cheats and levels, and ``python -m suite.cli.pages`` makes the table of it. ``--honest N`` makes N honest runs
instead, of the scripted server or of the engine that ``--engine`` names, and counts the rules that they break.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from suite.base import jsonio
from suite.measure.engine.sim_cheats import CHEATS
from suite.measure.engine.sim_page import AUDITED, SEEN
from tests.cheats import vendor
from tests.factories import runs
from tests.mutation import trials

RUN = ("self-reported", "challenged", "witnessed", "reproduced", AUDITED)
"""What can be tried without a device that signs; what such evidence ends follows from the level."""


def main() -> int:
    """Make the runs and write what they say; 1 where an honest run was named."""
    able = [cheat.name for cheat in CHEATS.values() if cheat.apply is not None]
    parser = argparse.ArgumentParser(prog="python -m tests.cheats", description=__doc__)
    parser.add_argument("cheats", nargs="*", default=[vendor.HONEST, *able])
    parser.add_argument("--level", action="append", choices=RUN, help="only this")
    parser.add_argument("--keep", type=Path, required=True, help="directory of the runs")
    parser.add_argument(
        "--engine-python",
        type=Path,
        help="with torch and transformers, to audit; with --engine, that engine's",
    )
    parser.add_argument("--honest", type=int, default=0, help="so many honest runs instead")
    parser.add_argument(
        "--engine", help="with --honest: this engine instead of the scripted server"
    )
    given = parser.parse_args()
    given.keep.mkdir(parents=True, exist_ok=True)
    if given.engine and not (given.honest and given.engine_python):
        parser.error("--engine goes with --honest and needs --engine-python")
    if given.honest:
        return _count_alarms(given.keep, given.honest, given.engine, given.engine_python)
    levels = given.level or RUN
    if AUDITED in levels and given.engine_python is None:
        parser.error("--engine-python: the audit needs a Python with torch and transformers")
    bench = Bench(given.keep.resolve(), given.engine_python)
    alarmed = False
    for name in given.cheats:
        seen = {level: bench.seen(name, level) for level in levels}
        known = json.loads(SEEN.read_bytes())
        SEEN.write_bytes(jsonio.pretty({**known, name: {**known.get(name, {}), **seen}}))
        alarmed |= name == vendor.HONEST and any(seen.values())
    return int(alarmed)


class Bench:
    """The runs of every cheat under one challenge, kept in a directory."""

    def __init__(self, keep: Path, python: Path) -> None:
        self._keep = keep
        self._python = python
        self._challenge = keep / "challenge.json"
        if not self._challenge.is_file():
            key = runs.key(keep / "reviewer.pem")
            done = runs.suite("round", "new", "cheats", "--key", key, "--out", self._challenge)
            assert done.returncode == 0, done.stderr

    def seen(self, name: str, level: str) -> list[str]:
        """What names a cheat at a level: rules, ``reproduction`` or ``audit``."""
        folder = self._keep / name
        folder.mkdir(exist_ok=True)
        file = folder / f"{level}.json"
        if not file.is_file():
            print(f"{name}: {level}", file=sys.stderr, flush=True)
            file.write_text(json.dumps(self._look(folder, name, level)))
        return json.loads(file.read_text())

    def _look(self, folder: Path, name: str, level: str) -> list[str]:
        if level == AUDITED:
            self.seen(name, "self-reported")  # the run that is looked at again
        match level:
            case "self-reported":
                card = vendor.measured(folder, name, vendor.SLOW_READER)
            case "challenged":
                card = vendor.measured(folder, name, vendor.SLOW_READER, self._challenge)
            case "witnessed":
                card = vendor.witnessed(folder, name, vendor.SLOW_READER, self._challenge)
                named = vendor.naming(card, vendor.ELSEWHERE)
                assumed = {vendor.ASSUMED[name]} if name in vendor.ASSUMED else set()
                return sorted(named | (assumed & vendor.naming(card, set())))
            case "reproduced":
                return [] if self._agrees(folder, name) else ["reproduction"]
            case _:
                verdict = vendor.audited(folder / "run", folder / "audit.json", self._python)
                return ["audit"] if verdict == "different" else []
        return sorted(vendor.naming(card, vendor.SIMULATED))

    def _agrees(self, folder: Path, name: str) -> bool:
        """Whether an honest run comes to the same as one of this vendor."""
        first, again = folder / "steady", self._keep / "again"
        for place, cheat in ((first, name), (again, vendor.HONEST)):
            if not (place / "run").is_dir():
                place.mkdir(exist_ok=True)
                vendor.measured(place, cheat, vendor.STEADY)
        return vendor.agrees_with(first / "run", again / "run", folder / "reproduction.json")


def _count_alarms(keep: Path, count: int, engine: str | None, python: Path | None) -> int:
    """Honest runs, and how often each rule named one, on a machine that others loaded or not; 1 where any did."""
    alarms: Counter[str] = Counter()
    beside_load = 0
    for number in range(count):
        folder = keep / f"{engine or vendor.HONEST}-{number}"
        folder.mkdir(exist_ok=True)
        if not (folder / "run" / "scorecard.json").is_file():
            if engine and python:
                vendor.served(folder, engine, python)
            else:
                vendor.measured(folder, vendor.HONEST, {"seed": number})
        always = vendor.SERVED if engine else vendor.SIMULATED
        card = vendor.card_of(folder / "run")
        named, loaded = vendor.naming(card, always), vendor.is_loaded(card)
        alarms.update(named)
        beside_load += loaded and len(named)
        words = f"run {number + 1}: {' '.join(sorted(named)) or 'no alarm'}"
        print(words + (", beside others' load" if loaded else ""), flush=True)
    print(f"{count} honest runs, {alarms.total()} false alarms {dict(alarms)}")
    whose = engine or "the simulated vendor"
    trials.record("honest", whose, runs=count, alarms=alarms.total(), loaded=beside_load)
    return int(bool(alarms))


if __name__ == "__main__":
    sys.exit(main())
