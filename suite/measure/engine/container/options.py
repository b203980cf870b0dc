"""From the plan to the arguments of ``docker create``: pure, and at its strictest unless the plan says why not."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, TypedDict

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError
from suite.declare.plan.docker_text import DEFAULT_ENV, DEFAULT_TMPFS
from suite.documents.document import given
from suite.measure.engine.command import with_pre_commands

if TYPE_CHECKING:
    import docker.types

    from suite.documents.engine import Container, Engine

LABEL_RUN = "llm-conformance.run"
LABEL_OWNER = "llm-conformance.owner"
# An address that is nobody's (RFC 5737): names of the outside world must not be asked for through the engine.
NOWHERE_DNS = "192.0.2.53"
LOG_MAX_SIZE = "256m"


class CreateOptions(TypedDict, total=False):
    """Keyword arguments of ``docker.containers.create`` that depend on the plan, and on how the Docker engine is reached."""

    command: list[str]
    entrypoint: list[str]
    environment: list[str]
    cap_drop: list[str]
    cap_add: list[str]
    security_opt: list[str]
    read_only: bool
    tmpfs: dict[str, str]
    mem_limit: str
    memswap_limit: str
    pids_limit: int
    shm_size: str
    ipc_mode: str
    runtime: str
    devices: list[str]
    group_add: list[str]
    privileged: bool
    user: str
    dns: list[str]
    dns_opt: list[str]
    network: str
    network_mode: str
    networking_config: dict[str, docker.types.EndpointConfig]
    ports: dict[str, int | list[int] | tuple[str, int] | None]


def container_of(engine: Engine) -> Container:
    """The plan's container part.

    Raises:
        SetupError: ``container-undeclared``; ``privileged-without-reason``; ``wrapper-unsupported``.
    """
    container = engine.container
    if container is None or engine.image is None:
        raise SetupError(
            "container-undeclared",
            Sentence(
                f"{engine.title} is not declared to run in a container",
                f"{engine.title} 未声明可在容器中运行",
            ),
        )
    if container.privileged and not container.privileged_reason:
        raise SetupError(
            "privileged-without-reason",
            Sentence(
                "the container is to run with --privileged and the declaration gives no reason",
                "容器要以 --privileged 运行，而声明没有说明原因",
            ),
            hint=Sentence(
                "declare privileged_reason, or better: the devices and capabilities that are needed",
                "请声明 privileged_reason，或最好声明所需的设备与能力",
            ),
        )
    if container.wrapper:
        raise SetupError(
            "wrapper-unsupported",
            Sentence(
                f"this vendor's containers are started by {container.wrapper}, not by Docker itself",
                f"此厂商的容器由 {container.wrapper} 启动，而不是由 Docker 自身",
            ),
            hint=Sentence(
                "start the engine with the command that `suite plan` prints and run with --url",
                "请以 `suite plan` 所示的命令启动引擎，并以 --url 运行",
            ),
        )
    return container


def create_options(engine: Engine, *, built_here: bool, user: str | None = None) -> CreateOptions:
    """Arguments for the container.

    All capabilities are dropped, privileges cannot be gained, the file system is read-only but for memory
    file systems, memory (without swap) and the number of processes are limited as the plan says.

    Args:
        engine: of the plan.
        built_here: the image is one of ours; it then runs as the suite's own user, who can read the model.
        user: ``uid:gid`` for our images; None takes this process's own.

    Raises:
        SetupError: as `container_of`.
    """
    container = container_of(engine)
    options = CreateOptions(
        command=with_pre_commands(engine.pre_commands, engine.command),
        environment=_variables(engine),
        cap_drop=["ALL"],
        cap_add=list(container.capabilities_add),
        security_opt=["no-new-privileges:true", *container.security_opt],
        read_only=given(container.read_only_root, True),
        tmpfs={**DEFAULT_TMPFS, **container.tmpfs},
        pids_limit=container.pids,
        devices=list(container.devices),
        group_add=list(container.groups),
    )
    if container.network == "isolated":
        options["dns"] = [NOWHERE_DNS]
        options["dns_opt"] = ["timeout:1", "attempts:1"]
    if container.memory:
        options["mem_limit"] = options["memswap_limit"] = container.memory
    if container.shm_size:
        options["shm_size"] = container.shm_size
    if container.ipc:
        options["ipc_mode"] = container.ipc
    if container.runtime:
        options["runtime"] = container.runtime
    if container.entrypoint is not None:
        options["entrypoint"] = list(container.entrypoint)
    if container.privileged:
        options["privileged"] = True
        # Docker refuses the two together with --privileged, or ignores them silently.
        options["cap_drop"] = []
        options["security_opt"] = list(container.security_opt)
    if container.user:
        options["user"] = container.user
    elif built_here:
        options["user"] = user or f"{os.getuid()}:{os.getgid()}"
    return options


def gpu_request(gpus: str) -> tuple[int, list[str]]:
    """Read a ``--gpus`` value: (count, device ids); count is -1 for all and 0 when ids are given.

    Raises:
        SetupError: ``gpus-unreadable``.
    """
    text = gpus.strip().strip('"')
    if text == "all":
        return -1, []
    if re.fullmatch(r"[0-9]+", text):
        return int(text), []
    match = re.fullmatch(r"\"?device=([A-Za-z0-9,\-]+)\"?", text)
    if match is None:
        raise SetupError(
            "gpus-unreadable",
            Sentence(
                f"--gpus {gpus!r} is none of all, a number, device=<ids>",
                f"--gpus {gpus!r} 不是 all、数字或 device=<ids>",
            ),
        )
    return 0, match.group(1).split(",")


def _variables(engine: Engine) -> list[str]:
    """The plan's variables, and those that every container has."""
    variables = {**DEFAULT_ENV, **engine.env}
    kept = [f"{name}={value}" for name, value in variables.items() if name not in engine.unset_env]
    # A name without "=" takes a variable of the image away; an empty value would not.
    return [*kept, *engine.unset_env]
