"""Where evidence is kept by its digest: a directory, an OCI image layout on disk, a repository of an OCI registry.

A directory has packs as ``sha256/<first two digits>/<digest>``; a mounted object store or a cache serves as one. A layout
has them as ``blobs/sha256/<digest>``. Whatever holds them, what is read is copied while it is hashed, and the copy is used.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol, TypeAlias

from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, Place, SetupError, UsageError, unreadable
from suite.base.safe import open_plain
from suite.judge.submissions import credentials
from suite.judge.submissions.download import Absent, Download, scheme

MAX_BYTES: Final = 2 << 30
"""Of a pack that lies elsewhere."""
_HOST: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_REPOSITORY: Final = (
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
)
_REGISTRY: Final = re.compile(rf"({_HOST})/({_REPOSITORY})\Z")
_BLOB: Final = re.compile(rf"oci://({_HOST})/({_REPOSITORY})@(sha256:[0-9a-f]{{64}})\Z")
_PIECE: Final = 1 << 20


class Reference(Protocol):
    """What content must be: a digest as ``sha256:…``, the same in hexadecimal digits alone, bytes."""

    @property
    def digest(self) -> str:
        """``sha256:…``."""

    @property
    def sha256(self) -> str:
        """Hexadecimal digits alone."""

    @property
    def size(self) -> int:
        """Bytes."""


@dataclass(frozen=True, slots=True)
class Directory:
    """Packs by digest."""

    path: Path

    def __str__(self) -> str:
        """As it is given."""
        return str(self.path)

    def place(self, sha256: str) -> Path:
        """Where a pack lies."""
        return self.path / "sha256" / sha256[:2] / sha256


@dataclass(frozen=True, slots=True)
class Layout:
    """An OCI image layout."""

    path: Path

    def __str__(self) -> str:
        """As it is given."""
        return f"oci-layout:{self.path}"

    def place(self, sha256: str) -> Path:
        """Where a blob lies."""
        return self.path / "blobs" / "sha256" / sha256


@dataclass(frozen=True, slots=True)
class Registry:
    """A repository of a registry; `host` with its port."""

    host: str
    repository: str

    def url(self, kind: str, name: str) -> str:
        """The address of a blob, a manifest or tags."""
        return f"{scheme(self.host)}://{self.host}/v2/{self.repository}/{kind}/{name}"

    def __str__(self) -> str:
        """As it is given."""
        return f"oci://{self.host}/{self.repository}"


Store: TypeAlias = Directory | Layout | Registry


def parse(text: str) -> Store:
    """What ``--store`` names.

    Raises:
        UsageError: ``evidence-store-wrong``.
    """
    kind, colon, rest = text.partition(":")
    if kind == "oci-layout" and rest:
        return Layout(Path(rest))
    match = _REGISTRY.match(rest.removeprefix("//")) if kind == "oci" and "//" in rest else None
    if match:
        return Registry(match[1], match[2])
    if text and not (colon and re.match(r"oci\b|//", kind if kind.startswith("oci") else rest)):
        return Directory(Path(text))
    hint = Sentence(
        "DIR, oci-layout:DIR or oci://HOST/REPOSITORY, without tag",
        "DIR、oci-layout:DIR 或 oci://HOST/REPOSITORY，不带标签",
    )
    message = Sentence(f"{text!r} is no place for evidence", f"{text!r} 不是可存放证据的位置")
    raise UsageError("evidence-store-wrong", message, hint=hint)


def copied(store: Store, reference: Reference, target: BinaryIO) -> bool:
    """Copy a pack out of a store; False where the store has it not.

    Raises:
        EvidenceError: ``evidence-differs``, ``evidence-unreachable``, ``file-unreadable``.
        SetupError: ``disk-full``.
    """
    if isinstance(store, Registry):
        name = f"{store}@{reference.digest}"
        url = store.url("blobs", reference.digest)
        try:
            _download(url, name, reference, target, credentials.basic(store.host))
        except Absent:
            return False
        return True
    path = store.place(reference.sha256)
    try:
        stream = open_plain(path, below=store.path)
    except (FileNotFoundError, NotADirectoryError) as cause:
        if path.exists():
            raise unreadable(EvidenceError, path, cause) from cause
        return False
    except OSError as cause:
        raise unreadable(EvidenceError, path, cause) from cause
    with stream:
        digest, size = hashlib.sha256(), 0
        while size <= reference.size and (piece := stream.read(_PIECE)):
            digest.update(piece)
            size += len(piece)
            _write(target, piece)
    _require(reference, size, digest.hexdigest(), str(path))
    return True


def fetched(location: str, reference: Reference, target: BinaryIO) -> None:
    """Write what an address gives that a submission names.

    Raises:
        EvidenceError: ``evidence-differs``, ``evidence-unreachable``.
        SetupError: ``disk-full``.
    """
    url = location
    if not location.startswith("https://"):
        match = _BLOB.match(location)
        if match is None:
            message = Sentence(
                f"{location} is no oci://HOST/REPOSITORY@sha256:…",
                f"{location} 不是 oci://HOST/REPOSITORY@sha256:… 的形式",
            )
            raise EvidenceError("evidence-unreachable", message)
        # Of a stranger's word https alone is asked, also on this machine.
        url = f"https://{match[1]}/v2/{match[2]}/blobs/{match[3]}"
    try:
        _download(url, location, reference, target, "")
    except Absent as cause:
        message = Sentence(f"there is nothing at {location}", f"{location} 处没有内容")
        raise EvidenceError("evidence-unreachable", message) from cause


def _download(url: str, name: str, reference: Reference, target: BinaryIO, basic: str) -> None:
    try:
        Download(url, reference.size, target, basic=basic).fetch(name)
        target.seek(0)
    except OSError as cause:
        raise full(cause) from cause
    digest, size = hashlib.sha256(), 0
    while piece := target.read(_PIECE):
        digest.update(piece)
        size += len(piece)
    _require(reference, size, digest.hexdigest(), name)


def _require(reference: Reference, size: int, sha256: str, name: str) -> None:
    if (sha256, size) != (reference.sha256, reference.size):
        more = size > reference.size
        message = (
            Sentence(
                f"it holds more than {reference.size:,} bytes", f"它多于 {reference.size:,} 字节"
            )
            if more
            else Sentence(
                f"it holds {size:,} bytes with SHA-256 {sha256}",
                f"它有 {size:,} 字节，SHA-256 为 {sha256}",
            )
        )
        raise EvidenceError("evidence-differs", message, Place(name))


def _write(target: BinaryIO, piece: bytes) -> None:
    try:
        target.write(piece)
    except OSError as cause:
        raise full(cause) from cause


def full(cause: OSError) -> SetupError:
    """The refusal where a temporary file cannot be written."""
    why = cause.strerror or cause
    message = Sentence(f"cannot write a temporary file: {why}", f"无法写入临时文件：{why}")
    hint = Sentence("free some space, or set TMPDIR", "请释放空间，或设置 TMPDIR")
    return SetupError("disk-full", message, hint=hint)
