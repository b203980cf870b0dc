"""Where undecoded responses wait when there are more than the memory shall hold: a file that has no name.

One record a response, written in one sequential write: a fixed head of four sizes, what is known of the request
(marshal), the arrival times and the pieces' lengths as machine integers, and the pieces as they came. The file
was unlinked when it was made, so nothing of it outlives the processes that hold it open. What has been decoded
is given back to the disk, `HOLE_BYTES` at a time, and more than `MOST_BYTES` are never waiting in it.
"""

from __future__ import annotations

import contextlib
import ctypes
import marshal
import os
import struct
from array import array
from pathlib import Path
from typing import Final, NamedTuple, cast

from suite.measure.load.decoding import Response

MOST_BYTES: Final = 2 << 30
"""Bytes that may wait in a spool: a phase under pressure for hours must not fill the disk."""
HOLE_BYTES: Final = 4 << 20
"""Bytes given back at once, which takes some 0.3 ms."""
_PUNCH_HOLE: Final = 0x02 | 0x01  # FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE of <linux/falloc.h>
_HEAD: Final = struct.Struct("<4sIIQ")
_MAGIC: Final = b"rsp1"
_LENGTH: Final = array("I").itemsize
_STAMP: Final = array("q").itemsize


class Place(NamedTuple):
    """Where a record lies: its offset in the file and its length, bytes."""

    offset: int
    length: int


def pack(response: Response) -> bytes:
    """A response as one record."""
    meta = marshal.dumps(response[:-2])
    stamps = response.stamps
    body = b"".join(response.pieces)
    return b"".join(
        (
            _HEAD.pack(_MAGIC, len(meta), len(response.pieces), len(body)),
            meta,
            (stamps if isinstance(stamps, array) else array("q", stamps)).tobytes(),
            array("I", map(len, response.pieces)).tobytes(),
            body,
        )
    )


def unpack(record: bytes) -> Response:
    """The response of a record.

    Raises:
        ValueError: this is no whole record.
    """
    if len(record) < _HEAD.size:
        raise ValueError("the record has no head")
    magic, meta_bytes, count, body_bytes = _HEAD.unpack_from(record)
    meta_end = _HEAD.size + meta_bytes
    stamps_end = meta_end + count * _STAMP
    lengths_end = stamps_end + count * _LENGTH
    if magic != _MAGIC or len(record) != lengths_end + body_bytes:
        raise ValueError("the record is not whole")
    # Written by this process or the one that started it, into a file that nobody else can name.
    meta = cast("tuple[object, ...]", marshal.loads(record[_HEAD.size : meta_end]))  # noqa: S302
    stamps, lengths = array("q"), array("I")
    stamps.frombytes(record[meta_end:stamps_end])
    lengths.frombytes(record[stamps_end:lengths_end])
    if sum(lengths) != body_bytes:
        raise ValueError("the record's pieces do not add up")
    pieces, position = [], lengths_end
    for length in lengths:
        pieces.append(record[position : position + length])
        position += length
    return Response._make((*meta, pieces, stamps.tolist()))


def read(fd: int, place: Place) -> Response:
    """The response at a place of a spool, from any process that holds it open.

    Raises:
        OSError: the file cannot be read.
        ValueError: there is no whole record at this place.
    """
    parts: list[bytes] = []
    offset, left = place
    while left:
        part = os.pread(fd, left, offset)
        if not part:
            raise ValueError("the spool ends within the record")
        parts.append(part)
        offset += len(part)
        left -= len(part)
    return unpack(b"".join(parts))


class Spool:
    """The file.

    Attributes:
        fd: its descriptor; -1 before anything was written and after `close`.
        failed: it could not be written; nothing more is put into it.
    """

    def __init__(self) -> None:
        self.fd = -1
        self.failed = False
        self._end = 0
        self._free = 0

    def usable(self) -> bool:
        """Whether anything more may be put into it now."""
        return not self.failed and self._end - self._free < MOST_BYTES

    def open(self) -> bool:
        """Make the file, unless it is there; False when that is not possible."""
        if self.fd < 0 and not self.failed:
            import tempfile  # noqa: PLC0415 - most phases need none, and it takes a while

            try:
                fd, name = tempfile.mkstemp(prefix="llmc-spool-")
            except OSError:
                self.failed = True
                return False
            with contextlib.suppress(OSError):
                Path(name).unlink()
            self.fd = fd
        return not self.failed

    def put(self, response: Response) -> Place | None:
        """Append a response; None when it could not be written, after which nothing more is."""
        if not self.open():
            return None
        record = pack(response)
        place = Place(self._end, len(record))
        if not self._write(record):
            self.failed = True
            return None
        self._end += len(record)
        return place

    def get(self, place: Place) -> Response:
        """Read a response back.

        Raises:
            OSError, ValueError: as `read`.
        """
        return read(self.fd, place)

    def release(self, before: int) -> None:
        """Nothing that lies before this offset is needed any more: give that room back once it is worth it."""
        if before - self._free >= HOLE_BYTES and _punch(self.fd, self._free, before - self._free):
            self._free = before

    def restart(self) -> None:
        """Nothing in it is needed any more: give all its room back."""
        if self.fd >= 0 and self._end:
            self._end = self._free = 0
            with contextlib.suppress(OSError):
                os.ftruncate(self.fd, 0)

    def close(self) -> None:
        """Close; harmless twice."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def _write(self, record: bytes) -> bool:
        view, offset = memoryview(record), self._end
        try:
            while view:
                count = os.pwrite(self.fd, view, offset)
                view, offset = view[count:], offset + count
        except OSError:
            return False
        return True


def _punch(fd: int, offset: int, length: int) -> bool:
    """Give a stretch of a file back to the disk; False where system or file system cannot."""
    try:
        fallocate = ctypes.CDLL(None).fallocate
    except AttributeError:
        return False
    return bool(fallocate(fd, _PUNCH_HOLE, ctypes.c_int64(offset), ctypes.c_int64(length)) == 0)
