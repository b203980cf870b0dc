"""Create the engine's container and the network that it hangs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import docker.types

from suite.documents.engine import Engine, Mount
from suite.measure.engine.container import network, orphans
from suite.measure.engine.container.api import start_translated
from suite.measure.engine.container.mounts import bound
from suite.measure.engine.container.options import (
    LABEL_OWNER,
    LABEL_RUN,
    LOG_MAX_SIZE,
    CreateOptions,
    container_of,
    create_options,
    gpu_request,
)

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

    from suite.measure.engine.compilecache import CompileCache
    from suite.measure.engine.container.image import FoundImage


def create(
    client: DockerClient,
    engine: Engine,
    image: FoundImage,
    *,
    name: str,
    run: str,
    with_server: bool,
    compiled: CompileCache | None = None,
    joined: tuple[str, str] | None = None,
) -> Container:
    """Create container and network, both named `name` and labelled with their run and owner.

    Args:
        client: of the Docker engine.
        engine: of the plan.
        image: to run.
        name: of container and network.
        run: what to label them with.
        with_server: something in it listens on the engine's port; else it needs no way in either.
        compiled: directory for what the engine compiles; mounted writable.
        joined: a network that is there and the container's address on it, in place of one of its own.

    Returns:
        The container, not started.

    Raises:
        SetupError: as `create_options`.
        EngineError: ``engine-start-failed``.
    """
    declared = container_of(engine)
    options = create_options(engine, built_here=image.built_here)
    mounts = list(declared.mounts)
    if compiled is not None:
        target = compiled.declared.target
        mounts.append(Mount(source=str(compiled.directory), target=target, read_only=False))
        variables = compiled.variables(target).items()
        options["environment"] += [f"{variable}={value}" for variable, value in variables]
    labels = {LABEL_RUN: run, LABEL_OWNER: orphans.owner()}
    options |= (
        _network(client, engine, name, labels, with_server=with_server)
        if joined is None
        else _joined(client, *joined)
    )
    with start_translated():
        return client.containers.create(
            image.id,
            name=name,
            labels=labels,
            detach=True,
            mounts=[_mount(part) for mount in mounts for part in bound(mount)],
            ulimits=[
                docker.types.Ulimit(name=limit, soft=value, hard=value)
                for limit, value in declared.ulimits.items()
            ],
            device_requests=_device_requests(declared.gpus),
            log_config=docker.types.LogConfig(
                type=docker.types.LogConfig.types.JSON, config={"max-size": LOG_MAX_SIZE}
            ),
            # The image's own check would run commands in it beside the measurement; readiness is asked over HTTP.
            healthcheck={"test": ["NONE"]},
            # What the user's Docker configuration would add to its environment is in no plan.
            use_config_proxy=False,
            **options,
        )


def _network(
    client: DockerClient, engine: Engine, name: str, labels: dict[str, str], *, with_server: bool
) -> CreateOptions:
    """Create the network where the container needs one of its own; the options by which it hangs on it."""
    kind = network.kind(client, engine)
    if kind == "host":
        return {"network_mode": "host"}
    published = kind == "published" and with_server
    with start_translated():
        client.networks.create(name, driver="bridge", internal=not published, labels=labels)
    if not published:
        return {"network": name}
    return {
        "network": name,
        "ports": {f"{engine.port}/tcp": ("127.0.0.1", 0)},
    }  # 0: one that is free


def _joined(client: DockerClient, network: str, address: str) -> CreateOptions:
    """The options by which a container hangs on a network with a fixed address."""
    endpoint = client.api.create_endpoint_config(ipv4_address=address)
    return {"network": network, "networking_config": {network: endpoint}}


def _mount(mount: Mount) -> docker.types.Mount:
    return docker.types.Mount(
        target=mount.target,
        source=mount.source,
        type="bind",
        read_only=mount.read_only,
    )


def _device_requests(gpus: str | None) -> list[docker.types.DeviceRequest]:
    if not gpus:
        return []
    count, ids = gpu_request(gpus)
    return [docker.types.DeviceRequest(count=count, device_ids=ids, capabilities=[["gpu"]])]
