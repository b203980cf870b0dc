"""Bundles for closed networks: one archive with image or wheels, model and data, and the digest of each file.

The archive is a plain tar, so that it can be looked into, and unpacked by hand, with any tar. ``bundle.json`` is written
last: an archive that was cut has none. It grows under another name and gets its own when it is whole.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import tarfile
from typing import IO, TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import DataError, Place, SetupError
from suite.base.safe import open_plain
from suite.documents.codec import decode, pretty
from suite.documents.offline import OfflineBundle, PackedFile
from suite.measure.fetch.files import system_refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from suite.measure.digests import DigestStore

MANIFEST: Final = "bundle.json"
MAX_MANIFEST: Final = 64 << 20
_BLOCK: Final = 4 << 20
_FULL: Final = Sentence("free some space, or choose another place", "请释放空间，或换一个位置")
_NAME: Final = re.compile(r"[A-Za-z0-9_+=@,~ -][A-Za-z0-9._+=@,~ -]*(/[A-Za-z0-9_.+=@,~ -]+)*")


class Archive:
    """A bundle that is being written."""

    def __init__(self, stream: IO[bytes], on_bytes: Callable[[str, int], None]) -> None:
        """Begin.

        Args:
            stream: the file, which can be sought in.
            on_bytes: takes the member and the bytes written of it.
        """
        self.files: list[PackedFile] = []
        self._stream = stream
        self._on_bytes = on_bytes

    def add(self, path: str, chunks: Iterable[bytes]) -> PackedFile:
        """Add a file whose length is known when it has been written.

        Raises:
            DataError: ``offline-unpackable``.
        """
        if _NAME.fullmatch(path) is None or ".." in path.split("/"):
            raise DataError(
                "offline-unpackable",
                Sentence(
                    f"no bundle takes a file named {path!r}", f"离线包不接受名为 {path!r} 的文件"
                ),
            )
        member = tarfile.TarInfo(path)
        header = self._stream.tell()
        # A header is as long whatever size it says, so that it can be written when that is known.
        self._stream.write(member.tobuf(tarfile.GNU_FORMAT))
        digest, size = hashlib.sha256(), 0
        for chunk in chunks:
            digest.update(chunk)
            self._stream.write(chunk)
            size += len(chunk)
            self._on_bytes(path, size)
        self._stream.write(bytes(-size % tarfile.BLOCKSIZE))
        end = self._stream.tell()
        member.size = size
        self._stream.seek(header)
        self._stream.write(member.tobuf(tarfile.GNU_FORMAT))
        self._stream.seek(end)
        self.files.append(PackedFile(path=path, bytes=size, sha256=digest.hexdigest()))
        return self.files[-1]

    def add_file(self, path: str, source: Path) -> None:
        """Add a file of this machine; a link's target is what is packed."""
        self.add(path, _blocks(source))

    def add_folder(self, path: str, source: Path) -> None:
        """Add the plain files of a folder and of those below it."""
        for file in sorted(source.rglob("*")):
            if file.is_file():
                self.add_file(f"{path}/{file.relative_to(source)}", file)

    def finish(self, manifest: OfflineBundle) -> str:
        """Write ``bundle.json`` and the end of the archive; returns the SHA-256 of ``bundle.json``."""
        data = pretty(manifest)
        self.add(MANIFEST, [data])
        self._stream.write(bytes(2 * tarfile.BLOCKSIZE))
        return jsonio.sha256_hex(data)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block


@contextlib.contextmanager
def writing(target: Path) -> Iterator[IO[bytes]]:
    """A new file that gets its name when the block ends well, and is gone otherwise.

    Raises:
        DataError: ``file-exists``, ``file-unwritable``.
        SetupError: ``disk-full``.
    """
    if target.exists():
        message = Sentence("there is a file of that name", "已有同名文件")
        raise DataError(
            "file-exists",
            message,
            Place(str(target)),
            Sentence("choose another --out", "请换用其他 --out"),
        )
    partial = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    with system_refusals(target, _FULL):
        try:
            with partial.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            os.link(partial, target)  # never over one that came meanwhile
        finally:
            partial.unlink(missing_ok=True)


