"""Downloading the task set: with progress, resumed after a cut, refused unless the digest is right.

A download grows in ``<name>.part`` beside its target and is moved there only when it is whole and its
SHA-256 is the published one. An interrupted one goes on where it stopped (HTTP Range with If-Range), in
the same process or the next. Nothing but http, https and local files is read.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from suite.base.errors import DataError, Place, Problem, SetupError, UsageError
from suite.measure.fetch.download import (
    BLOCK,
    GiveUp,
    Patience,
    Progress,
    TryAgain,
    Wanted,
    persist,
    require_space,
    restart,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Source:
    """A published file.

    Attributes:
        name: what the command line calls it.
        file_name: name of the file it becomes.
        urls: where it is published, in the order of trying.
        sha256: its published digest, or None when none is published.
        size: its length in bytes, or None.
    """

    name: str
    file_name: str
    urls: tuple[str, ...]
    sha256: str | None
    size: int | None


_HUB = "https://huggingface.co/datasets"
_GITHUB = "https://raw.githubusercontent.com"

ARCHIVE = Source(
    name="archive",
    file_name="XSUM-EMNLP18-Summary-Data-Original.tar.gz",
    urls=(
        "http://bollin.inf.ed.ac.uk/public/direct/XSUM-EMNLP18-Summary-Data-Original.tar.gz",
        f"{_HUB}/EdinburghNLP/xsum/resolve/main/data/XSUM-EMNLP18-Summary-Data-Original.tar.gz",
    ),
    sha256="10b48aa187fc9c904b30f76ca97e2da0de8d3a1238acc26acadef93e2001af90",
    size=254_582_292,
)
SPLIT = Source(
    name="split",
    file_name="XSum-TRAINING-DEV-TEST-SPLIT-90-5-5.json",
    urls=(
        f"{_GITHUB}/EdinburghNLP/XSum/master/XSum-Dataset/XSum-TRAINING-DEV-TEST-SPLIT-90-5-5.json",
    ),
    sha256="9c0c5d8f048a90bd68b19a34e4c30577ed270d3247b2119fa06a04ef46292068",
    size=2_720_574,
)
CSV = Source(
    name="csv",
    file_name="xsum-test.csv",
    urls=(f"{_HUB}/knkarthick/xsum/resolve/main/test.csv",),
    sha256=None,  # the Hub publishes none; its ids are checked against the locks when it is read
    size=None,
)
SOURCES: Final = {source.name: source for source in (ARCHIVE, SPLIT, CSV)}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is there and whole.

    Attributes:
        path: where it lies.
        origin: the URL or file it came from, "" when it was there before.
        sha256: its digest.
        size: its length in bytes.
        checked: the digest was compared with a known one.
    """

    path: Path
    origin: str
    sha256: str
    size: int
    checked: bool


def fetch(
    source: Source,
    directory: Path,
    *,
    origin: str | None = None,
    sha256: str | None = None,
    progress: Progress | None = None,
    patience: Patience | None = None,
) -> Fetched:
    """Bring a file into a directory, or find it there.

    Args:
        source: which file.
        directory: where to; made when missing.
        origin: another URL or a local path to take it from.
        sha256: the digest to demand where none is published, or instead of the published one.
        progress: told bytes done and in all.
        patience: how long to try.

    Raises:
        DataError: ``file-exists-differs``, ``download-wrong-digest``, ``download-wrong-size``,
            ``download-failed``, ``download-unverifiable``, ``download-busy``, ``file-unwritable``,
            ``file-unreadable``.
        SetupError: ``disk-full``.
        UsageError: ``url-refused``, ``digest-malformed``.
    """
    if sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise UsageError("digest-malformed", "a SHA-256 is 64 lower-case hexadecimal digits")
    target = directory / source.file_name
    digest = sha256 or source.sha256
    with _system_refusals(target):
        directory.mkdir(parents=True, exist_ok=True)
        if target.exists():
            return _found(target, digest)
        size = source.size if digest == source.sha256 else None
        wanted = Wanted(directory / f"{source.file_name}.part", digest, size)
        places = (origin,) if origin else source.urls
        with _growing(wanted) as part:
            used = _first_that_gives(places, part, wanted, progress, patience or Patience())
            found, length = _finish(part, wanted, used)
            wanted.part.replace(target)
            wanted.validator_file.unlink(missing_ok=True)
    return Fetched(target, used, found, length, checked=digest is not None)


