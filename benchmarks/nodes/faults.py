"""A node lost in the middle of a run, or wrong from its start: the code, and the seconds to it and to the last container's end."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import docker

from benchmarks.nodes.splits import agent, command
from suite import evidence
from suite.measure.engine.container.options import LABEL_RUN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.models.containers import Container

IMAGE = "llm-conformance/cpu-vllm"
FREEZE_S = 10.0
ANSWERS = 4
"""Requests that are over when the fault comes."""
WAIT_S = 300


def _cut(container: Container) -> None:
    (name,) = container.attrs["NetworkSettings"]["Networks"]
    docker.from_env().networks.get(name).disconnect(container)


def _pause(container: Container) -> None:
    """Again where the kernel could not freeze it at once, as it sometimes cannot what computes."""
    end = time.monotonic() + FREEZE_S
    while True:
        try:
            container.pause()
        except docker.errors.APIError:
            if time.monotonic() > end:
                raise
        else:
            return


FAULTS = {
    "follower-killed": ("node-died", 1, lambda container: container.kill()),
    "follower-paused": ("node-paused", 1, _pause),
    "head-killed": ("node-died", 0, lambda container: container.kill()),
    "link-cut": ("node-unlinked", 1, _cut),
}
NAMES = (
    *(f"{split}/{fault}" for split in ("tensor", "pipeline", "data") for fault in FAULTS),
    "absent",
    "other-image",
)


def main(directory: Path, name: str) -> None:
    """Do one to a run, and tell."""
    if name == "absent":
        with agent(directory) as here:
            _refused(directory, name, "node-absent", here, "127.0.0.1:9")
    elif name == "other-image":
        with agent(directory) as here, _strange_agent(directory) as there:
            _refused(directory, name, "node-image-differs", here, there)
    else:
        _broken(directory, *name.split("/"))


def _broken(directory: Path, split: str, fault: str) -> None:
    code, number, act = FAULTS[fault]
    out = directory / f"{split}-{fault}"
    log = out / "events.jsonl"
    with subprocess.Popen(
        command(directory, split, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        _until(lambda: log.exists() and log.read_text().count('"type":"request"') >= ANSWERS, run)
        containers = _containers(out.name)
        act(containers[number])
        at = time.monotonic_ns()
        run.wait(WAIT_S)
    ended = time.monotonic_ns()
    left = evidence.read(out)
    assert left.footer is not None
    stopped = (
        next(mark.t for mark in left.marks if mark.name == "engine.stop")
        + left.header.clock_zero_ns
    )
    seen = left.footer.error.code if left.footer.error else "none"
    kept = sum(request.outcome == "ok" for request in left.requests)
    print(
        f"{split}/{fault}: {seen} after {(stopped - at) / 1e9:.1f} s, the run over after {(ended - at) / 1e9:.1f} s, "
        f"containers left {len(_containers(out.name))}, answers kept {kept}",
        flush=True,
    )
    if seen != code:
        sys.exit(f"it should have been {code}")


def _until(reached: object, run: subprocess.Popen[bytes]) -> None:
    while not reached():
        if run.poll() is not None:
            sys.exit(f"the run ended with {run.returncode} before the fault")
        time.sleep(0.05)


def _containers(run: str) -> list[Container]:
    """Of a run, the head first."""
    found = docker.from_env().containers.list(all=True, filters={"label": f"{LABEL_RUN}={run}"})
    return sorted(found, key=lambda container: "--headless" in container.attrs["Config"]["Cmd"])


def _refused(directory: Path, name: str, code: str, *where: str) -> None:
    words = [word for place in where for word in ("--node", place)]
    begun = time.monotonic()
    out = directory / name
    done = subprocess.run(
        command(directory, "tensor", out, *words, "--node-token", directory / "token"),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    took = time.monotonic() - begun
    print(
        f"{name}: run {done.returncode} after {took:.1f} s from its call, containers left {len(_containers(out.name))}",
        flush=True,
    )
    if f"error[{code}]" not in done.stderr:
        sys.exit(f"it should have been {code}: {done.stderr}")


@contextlib.contextmanager
def _strange_agent(directory: Path) -> Iterator[str]:
    """An agent with a Docker engine of its own, in which another image has the name; its socket's path must be short."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="d") as place:
        host = f"unix://{place}/s"
        files = [f"--{name}={place}/{name}" for name in ("data-root", "exec-root", "pidfile")]
        # In a network of its own: an engine without a bridge takes away the machine's docker0 when it starts.
        engine = [
            "unshare",
            "--net",
            "dockerd",
            f"--host={host}",
            *files,
            "--bridge=none",
            "--iptables=false",
        ]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(engine, **quiet) as it:
            try:
                while subprocess.run(
                    ["docker", "--host", host, "version"], **quiet, check=False
                ).returncode:
                    assert it.poll() is None
                    time.sleep(0.2)
                context = Path(place) / "image"  # not beside what the engine writes
                context.mkdir()
                (context / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /other\n")
                for name in _names():
                    build = ["docker", "--host", host, "build", "--tag", name, str(context)]
                    subprocess.run(build, capture_output=True, check=True)
                with agent(directory, DOCKER_HOST=host) as where:
                    yield where
            finally:
                it.terminate()


def _names() -> list[str]:
    """Names that the image has here."""
    return [
        tag
        for image in docker.from_env().images.list()
        for tag in image.tags
        if tag.startswith(IMAGE)
    ]