def opened(
    bundle: Path, cache: Path, *, store: DigestStore, on_bytes: Callable[[str, int], None]
) -> tuple[OfflineBundle, Path, str]:
    """A bundle whose every file is what ``bundle.json`` says.

    Args:
        bundle: the archive, or the folder that it was unpacked into.
        cache: where an archive is unpacked to; what was unpacked before is used again.
        store: digests of files that were read before.
        on_bytes: takes the file and the bytes read of it.

    Returns:
        The manifest, the folder and the SHA-256 of ``bundle.json``.

    Raises:
        DataError: ``offline-form``, ``offline-changed``.
        SetupError: ``disk-full``.
    """
    if bundle.is_dir():
        manifest, digest = _manifest(bundle)
        _check(bundle, manifest, store, on_bytes)
        return manifest, bundle.absolute(), digest
    with system_refusals(cache, _FULL):
        cache.mkdir(parents=True, exist_ok=True)
        with _tar(bundle) as archive, _locked(cache / "lock"):
            manifest, digest = _packed_manifest(archive, bundle)
            target = cache / digest[:16]
            members = _members(archive, manifest, bundle)
            if target.exists():
                # What lies there is good; the archive that was given must be it all the same.
                for member in members:
                    _require_same(
                        manifest, bundle, member, _copied(archive, member, None, on_bytes)
                    )
            else:
                _unpack(archive, manifest, bundle, target, on_bytes)
            _check(target, manifest, store, on_bytes)
    return manifest, target, digest


def _decoded(data: bytes, name: str) -> OfflineBundle:
    return decode(data, OfflineBundle, name=name, error=DataError)


def _manifest(folder: Path) -> tuple[OfflineBundle, str]:
    path = folder / MANIFEST
    if not path.is_file():
        message = Sentence(f"the folder holds no {MANIFEST}", f"文件夹中没有 {MANIFEST}")
        raise DataError("offline-form", message, Place(str(folder)))
    data = jsonio.read_bytes(path, error=DataError)
    return _decoded(data, str(path)), jsonio.sha256_hex(data)


@contextlib.contextmanager
def _tar(bundle: Path) -> Iterator[tarfile.TarFile]:
    place = Place(str(bundle))
    try:
        stream = open_plain(bundle, below=None)
    except OSError as cause:
        message = cause.strerror or str(cause)
        raise DataError("offline-form", message, place) from cause
    with stream:
        try:
            archive = tarfile.open(fileobj=stream, mode="r:")  # noqa: SIM115 - closed below
        except tarfile.TarError as cause:
            raise DataError(
                "offline-form", Sentence("the file is no tar archive", "该文件不是 tar 归档"), place
            ) from cause
        with archive:
            yield archive


def _packed_manifest(archive: tarfile.TarFile, bundle: Path) -> tuple[OfflineBundle, str]:
    place = Place(str(bundle))
    try:
        member = archive.getmember(MANIFEST)
        stream = archive.extractfile(member) if member.size <= MAX_MANIFEST else None
        data = b"" if stream is None else stream.read()
    except (KeyError, tarfile.TarError) as cause:
        message = Sentence(
            f"the archive holds no {MANIFEST}: it is no bundle, or was cut",
            f"归档中没有 {MANIFEST}：它不是离线包，或被截断",
        )
        raise DataError("offline-form", message, place) from cause
    return _decoded(data, f"{bundle}:{MANIFEST}"), jsonio.sha256_hex(data)


def _members(
    archive: tarfile.TarFile, manifest: OfflineBundle, bundle: Path
) -> list[tarfile.TarInfo]:
    """The archive's files, which are those of the manifest and nothing else.

    Raises:
        DataError: ``offline-changed``.
    """
    try:
        members = archive.getmembers()
    except tarfile.TarError as cause:
        raise DataError("offline-changed", str(cause), Place(str(bundle))) from cause
    names = [member.name for member in members]
    wanted = {*(file.path for file in manifest.files), MANIFEST}
    if sorted(names) != sorted(wanted) or not all(member.isreg() for member in members):
        odd = sorted(set(names) ^ wanted) or [
            Sentence("a file twice, or one that is no file", "有文件重复，或有条目不是文件")
        ]
        raise DataError(
            "offline-changed",
            Sentence(f"not as {MANIFEST}: {odd[0]}", f"与 {MANIFEST} 不符：{chinese(odd[0])}"),
            Place(str(bundle)),
        )
    return members


