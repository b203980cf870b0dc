"""How the host reaches the server in a container, and nothing else does.

Three ways, recorded as the fact ``container.network``: ``isolated`` (an internal bridge, no way out),
``published`` (a port on the host's loopback address; the bridge then has a way out, which Docker Desktop,
rootless and remote engines leave no choice about), ``host`` (the host's own network, if declared).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec.structs import replace

from suite.base.bilingual import Sentence
from suite.base.errors import EngineError
from suite.measure.engine.command import listen_on
from suite.measure.engine.container.api import is_rootless
from suite.measure.engine.container.inspection import inspected
from suite.measure.engine.container.options import container_of
from suite.measure.engine.served import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from docker import DockerClient
    from docker.models.containers import Container

    from suite.documents.engine import Engine


NetworkKind: TypeAlias = Literal["isolated", "published", "host"]
ADDRESS_WAIT_S = 10.0


def own_port(engine: Engine) -> Engine:
    """The engine with a port that is free, where it shares the host's; else as it is."""
    if container_of(engine).network != "host":
        return engine
    port = free_port()
    return replace(engine, command=tuple(listen_on(engine.command, port)), port=port)


def kind(client: DockerClient, engine: Engine) -> NetworkKind:
    """Which of the three ways fits the plan and this Docker engine."""
    if container_of(engine).network == "host":
        return "host"
    return "isolated" if host_reaches_containers(client) else "published"


def host_reaches_containers(client: DockerClient) -> bool:
    """Whether the engine's bridges are on this machine: a local engine of a Linux system, not rootless."""
    local = str(client.api.base_url).startswith("http+docker://")
    info = client.info()
    return local and not is_rootless(info) and info.get("OperatingSystem") != "Docker Desktop"


def address(container: Container, engine: Engine, *, alive: Callable[[], bool]) -> str:
    """Where the host reaches the server of a container that was started.

    Raises:
        EngineError: ``engine-start-failed``: it got no address.
    """
    port = engine.port
    deadline = time.monotonic() + ADDRESS_WAIT_S
    while time.monotonic() < deadline:
        container.reload()
        host = _address(container, port)
        if host is not None:
            return host
        if not alive():
            # The readiness check finds out and quotes the log; any address will do for it.
            return f"http://127.0.0.1:{port}"
        time.sleep(0.05)
    raise EngineError(
        "engine-start-failed",
        Sentence("the Docker engine gave the container no address", "Docker 引擎没有给容器地址"),
    )


def _address(container: Container, port: int) -> str | None:
    answer = inspected(container)
    mode, settings = answer.host_config.network_mode or "", answer.network_settings
    if mode == "host":
        return f"http://127.0.0.1:{port}"
    if answer.host_config.publishes:
        published = (settings.ports or {}).get(f"{port}/tcp")
        return f"http://127.0.0.1:{published[0].host_port}" if published else None
    # Docker's network mode is the network's name; Podman's is "bridge". Its network is called as the container is.
    networks = settings.networks or {}
    network = networks.get(mode) or networks.get(container.name or "")
    return f"http://{network.address}:{port}" if network and network.address else None
