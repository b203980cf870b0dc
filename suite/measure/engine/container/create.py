"""Create the engine's container and the network that it hangs on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import docker.types

from suite.measure.engine.command import listen_on
from suite.measure.engine.container import orphans
from suite.measure.engine.container.api import start_translated
from suite.measure.engine.container.options import (
    LABEL_OWNER,
    LABEL_RUN,
    LOG_MAX_SIZE,
    container_of,
    create_options,
    gpu_request,
)
from suite.measure.engine.served import free_port

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

    from suite.declare.plandoc import EngineDoc
    from suite.measure.engine.container.image import FoundImage


def create(
    client: DockerClient, engine: EngineDoc, image: FoundImage, name: str, run: str
) -> tuple[Container, int]:
    """Create container and network, both named `name` and labelled with their run and owner.

    Returns:
        The container, not started, and the port that its server will listen on.

    Raises:
        SetupError: as `create_options`.
        EngineError: ``engine-start-failed``.
    """
    declared = container_of(engine)
    options = create_options(engine, built_here=image.built_here)
    labels = {LABEL_RUN: run, LABEL_OWNER: orphans.owner()}
    port = engine["port"]
    if declared["network"] == "isolated":
        with start_translated():
            client.networks.create(name, driver="bridge", internal=True, labels=labels)
        options["network"] = name
    else:
        # On the host's network the port must be free there.
        port = free_port()
        options["command"] = listen_on(options["command"], "127.0.0.1", port)
        options["network_mode"] = "host"
    accelerators = []
    if declared["gpus"]:
        count, ids = gpu_request(declared["gpus"])
        request = docker.types.DeviceRequest(count=count, device_ids=ids, capabilities=[["gpu"]])
        accelerators.append(request)
    with start_translated():
        container = client.containers.create(
            image.id,
            name=name,
            labels=labels,
            detach=True,
            mounts=[
                docker.types.Mount(
                    target=mount["target"],
                    source=str(Path(mount["source"]).resolve()),
                    type="bind",
                    read_only=mount["read_only"],
                )
                for mount in declared["mounts"]
            ],
            ulimits=[
                docker.types.Ulimit(name=limit, soft=value, hard=value)
                for limit, value in declared["ulimits"].items()
            ],
            device_requests=accelerators,
            log_config=docker.types.LogConfig(
                type=docker.types.LogConfig.types.JSON, config={"max-size": LOG_MAX_SIZE}
            ),
            **options,
        )
    return container, port
