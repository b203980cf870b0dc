"""Images of this machine's engine and of registries: asked for by name, pulled, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docker import errors

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError
from suite.measure.engine.container.api import explain
from suite.measure.engine.container.build import (
    disk_full,
    no_space,
)
from suite.measure.engine.container.inspection import inspected_image
from suite.measure.engine.facts import clean

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

    from suite.measure.engine.served import Progress


def get(client: DockerClient, reference: str) -> Image | None:
    """The image of that name on this machine; None where there is none."""
    try:
        return client.images.get(reference)
    except errors.ImageNotFound:
        return None


def layers(image: Image) -> tuple[str, ...]:
    """The digests of its layers, the lowest first."""
    parts = inspected_image(image).root_fs
    return () if parts is None else tuple(parts.layers or ())


def pull(client: DockerClient, name: str, visibility: str, on_progress: Progress) -> None:
    """Pull an image from its registry.

    Raises:
        SetupError: ``image-unavailable``, ``docker-disk-full``.
    """
    on_progress(Sentence(f"pulling {name}", f"拉取 {name}"))
    hint = {
        "login": Sentence(
            "docker login to its registry first", "请先以 docker login 登录其镜像仓库"
        ),
        "intranet": Sentence(
            "its registry is reachable from the vendor's network only",
            "其镜像仓库只能从厂商的网络访问",
        ),
        "local": Sentence(
            "the vendor hands it out as a file: docker load it first",
            "厂商以文件形式提供：请先以 docker load 载入",
        ),
    }.get(
        visibility,
        Sentence(
            "is the registry reachable? an image can also be brought with docker save and load",
            "镜像仓库是否可达？也可以 docker save 与 docker load 带来镜像",
        ),
    )
    try:
        for line in client.api.pull(name, stream=True, decode=True):
            if no_space(line):
                raise disk_full(
                    Sentence(
                        f"pulling {name}: no space left on the Docker engine's disk",
                        f"拉取 {name}：Docker 引擎的磁盘空间不足",
                    )
                )
            if "error" in line:
                raise SetupError(
                    "image-unavailable", f"{name}: {clean(str(line['error']))}", hint=hint
                )
            on_progress(
                Sentence(
                    f"pulling {name}: {clean(str(line.get('status', '')))}",
                    f"拉取 {name}：{clean(str(line.get('status', '')))}",
                )
            )
    except errors.APIError as error:
        raise SetupError(
            "image-unavailable",
            Sentence(
                f"{name} is not on this machine and cannot be pulled: {explain(error)}",
                f"{name} 不在本机且无法拉取：{explain(error)}",
            ),
            hint=hint,
        ) from error


def repository(reference: str) -> str:
    """The reference without tag: the part after the last slash may hold a colon, a host's port may not."""
    head, slash, tail = reference.rpartition("/")
    return f"{head}{slash}{tail.partition(':')[0]}"
