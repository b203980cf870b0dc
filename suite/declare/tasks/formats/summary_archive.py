"""The official distribution as it is published: ``bbc-summary-data/<id>.summary`` in a tar.gz archive."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place, unreadable
from suite.base.safe import open_plain
from suite.declare.tasks.formats.record import GZIP, Candidate, Confidence, Format
from suite.declare.tasks.formats.summary import SUFFIX, keep_test_part, take

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from suite.declare.tasks.records import Collector, Reading

MAX_MEMBER_BYTES = 4 * 2**20
"""The longest official member has under 200 kB; more than this is no article."""


def _sniff(candidate: Candidate) -> Confidence:
    """A gzip file of no text; a text that was packed alone is of the text's own format."""
    if not candidate.head.startswith(GZIP):
        return Confidence.NO
    unpacked = candidate.unpacked
    return Confidence.NO if unpacked and b"\x00" not in unpacked else Confidence.LIKELY


def _read(path: Path, collector: Collector) -> Reading:
    """Read the members as a stream.

    Nothing is unpacked to disk; links, folders and other members are passed over. The archive is read
    to its last byte, so that a cut or damaged one is noticed. Progress is told in compressed bytes.

    Raises:
        DataError: ``archive-damaged`` when it is cut or fails its checksum, ``data-unknown-form``.
    """
    keep_test_part(path.parent, collector)
    progress = collector.progress
    try:
        total = path.stat().st_size
        with open_plain(path, below=None) as raw, gzip.open(raw) as plain:
            compressed = None if progress is None else lambda: progress(raw.tell(), total)
            _read_members(cast("BinaryIO", plain), collector, compressed)  # it reads as one
            while plain.read(2**20):
                pass  # the checksum stands at the very end
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as cause:
        hint = Sentence(
            "its size is wrong or a byte changed: download it again with `suite data fetch`",
            "其大小有误或有字节改变：请以 `suite data fetch` 重新下载",
        )
        message = Sentence(
            f"the archive is cut or damaged: {cause}", f"压缩包被截断或已损坏：{cause}"
        )
        raise DataError("archive-damaged", message, Place(str(path)), hint) from cause
    except OSError as cause:
        raise unreadable(DataError, path, cause) from cause
    return collector.finish()


def _read_members(
    plain: BinaryIO,
    collector: Collector,
    tell: Callable[[], None] | None,
) -> None:
    try:
        stream = tarfile.open(fileobj=plain, mode="r|")  # noqa: SIM115 - entered below
    except tarfile.ReadError as cause:
        place = Place(collector.source)
        hint = Sentence(
            "needed: the official tar.gz; unpack other compressed files first",
            "需要官方的 tar.gz；其他压缩文件请先解压",
        )
        raise DataError(
            "data-unknown-form",
            Sentence("compressed, but no tar archive", "是压缩文件，但不是 tar 归档"),
            place,
            hint,
        ) from cause
    with stream as archive:
        for number, member in enumerate(archive):
            # A stream keeps every header that it passed; a quarter of a million of them is too many.
            archive.members = []  # type: ignore[attr-defined]  # an attribute that the types leave out
            if tell and number % 256 == 0:
                tell()
            name = PurePosixPath(member.name)
            if not member.isfile() or name.suffix != SUFFIX or name.name.startswith("."):
                continue
            if not collector.wants(name.stem):
                continue
            place = Place(f"{collector.source}!{member.name}")
            if member.size > MAX_MEMBER_BYTES:
                collector.reject(
                    "broken-row",
                    Sentence(f"{member.size} bytes are no article", f"{member.size} 字节不成文章"),
                    place,
                )
                continue
            file = archive.extractfile(member)
            assert file is not None
            take(file.read(), name.stem, place, collector)


FORMAT = Format(
    name="official archive",
    name_zh="官方归档",
    description="XSum's tar.gz of `.summary` files as published; beside its split file, the test part of it",
    description_zh="XSum 发布的 `.summary` 文件 tar.gz 归档；旁边有划分文件时只取其测试部分",
    suffixes=(".tar.gz", ".tgz"),
    sniff=_sniff,
    reader=_read,
)
