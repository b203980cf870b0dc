"""Whole runs of the command line in processes of their own, and what they leave behind."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from suite.judge.attest import keyfiles

ROOT = Path(__file__).resolve().parents[2]
ENDPOINTS = ("DOCKER_HOST", "SUITE_KEY")
PR_SET_CHILD_SUBREAPER = 36
WAIT_S = 300
"""Longest wait for something that takes a fraction of a second; no test measures it."""

_PROFILE = """\
profile_schema: 1
name: {name}
title: {{en: "Tiny", zh: "微型"}}
purpose: A few requests of every kind of load.
division: {division}
seed: 1
taskset: {{set: mini, size: {size}}}
prompt: closed-v1
decoding: {{max_new_tokens: 64, min_new_tokens: 0, temperature: 0, top_p: 1, seed: 0, ignore_eos: false, stop: []}}
max_input_tokens: null
repeats: 1
phases:
{phases}
objectives: {{ttft_ms: 2000, tpot_ms: 100, e2e_ms: null}}
quality: {{rouge_ratio_min: 0.99, length_ratio_min: 0.9, rouge1_floor: 0.15, rouge2_floor: 0.012,
  rouge1_ceiling: 1, rouge2_ceiling: 1}}
"""
_PHASES = """\
  - {{name: single-stream, scenario: single_stream, tasks: {tasks}, first_task: 0, warmup: 1, concurrency: 1,
     arrivals: null, timeout_s: 60, failure_bound: 0.01, lateness_bound_ms: null}}
  - {{name: server, scenario: server, tasks: {tasks}, first_task: 0, warmup: 0, concurrency: null,
     arrivals: {{process: poisson, rate: {rate}, seed: 1, shape: null}}, timeout_s: 60, failure_bound: 0.01,
     lateness_bound_ms: 1000}}"""


class NoProgress:
    """Progress that nobody watches."""

    def line(self, *_args):
        pass

    def step(self, *_args, **_kwargs):
        pass

    def requests(self, *_args):
        pass


def profile(directory: Path, *, size: int = 6, tasks: int = 6, rate: float = 20) -> Path:
    """A profile file of a few requests."""
    path = directory / "tiny.yaml"
    return write_profile(path, _PHASES.format(tasks=tasks, rate=rate), size=size)


def write_profile(path: Path, phases: str, *, size: int, division: str = "closed") -> Path:
    """A profile file of these phases, each a line of YAML, named after its file."""
    text = _PROFILE.format(name=path.stem, size=size, division=division, phases=phases)
    path.write_text(text, "utf-8")
    return path


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "suite", *map(str, words)]


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ENDPOINTS}
    if "DOCKER_HOST" in os.environ:
        kept["DOCKER_HOST"] = os.environ["DOCKER_HOST"]
    return {**kept, **changes}


def suite(*words: object, timeout: float = 600, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command(*words),
        cwd=ROOT,
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash to its end."""
    return subprocess.run(
        ["bash", "-c", line],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def start(*words: object, **changes: str) -> subprocess.Popen[str]:
    """Start a command; its standard error comes in one piece with `end`."""
    return subprocess.Popen(
        command(*words),
        cwd=ROOT,
        env=environment(**changes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(
    process: subprocess.Popen[str], number: int | None, timeout: float = 600
) -> tuple[int, str]:
    """Send a signal, wait, and return status and standard error."""
    if number is not None:
        process.send_signal(number)
    try:
        _, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        raise
    return process.returncode, errors


def wait_for(what: str, holds, process: subprocess.Popen[str], timeout: float = WAIT_S) -> None:
    """Wait until something holds while the process runs."""
    deadline = time.monotonic() + timeout
    while not holds():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            _, errors = process.communicate()
            raise AssertionError(f"{what} did not come (status {process.returncode}):\n{errors}")
        time.sleep(0.01)


def events(directory: Path) -> list[dict]:
    """The lines of the event log that are whole."""
    try:
        data = (directory / "events.jsonl").read_bytes()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


def requests(directory: Path, *, measured: bool = True) -> list[dict]:
    return [e for e in events(directory) if e["type"] == "request" and e["measured"] == measured]


def footer(directory: Path) -> dict:
    last = events(directory)[-1]
    assert last["type"] == "footer", last
    return last


def adopt(on: bool) -> None:
    """Become the parent of whatever a child leaves behind, so that it can be found."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def bytes_read() -> int:
    """Bytes that this process has read so far, by the kernel's count."""
    return int(Path("/proc/self/io").read_text().split()[1])


def children() -> set[int]:
    """Processes of which this one is the parent, by adoption too; what has ended is not counted."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            found |= {int(word) for word in (task / "children").read_text().split()}
        except OSError:
            continue
    return {number for number in found if _state(number) not in ("", "Z")}


def children_of(parent: int) -> list[int]:
    """The processes that a process started, but not theirs."""
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def listening(parent: int) -> bool:
    """Whether a scripted server that a process started listens."""
    for child in children_of(parent):
        words = name_of(child).split()
        if "--ready" in words and Path(words[words.index("--ready") + 1]).exists():
            return True
    return False


def _state(number: int) -> str:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def name_of(number: int) -> str:
    try:
        return Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def key(path: Path) -> Path:
    """A signing key at that path, made on the first call."""
    if not path.exists():
        keyfiles.generate(path)
    return path
