"""The one way to open a file that somebody else made, and the one way to write beside such files.

Read is a regular file alone: a pipe, a device, a socket or a folder is refused at once, never waited for. Below the folder
that was given no link is followed in any component. The size is looked at before a byte is read, so that a sparse
terabyte costs nothing. Written is a new file that takes the old one's place: a link that lies there is replaced, and what it
points to stays as it is; a disk that fills up leaves the old file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_PLAIN = "not a plain file"
MAX_FILE_BYTES = 4 << 30
"""Largest file that is read at all, but for weights, which go through in pieces: the largest task sets have a third of it."""
# Without O_NONBLOCK, opening a pipe waits for its writer.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def open_plain(path: Path, *, below: Path | None) -> BinaryIO:
    """Open a regular file for reading.

    Args:
        path: the file.
        below: the folder that was given, of which the path is a part: no link is followed below it. None: the path itself
            was given by whoever runs the suite, who may name a link.

    Raises:
        OSError: as the system says; with the text `NOT_PLAIN` for a link below the folder, a folder, a pipe, a
            socket or a device.
    """
    try:
        descriptor = os.open(path, _READ) if below is None else _open_below(path, below)
    except OSError as cause:
        # ENXIO: a socket, or a device that is not there; ENOTDIR: a component that is a link or no folder.
        if cause.errno in (errno.ELOOP, errno.ENXIO):
            raise OSError(cause.errno, NOT_PLAIN) from cause
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, NOT_PLAIN)
    return os.fdopen(descriptor, "rb")


def _open_below(path: Path, below: Path) -> int:
    """Open component by component, each only if it is no link."""
    parts = path.relative_to(below).parts if path.is_relative_to(below) else ()
    if not parts or ".." in parts:
        raise OSError(errno.EINVAL, f"not below {below}")
    *folders, name = parts
    with contextlib.ExitStack() as stack:
        at = os.open(below, _FOLDER & ~os.O_NOFOLLOW)
        stack.callback(os.close, at)
        for folder in folders:
            try:
                at = os.open(folder, _FOLDER, dir_fd=at)
            except NotADirectoryError as cause:
                raise OSError(errno.ENOTDIR, NOT_PLAIN) from cause
            stack.callback(os.close, at)
        return os.open(name, _READ | os.O_NOFOLLOW, dir_fd=at)


def read_plain(path: Path, limit: int, *, below: Path | None, size: int | None = None) -> bytes:
    """The bytes of a regular file.

    Args:
        path: the file.
        limit: bytes; a larger file is refused before any of it is read.
        below: as for `open_plain`.
        size: bytes that it must have, where they are known.

    Raises:
        OSError: as `open_plain`; with the number ``EFBIG`` for a file that is too large, ``EINVAL`` for one of another size.
    """
    with open_plain(path, below=below) as stream:
        length = require_size(stream, limit, size)
        # No more than is there: what is asked for is set aside before anything is read.
        data = stream.read(length + 1)
    if len(data) > length:
        raise OSError(errno.EFBIG, "the file grew while it was read")
    return data


def require_size(stream: BinaryIO, limit: int, size: int | None = None) -> int:
    """The size of an open file in bytes, before any of it is read.

    Raises:
        OSError: ``EFBIG`` beyond the limit; ``EINVAL`` where it is not the size that was expected.
    """
    length = os.fstat(stream.fileno()).st_size
    if size is not None and length != size:
        raise OSError(errno.EINVAL, f"{length:,} bytes, not {size:,}")
    if length > limit:
        raise OSError(errno.EFBIG, f"{length:,} bytes, more than {limit:,}")
    return length


def pieces(stream: BinaryIO, limit: int) -> Iterator[bytes]:
    """The bytes of an open file in pieces of a mebibyte, for what is hashed or searched and never held whole.

    Raises:
        OSError: ``EFBIG`` beyond the limit, however the file grew.
    """
    left = limit
    while block := stream.read(1 << 20):
        left -= len(block)
        if left < 0:
            raise OSError(errno.EFBIG, f"more than {limit:,} bytes")
        yield block


def is_plain(path: Path) -> bool:
    """Whether a regular file lies there, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def resolved(path: Path) -> Path:
    """A path from the root, links followed; it need not exist, and a link that leads back to itself stays one."""
    return Path(os.path.realpath(path))


def inside(path: Path, place: Path) -> bool:
    """Whether a path is a place or lies below it, links followed; it need not exist."""
    return resolved(path).is_relative_to(resolved(place))


def replace_file(path: Path, data: bytes) -> None:
    """Write a file: a new one that takes the place of what is there, whole or, where the disk is full, not at all.

    A link is replaced and not followed.

    Raises:
        OSError: as the system says; with the text `NOT_PLAIN` where a folder, pipe, socket or device has the name.
    """
    folder = os.open(path.parent, _FOLDER & ~os.O_NOFOLLOW)
    try:
        _refuse_special(path, folder)
        partial = f".{path.name[:80]}.{secrets.token_hex(8)}.part"
        descriptor = os.open(partial, _NEW, 0o666, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
            os.replace(partial, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(partial, dir_fd=folder)
            raise
    finally:
        os.close(folder)


def _refuse_special(path: Path, folder: int) -> None:
    """A device or pipe is not replaced, nor a link among the system's own (``/dev/stdout``)."""
    try:
        mode = os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    system = resolved(path.parent).parts[1:2] in (("dev",), ("proc",), ("sys",))
    if not stat.S_ISREG(mode) and (system or not stat.S_ISLNK(mode)):
        raise OSError(errno.EINVAL, NOT_PLAIN)


def append_whole(descriptor: int, data: bytes) -> None:
    """Append all of the data or none: a disk that fills up in the middle must not leave half a line."""
    size = os.fstat(descriptor).st_size
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError:
        os.ftruncate(descriptor, size)
        raise
