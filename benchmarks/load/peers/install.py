"""The environments of the clients that ``make bench-load`` runs beside the suite's own.

    python -m benchmarks.load.peers.install install [NAME ...]     make what is missing or out of date
    python -m benchmarks.load.peers.install list                   what there is

One environment each, `.venv-peers/NAME`, from the pinned list `benchmarks/load/peers/NAME.txt`; done again
only when that list changes. `vllm bench serve` comes with the engine's own environment (`make engines`).
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

LISTS = Path(__file__).resolve().parent
ROOT = LISTS.parents[2]
TARGET = ROOT / ".venv-peers"
STAMP = ".requirements-sha256"
TORCH = "2.13.0"
NEEDS_TORCH = ("guidellm",)


def names() -> list[str]:
    return sorted(path.stem for path in LISTS.glob("*.txt"))


def digest(name: str) -> str:
    return hashlib.sha256((LISTS / f"{name}.txt").read_bytes()).hexdigest()


def made(name: str) -> bool:
    """Whether the environment is there and of this list."""
    stamp = TARGET / name / STAMP
    return stamp.exists() and stamp.read_text().strip() == digest(name)


def install(name: str) -> bool:
    """Make an environment; False, with pip's last lines, when that failed."""
    if made(name):
        print(f"{name}: there already")
        return True
    print(f"{name}: installing into {TARGET.name}/{name}", flush=True)
    folder = TARGET / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(exist_ok=True)
    if not run(name, [sys.executable, "-m", "venv", str(folder)]):
        return False
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    pip += ["--disable-pip-version-check", "--no-input"]
    if name in NEEDS_TORCH and not torch(name, pip):
        return False
    if not run(name, [*pip, "--no-deps", "-r", str(LISTS / f"{name}.txt")]):
        return False
    (folder / STAMP).write_text(digest(name))
    return True


def torch(name: str, pip: list[str]) -> bool:
    """The CPU build where pip's settings know one, else what the index has, with what it needs."""
    cpu = subprocess.run(
        [*pip, "--no-deps", f"torch=={TORCH}+cpu"], capture_output=True, text=True, check=False
    )
    return cpu.returncode == 0 or run(name, [*pip, f"torch=={TORCH}"])


def run(name: str, command: list[str]) -> bool:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}: failed", *done.stderr.strip().splitlines()[-5:], sep="\n  ")
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("install", "list"))
    parser.add_argument("names", nargs="*", help=f"of {', '.join(names())} (default: all)")
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.names) - set(names()))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(names())}")
    sound = True
    for name in chosen.names or names():
        if chosen.what == "list":
            print(f"{name}: {'there' if made(name) else 'missing or out of date'}")
        else:
            sound = install(name) and sound
    engine = ROOT / ".venv-vllm" / "bin" / "python"
    print(f"vllm: {'there' if engine.exists() else 'missing'} (the engine itself: make engines)")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
