"""Images in a file of `docker save`, looked into before the Docker engine gets it."""

from __future__ import annotations

import hashlib
import tarfile
from typing import TYPE_CHECKING

from docker import errors

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place, SuiteError
from suite.base.safe import open_plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from docker import DockerClient

_MAX_INDEX = 16 << 20


def load(client: DockerClient, path: Path, ids: Mapping[str, str]) -> None:
    """Give the Docker engine an archive that holds these images and no other; nothing is loaded that is here.

    Args:
        client: of the Docker engine.
        path: the archive.
        ids: name or id of each image, with its id.

    Raises:
        DataError: ``offline-changed``: the archive holds other images, or other names.
    """
    require(path, ids)
    if all(_here(client, name) == identity for name, identity in ids.items()):
        return
    with open_plain(path, below=None) as stream:
        client.images.load(stream)
    for name, identity in ids.items():
        if _here(client, name) != identity:
            message = Sentence(
                f"{name} was loaded and is not {identity}", f"已载入 {name}，但它不是 {identity}"
            )
            raise DataError("offline-changed", message, Place(str(path)))


def _here(client: DockerClient, name: str) -> str | None:
    try:
        return client.images.get(name).id
    except errors.ImageNotFound:
        return None


def require(path: Path, ids: Mapping[str, str]) -> None:
    """Hold an archive's own table against the ids: configurations by their digest, and no name besides.

    Raises:
        DataError: ``offline-changed``.
    """
    place = Place(str(path))
    try:
        with open_plain(path, below=None) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
            rows = jsonio.loads(_member(tar, "manifest.json"), error=DataError)
            held: set[str] = set()
            names: set[str] = set()
            for row in rows if isinstance(rows, list) else []:
                if not isinstance(row, dict):
                    continue
                config = hashlib.sha256(_member(tar, str(row.get("Config")))).hexdigest()
                held.add(f"sha256:{config}")
                tags = row.get("RepoTags")
                names |= {str(tag) for tag in tags} if isinstance(tags, list) else set()
            if "index.json" in tar.getnames():  # engines that know an image by its manifest
                held |= _manifests(jsonio.loads(_member(tar, "index.json"), error=DataError))
    except (OSError, KeyError, tarfile.TarError, SuiteError) as cause:
        raise DataError(
            "offline-changed",
            Sentence("not an archive of docker save", "不是 docker save 的归档"),
            place,
        ) from cause
    missing = sorted(set(ids.values()) - held)
    if missing:
        message = Sentence(
            f"the archive does not hold the image {missing[0]}", f"归档中没有镜像 {missing[0]}"
        )
        raise DataError("offline-changed", message, place)
    if strange := sorted(names - set(ids)):
        message = Sentence(
            f"the archive would name an image {strange[0]}, which the bundle does not",
            f"归档会命名离线包所没有的镜像 {strange[0]}",
        )
        raise DataError("offline-changed", message, place)


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    """A small file of an archive.

    Raises:
        KeyError: there is none, or it is too large.
    """
    member = tar.getmember(name)
    stream = tar.extractfile(member)
    if stream is None or member.size > _MAX_INDEX:
        raise KeyError(name)
    return stream.read()


def _manifests(index: object) -> set[str]:
    rows = index.get("manifests") if isinstance(index, dict) else None
    listed = rows if isinstance(rows, list) else []
    return {str(row.get("digest")) for row in listed if isinstance(row, dict)}
