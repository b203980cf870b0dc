"""The official distribution: ``bbc-summary-data/<id>.summary`` in a tar.gz archive or a folder.

The text of such a file is the one rule of the data set: blank lines and lines that are exactly a
sharing link are dropped, the rest is joined and split at ``[SN]``; part 6 is the summary, part 8 the
document, both stripped of surrounding white space.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

from suite.base.errors import DataError, Place
from suite.base.jsonio import read_bytes
from suite.declare.tasks.records import Collector, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from suite.declare.tasks.records import Progress, Reading

SUFFIX = ".summary"
MEMBER_FOLDER = "bbc-summary-data"
SHARING_LINES = frozenset(
    (
        b"Share this with",
        b"Email",
        b"Facebook",
        b"Messenger",
        b"Twitter",
        b"Pinterest",
        b"WhatsApp",
        b"Linkedin",
        b"LinkedIn",
        b"Copy this link",
        b"These are external links and will open in a new window",
    )
)
_MARKER = "[SN]"
_SUMMARY_PART = 6
_DOCUMENT_PART = 8
MAX_MEMBER_BYTES = 4 * 2**20
"""The longest official member has under 200 kB; more than this is no article."""


class _MalformedError(ValueError):
    """Internal: why a member is not a summary file."""


def parse_summary(data: bytes) -> tuple[str, str]:
    """Return (document, summary) of the bytes of one ``.summary`` file.

    Raises:
        ValueError: with a sentence saying what is wrong.
    """
    try:
        lines = data.splitlines(keepends=True) if b"\r" in data else data.split(b"\n")
        glue = b"" if b"\r" in data else b"\n"
        kept = [
            line for line in lines if line.strip() and line.rstrip(b"\r\n") not in SHARING_LINES
        ]
        parts = glue.join(kept).decode("utf-8").split(_MARKER)
    except UnicodeDecodeError as cause:
        message = f"not UTF-8 at byte {cause.start}"
        raise _MalformedError(message) from cause
    if len(parts) <= _DOCUMENT_PART:
        message = f"{len(parts) - 1} [SN] marks, needed at least {_DOCUMENT_PART}"
        raise _MalformedError(message)
    return parts[_DOCUMENT_PART].strip(), parts[_SUMMARY_PART].strip()


def _take(data: bytes, identifier: str, place: Place, collector: Collector) -> None:
    if data.startswith(b"\xef\xbb\xbf"):
        collector.notes["file-byte-order-mark"] += 1
    if b"\r\n" in data:
        collector.notes["file-crlf"] += 1
    try:
        document, summary = parse_summary(data)
    except _MalformedError as cause:
        collector.reject("broken-row", f"not a summary file: {cause}", place)
        return
    collector.add(Task(identifier, document, summary), place)


def _report_missing(wanted: Collection[str] | None, collector: Collector) -> None:
    if wanted is None:
        return
    missing = set(wanted) - {task.id for task in collector.tasks}
    if missing:
        collector.notes["missing-ids"] = len(missing)


def read_folder(
    path: Path,
    *,
    ids: Collection[str] | None = None,
    keep_going: bool = False,
    progress: Progress | None = None,
) -> Reading:
    """Read every ``.summary`` file of a folder, or those of the given ids, in the order of their names.

    Raises:
        DataError: ``data-broken-row``, ``data-duplicate-id``, ``data-empty-summary``, ``data-empty``,
            ``file-unreadable``.
    """
    collector = Collector("folder of .summary files", str(path), keep_going=keep_going)
    files = sorted(path.glob(f"*{SUFFIX}"))
    wanted = None if ids is None else frozenset(ids)
    for number, file in enumerate(files):
        if wanted is None or file.stem in wanted:
            _take(read_bytes(file, error=DataError), file.stem, Place(str(file)), collector)
        if progress and number % 256 == 0:
            progress(number, len(files))
    _report_missing(wanted, collector)
    return collector.finish()


def read_archive(
    path: Path,
    *,
    ids: Collection[str] | None = None,
    keep_going: bool = False,
    progress: Progress | None = None,
) -> Reading:
    """Read the ``.summary`` members of a tar.gz archive as a stream, or those of the given ids.

    Nothing is unpacked to disk; links, folders and other members are passed over. The archive is read
    to its last byte, so that a cut or damaged one is noticed.

    Args:
        path: the archive.
        ids: keep these alone.
        keep_going: leave broken members out and count them.
        progress: told the compressed bytes read and their total.

    Raises:
        DataError: ``archive-damaged`` when it is cut or fails its checksum, else as `read_folder`.
    """
    collector = Collector("official archive", str(path), keep_going=keep_going)
    wanted = None if ids is None else frozenset(ids)
    try:
        total = path.stat().st_size
        with path.open("rb") as raw, gzip.open(raw) as plain:
            compressed = None if progress is None else lambda: progress(raw.tell(), total)
            _read_members(cast("BinaryIO", plain), wanted, collector, compressed)
            while plain.read(2**20):
                pass  # the checksum stands at the very end
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as cause:
        hint = "its size is wrong or a byte changed: download it again with `suite data fetch`"
        message = f"the archive is cut or damaged: {cause}"
        raise DataError("archive-damaged", message, Place(str(path)), hint) from cause
    except OSError as cause:
        reason = cause.strerror or str(cause)
        place = Place(str(path))
        raise DataError("file-unreadable", f"cannot read: {reason}", place) from cause
    _report_missing(wanted, collector)
    return collector.finish()


def _read_members(
    plain: BinaryIO,
    wanted: frozenset[str] | None,
    collector: Collector,
    tell: Callable[[], None] | None,
) -> None:
    try:
        stream = tarfile.open(fileobj=plain, mode="r|")  # noqa: SIM115 - entered below
    except tarfile.ReadError as cause:
        place = Place(collector.source)
        hint = "needed: the official tar.gz; unpack other compressed files first"
        raise DataError(
            "data-unknown-form", "compressed, but no tar archive", place, hint
        ) from cause
    with stream as archive:
        for number, member in enumerate(archive):
            # A stream keeps every header that it passed; a quarter of a million of them is too many.
            archive.members = []  # type: ignore[attr-defined]
            if tell and number % 256 == 0:
                tell()
            name = PurePosixPath(member.name)
            if not member.isfile() or name.suffix != SUFFIX or name.name.startswith("."):
                continue
            if wanted is not None and name.stem not in wanted:
                continue
            place = Place(f"{collector.source}!{member.name}")
            if member.size > MAX_MEMBER_BYTES:
                collector.reject("broken-row", f"{member.size} bytes are no article", place)
                continue
            file = archive.extractfile(member)
            assert file is not None
            _take(file.read(), name.stem, place, collector)
