"""Runs one command of the suite in this process and writes down where its time went.

Usage: ``python -m benchmarks.verify.timed RESULT.json COMMAND …``. Each place below is wrapped by a clock; what a
place spends in another one counts there alone. A place that no longer exists ends the program: name its successor.
"""

from __future__ import annotations

import functools
import importlib
import json
import resource
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

VERIFYING = {
    "parsing the evidence": ("suite.evidence", "read"),
    "reading and hashing the files": ("suite.judge.attest.files", "check_files"),
    "ROUGE": ("suite.judge.metrics.rouge", "score_texts"),
    "metrics": ("suite.judge.score", "compute"),
    "rules": ("suite.judge.score", "apply_rules"),
    "building the card": ("suite.judge.card.build", "build"),
    "comparing the card": ("suite.judge.attest.numbers", "differences"),
    "rendering the page": ("suite.judge.report.html", "render"),
    "signature and predicate": ("suite.judge.attest.verify_run", "verify_file"),
    "signing": ("suite.judge.attest.sign", "sign_run"),
}
RUNNING = {
    "reading command line, data, model": ("suite.cli.inputs", "gather"),
    "run": ("suite.cli.measuring", "execute"),
    "tasks.jsonl": ("suite.measure.record", "begin"),
    "prompts and requests": ("suite.measure.phases", "make_jobs"),
    "manifest": ("suite.evidence", "write_manifest"),
}


class Clock:
    """CPU and wall seconds by place, each instant in one place."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = defaultdict(float)
        self.wall: dict[str, float] = defaultdict(float)
        self._inside = ["elsewhere"]
        self._cpu = self._wall = 0.0
        self.turn()

    def turn(self) -> None:
        """Give the time since the last turn to the place that we are in."""
        cpu, wall = time.process_time(), time.monotonic()
        if self._wall:
            self.cpu[self._inside[-1]] += cpu - self._cpu
            self.wall[self._inside[-1]] += wall - self._wall
        self._cpu, self._wall = cpu, wall

    def wrap(self, name: str, module: str, attribute: str) -> None:
        """Time a function wherever its module calls it."""
        holder = importlib.import_module(module)
        function: Callable[..., object] = getattr(holder, attribute)

        @functools.wraps(function)
        def timed(*arguments: object, **named: object) -> object:
            self.turn()
            self._inside.append(name)
            try:
                return function(*arguments, **named)
            finally:
                self.turn()
                self._inside.pop()

        setattr(holder, attribute, timed)


def main() -> int:
    """Run the command."""
    result, words = Path(sys.argv[1]), sys.argv[2:]
    clock = Clock()
    suite = importlib.import_module("suite.cli.main")
    places = VERIFYING | (RUNNING if words[0] == "run" else {})
    for name, (module, attribute) in places.items():
        clock.wrap(name, module, attribute)
    clock.turn()
    clock.cpu = defaultdict(float, {"starting and imports": time.process_time()})
    clock.wall = defaultdict(float, {"starting and imports": time.process_time()})
    status = suite.main(words)
    clock.turn()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    record = {"status": status, "cpu_s": clock.cpu, "wall_s": clock.wall, "peak_mb": peak / 1024}
    result.write_text(json.dumps(record, indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
