"""Reading a task file of any known form: what it is shows in its content, never in its name alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.errors import DataError, Place
from suite.declare.tasks.formats.canonical import as_reading, is_canonical, read_canonical
from suite.declare.tasks.formats.csv_file import read_csv
from suite.declare.tasks.formats.jsonl_file import read_jsonl
from suite.declare.tasks.formats.summary_files import (
    MEMBER_FOLDER,
    SUFFIX,
    read_archive,
    read_folder,
)
from suite.declare.tasks.selection import official_split

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from suite.declare.tasks.records import Progress, Reading

_HEAD_BYTES = 4096
_GZIP = b"\x1f\x8b"
_FOREIGN = (
    (b"PAR1", "a Parquet file", "export it as CSV or JSON Lines"),
    (b"PK\x03\x04", "a zip archive", "unpack it first"),
    (b"\xfd7zXZ\x00", "an xz archive", "unpack it first"),
    (b"BZh", "a bzip2 archive", "unpack it first"),
    (b"%PDF", "a PDF", "give the data file itself"),
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
    (b"version https://git-lfs", "a Git LFS pointer, not the data", "run `git lfs pull`"),
    (b"<", "a web page or XML", "the download was answered by something else: fetch it again"),
)


def read_tasks(
    path: Path,
    *,
    ids: Collection[str] | None = None,
    keep_going: bool = False,
    progress: Progress | None = None,
) -> Reading:
    """Read the records of a file or folder; `Reading.kind` says what it was found to be.

    A folder is one of ``.summary`` files (or holds ``bbc-summary-data``, which is), or holds one
    canonical file, or one data file at all. An archive or folder of ``.summary`` files beside the
    official split file gives the test part of it. A given `ids` keeps those records alone, in any form
    of source.

    Args:
        path: canonical file, official archive, CSV, JSON Lines, or a folder.
        ids: keep these alone.
        keep_going: leave broken records out and count them instead of refusing the file.
        progress: told bytes or files done while an archive or a folder is read.

    Raises:
        DataError: ``data-missing``, ``data-unknown-form``, ``data-ambiguous``, ``file-unreadable``, or
            what the reader of the form refuses.
    """
    try:
        found = _locate(path)
        if found.is_dir():
            wanted = _test_ids(found) or _test_ids(found.parent) if ids is None else ids
            return read_folder(found, ids=wanted, keep_going=keep_going, progress=progress)
        if _head(found).startswith(_GZIP):
            wanted = _test_ids(found.parent) if ids is None else ids
            return read_archive(found, ids=wanted, keep_going=keep_going, progress=progress)
        reading = _read_text(found, keep_going=keep_going)
    except OSError as cause:
        reason = cause.strerror or str(cause)
        place = Place(str(path))
        raise DataError("file-unreadable", f"cannot read: {reason}", place) from cause
    return reading if ids is None else _keep(reading, frozenset(ids))


def _locate(path: Path) -> Path:
    """The data file, or the folder of ``.summary`` files, that a path means."""
    if not path.exists():
        raise DataError("data-missing", "there is no such file or folder", Place(str(path)))
    if path.is_dir():
        for folder in (path, path / MEMBER_FOLDER):
            if any(folder.glob(f"*{SUFFIX}")):
                return folder
        return _only_data_file(path)
    if not path.is_file():
        raise DataError("data-unknown-form", "neither a file nor a folder", Place(str(path)))
    return path


def _test_ids(folder: Path) -> tuple[str, ...] | None:
    """Ids of the test part of the official split file in a folder, or None without one."""
    found = [file for file in sorted(folder.iterdir()) if _SPLIT_NAME.match(file.name)]
    return official_split(found[0])["test"] if len(found) == 1 else None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _read_text(path: Path, *, keep_going: bool) -> Reading:
    data = jsonio.read_bytes(path, error=DataError)
    head = data[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    place = Place(str(path))
    if not head:
        raise DataError("data-empty", "the file is empty", place)
    for magic, what, hint in _FOREIGN:
        if data.startswith(magic) or head.startswith(magic):
            raise DataError("data-unknown-form", f"this is {what}", place, hint)
    if is_canonical(data[:_HEAD_BYTES].partition(b"\n")[0]):
        return as_reading(path, read_canonical(path, data))
    if head.startswith(b"{"):
        return read_jsonl(path, data, keep_going=keep_going)
    if head.startswith(b"["):
        hint = "write one record per line (JSON Lines)"
        raise DataError("data-unknown-form", "this is a JSON array", place, hint)
    if b"\x00" in head:
        hint = "known: canonical file, .summary archive or folder, CSV, JSON Lines"
        raise DataError("data-unknown-form", "this is no text", place, hint)
    return read_csv(path, data, keep_going=keep_going)


def _keep(reading: Reading, ids: frozenset[str]) -> Reading:
    tasks = tuple(task for task in reading.tasks if task.id in ids)
    if not tasks:
        place = Place(reading.source)
        raise DataError("data-empty", "none of the wanted ids is in the file", place)
    notes = dict(reading.notes)
    if len(tasks) < len(ids):
        notes["missing-ids"] = len(ids) - len(tasks)
    return type(reading)(
        kind=reading.kind,
        source=reading.source,
        tasks=tasks,
        has_ids=reading.has_ids,
        notes=notes,
        excluded=reading.excluded,
        problems=reading.problems,
        columns=reading.columns,
    )


_SPLIT_NAME = re.compile(r"XSum-TRAINING-DEV-TEST-SPLIT.*\.json\Z")
_DATA_NAME = re.compile(r".*\.(?:jsonl|csv|tar\.gz|tgz)\Z", re.IGNORECASE)


def _only_data_file(folder: Path) -> Path:
    files = [
        file
        for file in sorted(folder.iterdir())
        if file.is_file() and _DATA_NAME.match(file.name) and not file.name.startswith(".")
    ]
    place = Place(str(folder))
    if not files:
        hint = "a folder of .summary files, or with one .jsonl, .csv or .tar.gz file"
        raise DataError("data-missing", "the folder holds no data file", place, hint)
    canonical = [file for file in files if is_canonical(_head(file).partition(b"\n")[0])]
    if len(canonical) == 1:
        return canonical[0]
    if len(files) > 1:
        names = ", ".join(file.name for file in files[:8])
        raise DataError("data-ambiguous", f"several data files: {names}", place, "name one of them")
    return files[0]
