"""What the Docker engine says about the container that runs: not what was asked for, but what it got."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import requests.exceptions
from docker import errors

from suite.base.bilingual import Sentence
from suite.measure.engine import facts as about
from suite.measure.engine.container.inspection import inspected
from suite.measure.engine.container.proxies import left_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docker.models.containers import Container

    from suite.documents.engine import Engine
    from suite.measure.engine.container.image import FoundImage
    from suite.measure.engine.container.inspection import HostConfig
    from suite.measure.engine.container.network import NetworkKind
    from suite.measure.engine.served import Facts


LOG_WAIT_S = 5.0


def container_facts(
    container: Container,
    engine: Engine,
    image: FoundImage,
    base_url: str,
    log: Path,
    *,
    own: set[str],
) -> Facts:
    """Facts about a running container, its image and its engine, by dotted name.

    Args:
        container: that runs.
        engine: of the plan.
        image: that it was given.
        base_url: of its server.
        log: what it printed.
        own: takes the id of the command that is run in it for its versions.
    """
    container.reload()
    answer = inspected(container)
    host = answer.host_config
    facts: Facts = {
        **image.facts,
        "image.running_id": answer.image,
        **about.http_facts(base_url),
        **about.version_facts(_versions(container, engine.command, own)),
        # Last, because the log is copied by a thread, which the question before gives time.
        **about.log_facts(_started_log(log)),
        "engine.command": shlex.join(engine.command),
        "engine.runtime": "container",
        "container.privileged": bool(host.privileged),
        "container.read_only_root": bool(host.readonly_rootfs),
        "container.capabilities_dropped": ",".join(host.cap_drop or []),
        "container.capabilities_added": ",".join(host.cap_add or []),
        "container.security_options": ",".join(host.security_opt or []),
        "container.memory_bytes": host.memory or 0,
        "container.pids_limit": host.pids_limit or 0,
        "container.user": answer.config.user or "",
        "container.network": _network(host),
    }
    if proxies := left_out():
        facts["container.proxies"] = proxies
    return about.with_version(facts, engine.id)


def _started_log(log: Path) -> Path:
    """The log once something stands in it: Podman hands it out a second or two late."""
    deadline = time.monotonic() + LOG_WAIT_S
    while time.monotonic() < deadline and log.stat().st_size == 0:
        time.sleep(0.05)
    return log


def _network(host: HostConfig) -> NetworkKind:
    if host.network_mode == "host":
        return "host"
    return "published" if host.publishes else "isolated"


def run_inside(
    container: Container, command: Sequence[str], own: set[str]
) -> tuple[int, bytes, bytes]:
    """Run a program in a container: its exit status, output and errors.

    Args:
        container: where.
        command: its words.
        own: takes the id by which the Docker engine's events name it.
    """
    client = container.client
    assert client is not None  # it was created by one
    made = client.api.exec_create(container.id, list(command), environment={"LC_ALL": "C"})
    own.add(made["Id"])
    output, errors = client.api.exec_start(made["Id"], demux=True)
    return client.api.exec_inspect(made["Id"])["ExitCode"] or 0, output or b"", errors or b""


def _versions(container: Container, command: Sequence[str], own: set[str]) -> bytes | str:
    interpreter = command[0] if "python" in Path(command[0]).name else "python3"
    words = [interpreter, "-c", about.VERSIONS_SCRIPT]
    try:
        status, output, _ = run_inside(container, words, own)
    except (errors.DockerException, requests.exceptions.RequestException) as error:
        return Sentence(
            f"the container could not be asked: {type(error).__name__}",
            f"无法查询容器：{type(error).__name__}",
        )
    if status != 0:
        return Sentence(
            f"{interpreter} in the container ended with status {status}",
            f"容器中的 {interpreter} 以状态 {status} 结束",
        )
    return output