@contextlib.contextmanager
def _system_refusals(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        place = Place(str(target))
        if cause.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "free some space and run it again: it goes on where it stopped"
            raise SetupError("disk-full", "the disk is full", place, hint) from cause
        reason = cause.strerror or str(cause)
        raise DataError("file-unwritable", f"cannot write: {reason}", place) from cause


@contextlib.contextmanager
def _growing(wanted: Wanted) -> Iterator[IO[bytes]]:
    path = wanted.part
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            message = "another download of this file is going on"
            raise DataError("download-busy", message, Place(str(path))) from cause
        try:
            yield file
        finally:
            file.flush()
            if path.exists() and not path.stat().st_size:
                path.unlink()
                wanted.validator_file.unlink(missing_ok=True)


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 and length in bytes of a file of any length."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


def _found(target: Path, digest: str | None) -> Fetched:
    found, size = digest_of(target)
    if digest is not None and found != digest:
        message = f"the file is there with another SHA-256 ({found[:16]}…, not {digest[:16]}…)"
        hint = "move it away and fetch again"
        raise DataError("file-exists-differs", message, Place(str(target)), hint)
    return Fetched(target, "", found, size, checked=digest is not None)


def _finish(part: IO[bytes], wanted: Wanted, origin: str) -> tuple[str, int]:
    part.flush()
    os.fsync(part.fileno())
    found, size = digest_of(wanted.part)
    if wanted.sha256 is not None and found != wanted.sha256:
        wanted.part.unlink()
        wanted.validator_file.unlink(missing_ok=True)
        raise DataError(
            "download-wrong-digest",
            f"{origin} gave {size} bytes with SHA-256 {found}, wanted {wanted.sha256}",
            hint="nothing was kept; the next try starts afresh",
        )
    return found, size


def _first_that_gives(
    places: tuple[str, ...],
    part: IO[bytes],
    wanted: Wanted,
    progress: Progress | None,
    patience: Patience,
) -> str:
    reasons: list[Problem] = []
    for place in places:
        try:
            if _is_url(place):
                persist(place, part, wanted, progress, patience)
            else:
                _copy(Path(place), part, wanted, progress)
        except (GiveUp, TryAgain) as cause:
            reasons.append(Problem(f"{place}: {cause}"))
        else:
            return place
    kept = part.tell()
    hint = f"{kept} bytes are kept; run it again to go on" if kept else "take it with --from"
    raise DataError("download-failed", "the download failed", hint=hint, problems=reasons)


def _is_url(place: str) -> bool:
    scheme, separator, _ = place.partition("://")
    if not separator:
        return False
    if scheme.lower() not in ("http", "https"):
        message = f"{scheme}:// is not read"
        raise UsageError("url-refused", message, hint="give http, https or a local path")
    return True


def _copy(path: Path, part: IO[bytes], wanted: Wanted, progress: Progress | None) -> None:
    try:
        file = path.open("rb")
        total = path.stat().st_size
    except OSError as cause:
        raise GiveUp(cause.strerror or str(cause)) from cause
    with file:
        if wanted.size is not None and total != wanted.size:
            message = f"{path} has {total} bytes, wanted {wanted.size}"
            raise DataError("download-wrong-size", message, hint="this is another file")
        restart(part, wanted)
        require_space(wanted, total)
        while block := file.read(BLOCK):
            part.write(block)
            if progress:
                progress(part.tell(), total)
