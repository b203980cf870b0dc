"""What the Docker engine says of a container or an image: the members that the suite reads. Podman leaves some out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import field

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError

if TYPE_CHECKING:
    from docker.models.containers import Container
    from docker.models.images import Image


class _Answer(msgspec.Struct, frozen=True, rename="pascal"):
    """Part of an answer; members that are not named here are left aside."""


class State(_Answer, frozen=True):
    """Whether it runs, and how it ended."""

    running: bool | None = None
    paused: bool | None = None
    pid: int | None = None
    exit_code: int | None = None
    error: str | None = None
    oom_killed: bool | None = field(default=None, name="OOMKilled")


class HostConfig(_Answer, frozen=True):
    """What it was given of its host. Podman lists ports that are only exposed as well, as null."""

    network_mode: str | None = None
    privileged: bool | None = None
    readonly_rootfs: bool | None = None
    cap_drop: list[str] | None = None
    cap_add: list[str] | None = None
    security_opt: list[str] | None = None
    memory: int | None = None
    pids_limit: int | None = None
    port_bindings: dict[str, list[object] | None] | None = None

    @property
    def publishes(self) -> bool:
        """Whether it publishes a port."""
        return any((self.port_bindings or {}).values())


class Config(_Answer, frozen=True):
    """How it was created."""

    user: str | None = None
    cmd: list[str] | None = None


class PublishedPort(_Answer, frozen=True):
    """Where a port is reached on the host."""

    host_port: str


class Network(_Answer, frozen=True):
    """What it has on a network."""

    address: str | None = field(default=None, name="IPAddress")


class NetworkSettings(_Answer, frozen=True):
    """Its networks by name, and its ports by number and protocol."""

    ports: dict[str, list[PublishedPort] | None] | None = None
    networks: dict[str, Network] | None = None


class Inspection(_Answer, frozen=True):
    """The whole answer."""

    state: State
    host_config: HostConfig
    config: Config
    network_settings: NetworkSettings
    image: str = ""


class Layers(_Answer, frozen=True):
    """What an image is made of."""

    layers: list[str] | None = None


class ImageInspection(_Answer, frozen=True):
    """The whole answer about an image."""

    repo_digests: list[str] | None = None
    size: int | None = None
    created: str | None = None
    os: str | None = None
    architecture: str | None = None
    root_fs: Layers | None = field(default=None, name="RootFS")


def inspected_image(image: Image) -> ImageInspection:
    """What was answered when the image was looked up."""
    return msgspec.convert(image.attrs, ImageInspection)


def inspected(container: Container) -> Inspection:
    """What was answered when the container was last asked about (`reload`).

    Raises:
        SetupError: ``docker-failed``: an answer of another form.
    """
    try:
        return msgspec.convert(container.attrs, Inspection)
    except msgspec.ValidationError as cause:
        raise SetupError(
            "docker-failed",
            Sentence(
                f"the Docker engine's answer about a container has another form: {cause}",
                f"Docker 引擎关于容器的应答形式不符：{cause}",
            ),
        ) from cause
