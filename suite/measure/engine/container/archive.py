"""Images in a file of `docker save`, looked into before the Docker engine gets it."""

from __future__ import annotations

import hashlib
import lzma
import tarfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final, Literal

from docker import errors

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place, SuiteError, UsageError
from suite.base.safe import open_plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from docker import DockerClient

    from suite.measure.engine.served import Progress

_MAX_INDEX = 16 << 20
_PACKED: Final[tuple[tuple[bytes, Literal["r:gz", "r:bz2", "r:xz"]], ...]] = (
    (b"\x1f\x8b", "r:gz"),
    (b"BZh", "r:bz2"),
    (b"\xfd7zXZ\0", "r:xz"),
)
"""How an archive that is packed in this way begins."""
_NO_ARCHIVE = (
    OSError,
    EOFError,
    KeyError,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    SuiteError,
)


@dataclass(frozen=True, slots=True)
class ArchivedImage:
    """An image in an archive.

    Attributes:
        names: its tags.
        id: the digest of its configuration, by which most Docker engines know it.
        manifests: digests of its manifests, by which those know it that keep images as containerd does.
    """

    names: frozenset[str]
    id: str
    manifests: frozenset[str]

    @property
    def ids(self) -> frozenset[str]:
        """All that it is known by besides its names."""
        return self.manifests | {self.id}


def take(
    client: DockerClient,
    wanted: str,
    path: Path,
    ids: Mapping[str, str],
    on_progress: Progress,
) -> None:
    """Load the images of an archive, among them the one that the plan runs.

    Args:
        client: of the Docker engine.
        wanted: by name or id.
        path: the archive.
        ids: name or id of each image in it, with its id.
        on_progress: told what happens.

    Raises:
        DataError: as `load`.
        UsageError: ``offline-unfit``: it holds another one.
    """
    if wanted not in ids:
        held_one = next(iter(ids))
        hint = Sentence(
            "run the suite that packed the bundle: its wheels are in it",
            "请运行打包该离线包的套件：其 wheel 就在包中",
        )
        message = Sentence(
            f"the bundle holds {held_one}, and the plan runs {wanted}",
            f"离线包含有 {held_one}，而计划运行 {wanted}",
        )
        raise UsageError("offline-unfit", message, hint=hint)
    on_progress(Sentence(f"loading {wanted} from {path.name}", f"从 {path.name} 载入 {wanted}"))
    load(client, path, ids)


def load(client: DockerClient, path: Path, ids: Mapping[str, str]) -> None:
    """Give the Docker engine an archive that holds these images and no other; nothing is loaded that is here.

    Args:
        client: of the Docker engine.
        path: the archive.
        ids: name or id of each image, with its id.

    Raises:
        DataError: ``offline-changed``: the archive holds other images, or other names.
    """
    same = require(path, ids)
    if all(_here(client, name) in same[name] for name in ids):
        return
    with open_plain(path, below=None) as stream:
        client.images.load(stream)
    for name, identity in ids.items():
        if _here(client, name) not in same[name]:
            message = Sentence(
                f"{name} was loaded and is not {identity}", f"已载入 {name}，但它不是 {identity}"
            )
            raise DataError("offline-changed", message, Place(str(path)))


def _here(client: DockerClient, name: str) -> str | None:
    try:
        return client.images.get(name).id
    except errors.ImageNotFound:
        return None


def require(path: Path, ids: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Hold an archive's own table against the ids: configurations by their digest, and no name besides.

    Returns:
        By which ids each image may be known: engines differ in what they call the id of the same one.

    Raises:
        DataError: ``offline-changed``.
    """
    images = held(path)
    known = {identity: image.ids for image in images for identity in image.ids}
    place = Place(str(path))
    missing = sorted(set(ids.values()) - set(known))
    if missing:
        message = Sentence(
            f"the archive does not hold the image {missing[0]}", f"归档中没有镜像 {missing[0]}"
        )
        raise DataError("offline-changed", message, place)
    if strange := sorted({name for image in images for name in image.names} - set(ids)):
        message = Sentence(
            f"the archive would name an image {strange[0]}, which the bundle does not",
            f"归档会命名离线包所没有的镜像 {strange[0]}",
        )
        raise DataError("offline-changed", message, place)
    return {name: known[identity] for name, identity in ids.items()}


def held(path: Path, code: str = "offline-changed") -> list[ArchivedImage]:
    """The images of an archive of `docker save`, compressed or not.

    Raises:
        DataError: of this code: it is no such archive.
    """
    try:
        with (
            open_plain(path, below=None) as stream,
            tarfile.open(fileobj=stream, mode=_mode(stream)) as tar,
        ):
            return list(_images(tar))
    except _NO_ARCHIVE as cause:
        reason = cause.strerror if isinstance(cause, OSError) and cause.errno else ""
        message = Sentence("not an archive of docker save", "不是 docker save 的归档")
        if reason:
            message += Sentence(f": {reason}", f"：{reason}")
        raise DataError(code, message, Place(str(path))) from cause


def _mode(stream: IO[bytes]) -> Literal["r:", "r:gz", "r:bz2", "r:xz"]:
    """How an archive is packed, by its first bytes: whoever tries all ways reads a file of zeros to its end, as padding of xz."""
    beginning = stream.read(6)
    stream.seek(0)
    return next((mode for magic, mode in _PACKED if beginning.startswith(magic)), "r:")


def _images(tar: tarfile.TarFile) -> Iterator[ArchivedImage]:
    rows = jsonio.loads(_member(tar, "manifest.json"), error=DataError)
    manifests: dict[str, set[str]] = {}
    if "index.json" in tar.getnames():
        index = jsonio.loads(_member(tar, "index.json"), error=DataError)
        _follow(tar, index, (), manifests)
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            config = hashlib.sha256(_member(tar, str(row.get("Config")))).hexdigest()
            identity, tags = f"sha256:{config}", row.get("RepoTags")
            names = map(str, tags) if isinstance(tags, list) else ()
            yield ArchivedImage(frozenset(names), identity, frozenset(manifests.get(identity, ())))


def _follow(
    tar: tarfile.TarFile, index: object, above: tuple[str, ...], manifests: dict[str, set[str]]
) -> None:
    """Note for each configuration the manifests, and the lists of such, through which an index names it."""
    rows = index.get("manifests") if isinstance(index, dict) else None
    listed = rows if isinstance(rows, list) else []
    for digest in {str(row.get("digest")) for row in listed if isinstance(row, dict)}:
        if (blob := _blob(tar, digest)) is None:
            continue  # of another architecture, and not in the archive
        document = jsonio.loads(blob, error=DataError)
        config = document.get("config") if isinstance(document, dict) else None
        if isinstance(config, dict):
            manifests.setdefault(str(config.get("digest")), set()).update((*above, digest))
        elif not above:
            _follow(tar, document, (digest,), manifests)


def _blob(tar: tarfile.TarFile, digest: str) -> bytes | None:
    """A blob of the archive; None where it is not there, or is another than its name says."""
    try:
        data = _member(tar, f"blobs/{digest.replace(':', '/')}")
    except KeyError:
        return None
    return data if f"sha256:{hashlib.sha256(data).hexdigest()}" == digest else None


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
