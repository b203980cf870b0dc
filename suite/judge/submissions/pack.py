"""The evidence of a run in one file: a tar archive, compressed by zstd, that has one form for each content.

Every entry's header is the one that `_header` makes of name and size, the names are those of a run directory in sorted
order, and nothing follows the end: two archives of the same evidence differ in nothing but what zstd's version compresses
otherwise, and an archive can hide nothing.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

import zstandard

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import EvidenceError, Place, SetupError, unreadable, unwritable
from suite.base.safe import open_plain
from suite.evidence import EVIDENCE_FILES, MANIFEST, OCCASIONAL_FILES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PACK_FILE: Final = "evidence.tar.zst"
MAX_PACKED_BYTES: Final = 50 * 1024 * 1024
"""Of a pack that lies in the submission itself: what git hosts take without a word."""
MAX_EVIDENCE_BYTES: Final = 4 << 30
"""Of all files in a pack: what reading a run takes at most."""
_LEVEL: Final = 12
_MAX_WINDOW: Final = 1 << 27
_BLOCK: Final = tarfile.BLOCKSIZE
_END: Final = bytes(2 * _BLOCK)
_PIECE: Final = 1 << 20
_FEED: Final = 1024
"""Compressed bytes at a time: zstd can make 32 MiB of them, and no more."""
_KNOWN: Final = frozenset({MANIFEST, *EVIDENCE_FILES, *OCCASIONAL_FILES})


@dataclass(frozen=True, slots=True)
class Packed:
    """A pack that was written: its size in bytes and SHA-256, and the bytes of the files in it."""

    size: int
    sha256: str
    content: int


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    return info.tobuf(tarfile.USTAR_FORMAT)


def pack(directory: Path, names: Sequence[str], target: Path) -> Packed:
    """Pack files of a run directory.

    Args:
        directory: the run.
        names: of plain files in it.
        target: file to write.

    Raises:
        EvidenceError: ``file-unreadable``.
        SetupError: ``run-unwritable``.
    """
    content = 0
    try:
        with target.open("wb") as out:
            compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
            with compressor.stream_writer(out, closefd=False) as writer:
                for name in sorted(names):
                    content += _add(writer, directory / name, name)
                writer.write(_END)
    except OSError as cause:
        message = unwritable(target, cause)
        raise SetupError("run-unwritable", message, Place(str(target))) from cause
    with target.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Packed(target.stat().st_size, digest, content)


def _add(writer: zstandard.ZstdCompressionWriter, path: Path, name: str) -> int:
    try:
        stream = open_plain(path, below=path.parent)
    except OSError as cause:
        raise unreadable(EvidenceError, path, cause) from cause
    with stream:
        size = os.fstat(stream.fileno()).st_size
        writer.write(_header(name, size))
        left = size
        while left:
            piece = stream.read(min(left, _PIECE))
            if not piece:
                raise EvidenceError(
                    "file-unreadable", Sentence("it became shorter", "它变短了"), Place(str(path))
                )
            writer.write(piece)
            left -= len(piece)
        writer.write(bytes(-size % _BLOCK))
    return size


def unpack(packed: BinaryIO, directory: Path, name: str = PACK_FILE) -> int:
    """Write the files of a pack into an empty directory; returns their bytes.

    Raises:
        EvidenceError: ``pack-wrong`` for whatever is not the one form of such an archive, ``pack-too-large``.
        SetupError: ``disk-full``.
    """
    total = 0
    for entry, size, pieces in entries(packed, name):
        total += size
        try:
            with (directory / entry).open("xb") as out:
                for piece in pieces:
                    out.write(piece)
        except OSError as cause:
            message = Sentence(
                f"cannot unpack to {directory}: {cause.strerror or cause}",
                f"无法解包到 {directory}：{cause.strerror or cause}",
            )
            hint = Sentence("free some space, or set TMPDIR", "请释放空间，或设置 TMPDIR")
            raise SetupError("disk-full", message, hint=hint) from cause
    return total


def contents(packed: BinaryIO, wanted: Sequence[str], name: str = PACK_FILE) -> list[bytes]:
    """Some files of a pack in one reading, as they are asked for; b"" for one that is not in there.

    Raises:
        EvidenceError: as `unpack`.
    """
    held = dict.fromkeys(wanted, b"")
    for entry, _, pieces in entries(packed, name):
        kept = [piece for piece in pieces if entry in held]
        if entry in held:
            held[entry] = b"".join(kept)
        if entry == max(wanted):  # they come in the order of their names
            break
    return [held[entry] for entry in wanted]


def entries(packed: BinaryIO, name: str) -> Iterator[tuple[str, int, Iterator[bytes]]]:
    """Name, size and content of each file; the content must be read before the next.

    Raises:
        EvidenceError: ``pack-wrong``, ``pack-too-large``.
    """
    reader = _Reader(packed, name)
    before, total = "", 0
    while (block := reader.exactly(_BLOCK)).strip(b"\0"):
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, UnicodeError, ValueError) as cause:
            raise _wrong(
                name, Sentence("an entry's header cannot be read", "有条目头无法读取")
            ) from cause
        if info.name not in _KNOWN:
            raise _wrong(
                name,
                Sentence(f"{info.name!r} is no file of a run", f"{info.name!r} 不是运行的文件"),
            )
        if info.name <= before:
            raise _wrong(
                name,
                Sentence(
                    f"{info.name} stands twice, or out of order",
                    f"{info.name} 出现两次，或次序有误",
                ),
            )
        total += info.size  # before its header is made again: beyond 8 GiB there is no plain one
        if total > MAX_EVIDENCE_BYTES:
            message = Sentence(
                f"more than {MAX_EVIDENCE_BYTES:,} bytes when unpacked",
                f"解包后超过 {MAX_EVIDENCE_BYTES:,} 字节",
            )
            raise EvidenceError("pack-too-large", message, Place(name))
        if block != _header(info.name, info.size):
            raise _wrong(
                name,
                Sentence(
                    f"the header of {info.name} says more than name and size",
                    f"{info.name} 的条目头含有名称与大小以外的内容",
                ),
            )
        before = info.name
        yield info.name, info.size, reader.pieces(info.size)
        if reader.exactly(-info.size % _BLOCK).strip(b"\0"):
            raise _wrong(
                name, Sentence(f"something lies behind {info.name}", f"{info.name} 之后还有内容")
            )
    if reader.exactly(_BLOCK).strip(b"\0") or not reader.ended():
        raise _wrong(name, Sentence("something lies behind its end", "其结尾之后还有内容"))


def _wrong(name: str, message: str) -> EvidenceError:
    hint = Sentence("make it again: suite submit RUN", "请重新生成：suite submit RUN")
    return EvidenceError(
        "pack-wrong",
        Sentence(f"not the pack of a run: {message}", f"不是运行的压缩包：{chinese(message)}"),
        Place(name),
        hint,
    )


class _Reader:
    """Reads what one zstd frame holds, in bounded memory."""

    def __init__(self, packed: BinaryIO, name: str) -> None:
        self._packed, self._name = packed, name
        self._frame = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()
        self._ready = b""

    def exactly(self, size: int) -> bytes:
        return b"".join(self.pieces(size))

    def pieces(self, size: int) -> Iterator[bytes]:
        while size:
            if not self._ready and not self._more():
                raise _wrong(self._name, Sentence("it ends too early", "它过早结束"))
            piece, self._ready = self._ready[:size], self._ready[size:]
            size -= len(piece)
            yield piece

    def ended(self) -> bool:
        """Whether frame and file end here."""
        while not self._ready and self._more():
            pass
        return not self._ready and not self._frame.unused_data and not self._packed.read(1)

    def _more(self) -> bool:
        """Decompress some more; False at the end of the frame."""
        while not self._ready:
            if self._frame.eof:
                return False
            fed = self._packed.read(_FEED)
            if not fed:
                raise _wrong(self._name, Sentence("it is cut", "它被截断"))
            try:
                self._ready = self._frame.decompress(fed)
            except zstandard.ZstdError as cause:
                raise _wrong(
                    self._name,
                    Sentence(
                        f"zstd refuses it: {str(cause)[:100]}", f"zstd 拒绝：{str(cause)[:100]}"
                    ),
                ) from cause
        return True
