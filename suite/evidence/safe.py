"""Files opened and written with care.

What somebody else made is opened in one way: a plain file, no link, no pipe, no device, of a bounded size. What we
write is left whole, or as it was, by a disk that fills up.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

NOT_PLAIN = "not a plain file"


def open_plain(path: Path) -> BinaryIO:
    """Open a file that somebody else made, for reading.

    Raises:
        OSError: as the system says; with the text `NOT_PLAIN` for a link, a directory, a pipe or a device.
    """
    try:
        # Without O_NONBLOCK, opening a pipe waits for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as cause:
        if cause.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, NOT_PLAIN) from cause
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, NOT_PLAIN)
    return os.fdopen(descriptor, "rb")


def read_plain(path: Path, limit: int) -> bytes:
    """The bytes of a file that somebody else made.

    Args:
        path: the file.
        limit: bytes; a larger file is refused before it takes memory.

    Raises:
        OSError: as `open_plain`; with the number ``EFBIG`` for a file that is too large.
    """
    with open_plain(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        data = stream.read(min(size, limit) + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"more than {limit:,} bytes")
    return data


def replace_file(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or, where the disk is full, as it was before."""
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


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
