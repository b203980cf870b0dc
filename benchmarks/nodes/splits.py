"""Whole runs: one container, and two by each split; signed, verified, their texts held against those of one container."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from suite import evidence
from tests.factories import runs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPLITS = {
    "one": (),
    "tensor": ("--nodes", "2", "--tensor-parallel", "2"),
    "pipeline": ("--nodes", "2", "--pipeline-parallel", "2", "--tensor-parallel", "1"),
    "agents": ("--nodes", "2", "--tensor-parallel", "2"),
    "data": ("--nodes", "2", "--data-parallel", "2", "--tensor-parallel", "1"),
}
TASKS = 48
PHASES = """\
  - {name: single-stream, scenario: single_stream, tasks: 16, first_task: 0, warmup: 2, concurrency: 1, arrivals: null,
     timeout_s: 300, failure_bound: 0.01, lateness_bound_ms: null}
  - {name: offline, scenario: offline, tasks: null, first_task: 0, warmup: 8, concurrency: null, arrivals: null,
     timeout_s: 1200, failure_bound: 0.01, lateness_bound_ms: null}"""


def command(directory: Path, split: str, out: Path, *more: object) -> list[str]:
    """A run of vLLM by a split."""
    profile = runs.write_profile(directory / "nodes.yaml", PHASES, size=TASKS, division="open")
    words = (
        "run",
        "--vendor",
        "cpu",
        "--engine",
        "vllm",
        "--runtime",
        "container",
        "--dtype",
        "bfloat16",
    )
    words += (
        "--profile",
        profile,
        "--out",
        out,
        "--quiet",
        "--key",
        runs.key(directory / "key.pem"),
    )
    return runs.command(*words, *SPLITS[split], *more)


def main(directory: Path, split: str) -> None:
    """Run, verify and tell."""
    out = directory / split
    begun = time.monotonic()
    with contextlib.ExitStack() as agents:
        words: tuple[object, ...] = ()
        if split == "agents":
            places = [agents.enter_context(agent(directory, "[::1]:0")) for _ in range(2)]
            words = tuple(word for place in places for word in ("--node", place))
            words += ("--node-token", directory / "token")
        ran = subprocess.run(
            command(directory, split, out, *words), stdout=subprocess.DEVNULL, check=False
        ).returncode
    took = time.monotonic() - begun
    if not (out / "scorecard.json").exists():
        sys.exit(f"{split}: no card, exit status {ran}")
    verified = subprocess.run(
        runs.command("verify", out), stdout=subprocess.DEVNULL, check=False
    ).returncode
    left = evidence.read(out)
    at = {mark.name: mark.t for mark in left.marks}
    texts = _texts(left)
    sent = [r for r in left.requests if r.phase == "offline" and r.measured]
    seconds = (max(r.t_end for r in sent) - min(r.t_send for r in sent)) / 1e9
    ready = (at["engine.healthy"] - at["engine.start"]) / 1e9
    print(
        f"{split}: run {ran}, verify {verified}, {took:.0f} s in all, ready after {ready:.0f} s, "
        f"{len(sent) / seconds:.2f} answers/s offline, {_alike(directory, texts)}",
        flush=True,
    )


@contextlib.contextmanager
def agent(directory: Path, listen: str = "127.0.0.1:0", **changes: str) -> Iterator[str]:
    """An agent as a program, and where it listens."""
    (directory / "token").write_text("0123456789abcdef0123456789abcdef")
    words = ("agent", "--listen", listen, "--node-token", directory / "token")
    env = {**os.environ, **changes}
    with subprocess.Popen(
        runs.command(*words), stdout=subprocess.PIPE, text=True, env=env
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[2].rstrip(",")
        finally:
            process.kill()


def _texts(left: evidence.Evidence) -> dict[str, str]:
    return {r.task: r.text for r in left.requests if r.phase == "offline" and r.measured}


def _alike(directory: Path, texts: dict[str, str]) -> str:
    if not (directory / "one" / "events.jsonl").exists():
        return "no run of one container to hold the texts against"
    whole = _texts(evidence.read(directory / "one"))
    same = sum(texts.get(task) == text for task, text in whole.items())
    return f"same text as one container {same} of {len(whole)}"
