"""``make bench-verify``: where `suite verify` spends its time on a large run, and `suite run` outside its phases.

The run has 12,090 measured requests of 64 tokens, made with the scripted server from synthetic data, and is kept
for the next time. Seconds are of CPU unless a line says wall. Modules are loaded from bytecode, as installed. Making the
prompts is preparation: nearly all of it is the model's tokenizer counting them.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.verify import synthetic
from suite.judge.attest import keyfiles

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = '{"ttft_ms": 1, "itl_ms": 0.2, "tokens": 64}'
VERIFY_BAR_S, VERIFY_BAR_MB, OUTSIDE_BAR_S = 5.0, 500.0, 10.0
OUTSIDE = "suite"
"""The kind of time in a card's breakdown that is neither conversion nor engine nor phase."""
PREPARATION = "prompts and requests"


def _timed(result: Path, words: list[str], cores: int | None) -> tuple[dict[str, Any], float]:
    """Run a command of the suite under the clock; returns what it found and the wall seconds."""
    pin = ["taskset", "-c", ",".join(map(str, sorted(os.sched_getaffinity(0))[:cores]))]
    command = [sys.executable, "-m", "benchmarks.verify.timed", str(result), *words]
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(ROOT / "suite", quiet=2)
    started = time.monotonic()
    with result.with_suffix(".log").open("wb") as log:
        subprocess.run(
            [*(pin if cores else []), *command],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            check=True,
        )
    return json.loads(result.read_text("utf-8")), time.monotonic() - started


def _make(cache: Path, tasks: int) -> None:
    """Make the data and the run; what `suite run` did outside its phases is noted beside it."""
    data, profile = cache / "tasks.jsonl", cache / "verify-bench.yaml"
    synthetic.write_tasks(data, tasks)
    synthetic.write_profile(profile, tasks)
    words = ["run", "--runtime", "sim", "--sim-script", SCRIPT, "--quiet"]
    words += ["--profile", str(profile), "--data", str(data)]
    key = cache / "key.pem"
    if not key.exists():
        keyfiles.generate(key)
    words += ["--out", str(cache / "run"), "--key", str(key)]
    _, wall = _timed(cache / "run.json", words, None)
    (cache / "wall.json").write_text(json.dumps(wall))


def _table(title: str, seconds: dict[str, float]) -> None:
    print(title)
    for name, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"  {name:<36}{spent:8.2f} s")
    print(f"  {'together':<36}{sum(seconds.values()):8.2f} s")


def _show_run(cache: Path) -> None:
    record = json.loads((cache / "run.json").read_text("utf-8"))
    wall = json.loads((cache / "wall.json").read_text("utf-8"))
    card = json.loads((cache / "run" / "scorecard.json").read_text("utf-8"))["predicate"]
    inside = sum(item["seconds"] for item in card["time_breakdown"] if item["kind"] != OUTSIDE)
    prompts = record["cpu_s"].pop(PREPARATION)
    inside += record["wall_s"][PREPARATION]
    del record["cpu_s"]["run"]
    _table("suite run, outside preparation, engine and phases (CPU):", record["cpu_s"])
    print(f"  {'wall':<36}{wall - inside:8.2f} s   of {wall:.1f} s; bar {OUTSIDE_BAR_S:g} s")
    print(f"  {'preparation: ' + PREPARATION:<36}{prompts:8.2f} s")
    print(f"  {'peak memory':<36}{record['peak_mb']:8.0f} MB")


def main() -> int:
    """Make the run unless it is there, verify it, and print both breakdowns."""
    parser = argparse.ArgumentParser(description=__doc__, prog="bench-verify")
    parser.add_argument("--cache", type=Path, default=ROOT / "runs" / "bench-verify", help="kept")
    parser.add_argument("--fresh", action="store_true", help="make the run again")
    parser.add_argument("--tasks", type=int, default=synthetic.TASKS, help="size of the run")
    arguments = parser.parse_args()
    cache: Path = arguments.cache.resolve()
    if arguments.fresh and (cache / "run").exists():
        shutil.rmtree(cache / "run")
    cache.mkdir(parents=True, exist_ok=True)
    if not (cache / "run" / "scorecard.json").exists():
        print(f"making a run of {arguments.tasks:,} tasks in {cache}")
        _make(cache, arguments.tasks)
    _show_run(cache)
    record, wall = _timed(cache / "verify.json", ["verify", str(cache / "run")], 1)
    _table("suite verify, on one core (CPU):", record["cpu_s"])
    print(f"  {'wall':<36}{wall:8.2f} s   bar {VERIFY_BAR_S:g} s")
    print(f"  {'peak memory':<36}{record['peak_mb']:8.0f} MB  bar {VERIFY_BAR_MB:g} MB")
    print(*(cache / "verify.log").read_text("utf-8").splitlines()[-1:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
