"""``python -m tests.cheats --keep DIR --engine-python PYTHON [CHEAT …]``: every cheat at every level, and what named it.

Each run stays in DIR, where a second call finds it; when all are there, ``docs/cheats.json`` is written and
``python -m suite.cli.pages`` makes the table of it. ``--honest N`` makes N honest runs instead and counts the rules that they break.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from suite.base import jsonio
from suite.measure.engine.sim_cheats import CHEATS
from suite.measure.engine.sim_page import SEEN
from tests.cheats import vendor
from tests.factories import runs


def main() -> int:
    """Make the runs and write what they say; 1 where an honest run was named."""
    parser = argparse.ArgumentParser(prog="python -m tests.cheats", description=__doc__)
    parser.add_argument("cheats", nargs="*", help="only these, and write nothing")
    parser.add_argument("--keep", type=Path, required=True, help="directory of the runs")
    parser.add_argument("--engine-python", type=Path, help="with torch and transformers, to audit")
    parser.add_argument("--honest", type=int, default=0, help="so many honest runs instead")
    given = parser.parse_args()
    given.keep.mkdir(parents=True, exist_ok=True)
    if given.honest:
        return _count_alarms(given.keep, given.honest)
    if given.engine_python is None:
        parser.error("--engine-python: the audit needs a Python with torch and transformers")
    bench = Bench(given.keep.resolve(), given.engine_python)
    able = [cheat.name for cheat in CHEATS.values() if cheat.apply is not None]
    seen = {name: bench.seen(name) for name in [vendor.HONEST, *(given.cheats or able)]}
    print(json.dumps(seen, indent=1))
    if not given.cheats:
        SEEN.write_bytes(jsonio.pretty(seen))
    return int(any(seen[vendor.HONEST].values()))


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

    def seen(self, name: str) -> dict[str, list[str]]:
        """What names a cheat at each level: rules, ``reproduction`` or ``audit``."""
        folder = self._keep / name
        folder.mkdir(exist_ok=True)
        alone = self._kept(folder, "self-reported", lambda: self._named(folder, name))
        return {
            "self-reported": alone,
            "challenged": self._kept(
                folder, "challenged", lambda: self._named(folder, name, self._challenge)
            ),
            "witnessed": self._kept(folder, "witnessed", lambda: self._witnessed(folder, name)),
            "reproduced": self._kept(folder, "reproduced", lambda: self._reproduced(folder)),
            "audited": self._kept(folder, "audited", lambda: self._audited(folder)),
        }

    @staticmethod
    def _kept(folder: Path, level: str, make: Callable[[], list[str]]) -> list[str]:
        file = folder / f"{level}.json"
        if not file.is_file():
            print(f"{folder.name}: {level}", file=sys.stderr, flush=True)
            file.write_text(json.dumps(make()))
        return json.loads(file.read_text())

    @staticmethod
    def _named(folder: Path, name: str, challenge: Path | None = None) -> list[str]:
        card = vendor.measured(folder, name, vendor.SLOW_READER, challenge)
        return sorted(vendor.naming(card, vendor.SIMULATED))

    def _witnessed(self, folder: Path, name: str) -> list[str]:
        card = vendor.witnessed(folder, name, vendor.SLOW_READER, self._challenge)
        return sorted(vendor.naming(card, vendor.ELSEWHERE))

    def _reproduced(self, folder: Path) -> list[str]:
        """By an honest run of its own, not the one that is held against it."""
        again = self._keep / "again"
        if not (again / "run").is_dir():
            again.mkdir(exist_ok=True)
            vendor.measured(again, vendor.HONEST, vendor.SLOW_READER)
        same = vendor.agrees_with(folder / "run", again / "run", folder / "reproduction.json")
        return [] if same else ["reproduction"]

    def _audited(self, folder: Path) -> list[str]:
        verdict = vendor.audited(folder / "run", folder / "audit.json", self._python)
        return ["audit"] if verdict == "different" else []


def _count_alarms(keep: Path, count: int) -> int:
    """Honest runs, and how often each rule named one; 1 where any did."""
    alarms: Counter[str] = Counter()
    for number in range(count):
        folder = keep / f"{vendor.HONEST}-{number}"
        folder.mkdir(exist_ok=True)
        if not (folder / "run" / "scorecard.json").is_file():
            vendor.measured(folder, vendor.HONEST, {"seed": number})
        named = vendor.naming(vendor.card_of(folder / "run"), vendor.SIMULATED)
        alarms.update(named)
        print(f"run {number + 1}: {' '.join(sorted(named)) or 'no alarm'}", flush=True)
    print(f"{count} honest runs, {alarms.total()} false alarms {dict(alarms)}")
    return int(bool(alarms))


if __name__ == "__main__":
    sys.exit(main())