def _require_same(
    manifest: OfflineBundle, bundle: Path, member: tarfile.TarInfo, digest: str
) -> None:
    digests = {file.path: file.sha256 for file in manifest.files}
    if digests.get(member.name, digest) != digest:  # bundle.json itself is what is believed
        raise _changed(bundle, member.name)


def _unpack(
    archive: tarfile.TarFile,
    manifest: OfflineBundle,
    bundle: Path,
    target: Path,
    on_bytes: Callable[[str, int], None],
) -> None:
    """Write the files, each checked as it is written, into a folder that then gets its name."""
    for stale in target.parent.glob("*.part"):  # the lock is ours: whoever wrote it is gone
        shutil.rmtree(stale, ignore_errors=True)
    partial = target.with_name(f"{target.name}.part")
    need = sum(file.bytes for file in manifest.files)
    if shutil.disk_usage(target.parent).free < need:
        message = Sentence(
            f"{need >> 20} MiB are needed to unpack {bundle.name}",
            f"解包 {bundle.name} 需要 {need >> 20} MiB",
        )
        hint = Sentence(
            "free some space, set SUITE_CACHE, or unpack it elsewhere and give --bundle the folder",
            "请释放空间，设置 SUITE_CACHE，或在他处解包并以 --bundle 给出该文件夹",
        )
        raise SetupError("disk-full", message, Place(str(target.parent)), hint)
    try:
        for member in archive.getmembers():
            path = partial / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as stream:
                _require_same(manifest, bundle, member, _copied(archive, member, stream, on_bytes))
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _copied(
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    target: IO[bytes] | None,
    on_bytes: Callable[[str, int], None],
) -> str:
    """Read one file, and write it where a target is given; returns its SHA-256."""
    source = archive.extractfile(member)
    assert source is not None  # a regular file
    digest, size = hashlib.sha256(), 0
    while block := source.read(_BLOCK):
        digest.update(block)
        if target is not None:
            target.write(block)
        size += len(block)
        on_bytes(member.name, size)
    return digest.hexdigest()


def _changed(bundle: Path, name: str) -> DataError:
    message = Sentence(f"{name} is not what {MANIFEST} says", f"{name} 与 {MANIFEST} 所载不符")
    return DataError("offline-changed", message, Place(str(bundle)))


def _check(
    folder: Path,
    manifest: OfflineBundle,
    store: DigestStore,
    on_bytes: Callable[[str, int], None],
) -> None:
    """Hold every file of a folder against the manifest; more files than it names are refused too."""
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    odd = sorted(present ^ {*(file.path for file in manifest.files), MANIFEST})
    if odd:
        raise DataError(
            "offline-changed",
            Sentence(f"not as {MANIFEST}: {odd[0]}", f"与 {MANIFEST} 不符：{chinese(odd[0])}"),
            Place(str(folder)),
        )
    for file in manifest.files:
        path = folder / file.path
        if file_digest(path, folder, file.path, store, on_bytes) != file.sha256:
            raise _changed(folder, file.path)
    store.save()


def file_digest(
    path: Path, below: Path, name: str, store: DigestStore, on_bytes: Callable[[str, int], None]
) -> str:
    """The SHA-256 of a file, in hexadecimal, taken from the store where it is what it was.

    Raises:
        DataError: ``offline-changed``: it cannot be read.
    """
    digest = store.get(path)
    if digest is None:
        digest = _digest(path, below, name, on_bytes)
        store.put(path, digest)
    return digest


def _digest(path: Path, below: Path, name: str, on_bytes: Callable[[str, int], None]) -> str:
    digest, size = hashlib.sha256(), 0
    try:
        with open_plain(path, below=below) as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
                size += len(block)
                on_bytes(name, size)
    except OSError as cause:
        message = f"{name}: {cause.strerror or cause}"
        raise DataError("offline-changed", message, Place(str(below))) from cause
    return digest.hexdigest()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
