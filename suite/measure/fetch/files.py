"""A published file in a directory: with progress, resumed after a cut, refused unless the digest is right.

A download grows in ``<name>.part`` beside its target and is moved there only when it is whole and its
SHA-256 is the published one. An interrupted one goes on where it stopped, in the same process or, where a digest is
known, the next. Nothing but http, https and local files is read.
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

from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place, Problem, SetupError, UsageError
from suite.measure.fetch.download import Download, Patience, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.measure.fetch.download import Progress
    from suite.measure.fetch.published import Source


_GOES_ON: Final = Sentence(
    "free some space and run it again: it goes on where it stopped",
    "请释放空间后重新运行：将从中断处继续",
)


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
        raise UsageError(
            "digest-malformed",
            Sentence(
                "a SHA-256 is 64 lower-case hexadecimal digits", "SHA-256 是 64 位小写十六进制数字"
            ),
        )
    target = directory / source.file_name
    digest = sha256 or source.sha256
    with system_refusals(target, _GOES_ON):
        directory.mkdir(parents=True, exist_ok=True)
        if target.exists():
            return _present(target, digest)
        size = source.size if digest == source.sha256 else None
        part = directory / f"{source.file_name}.part"
        with _growing(part) as file:
            download = Download(file, part, digest, size, progress, patience or Patience())
            used = _first_that_gives((origin,) if origin else source.urls, download)
            actual, length = _finish(download, used)
            part.replace(target)
    return Fetched(target, used, actual, length, checked=digest is not None)


@contextlib.contextmanager
def system_refusals(target: Path, hint: Sentence) -> Iterator[None]:
    """What the system refuses while a file is written, in words.

    Args:
        target: the file, as the place.
        hint: what to do where the disk is full.

    Raises:
        DataError: ``file-unwritable``.
        SetupError: ``disk-full``.
    """
    try:
        yield
    except OSError as cause:
        place = Place(str(target))
        if cause.errno in (errno.ENOSPC, errno.EDQUOT):
            full = Sentence("the disk is full", "磁盘已满")
            raise SetupError("disk-full", full, place, hint) from cause
        reason = cause.strerror or str(cause)
        raise DataError(
            "file-unwritable", Sentence(f"cannot write: {reason}", f"无法写入：{reason}"), place
        ) from cause


@contextlib.contextmanager
def _growing(path: Path) -> Iterator[IO[bytes]]:
    """The growing file, locked against other processes; removed where it stayed empty."""
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            message = Sentence(
                "another download of this file is going on", "此文件正由另一进程下载"
            )
            raise DataError("download-busy", message, Place(str(path))) from cause
        try:
            yield file
        finally:
            file.flush()
            if path.exists() and not path.stat().st_size:
                path.unlink()


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 and length in bytes of a file of any length."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


def _present(target: Path, digest: str | None) -> Fetched:
    """The file that is there already.

    Raises:
        DataError: ``file-exists-differs``.
    """
    actual, size = digest_of(target)
    if digest is not None and actual != digest:
        message = Sentence(
            f"the file is there with another SHA-256 ({actual[:16]}…, not {digest[:16]}…)",
            f"文件已在，但 SHA-256 不同（{actual[:16]}…，而不是 {digest[:16]}…）",
        )
        hint = Sentence("move it away and fetch again", "请移走它，然后重新获取")
        raise DataError("file-exists-differs", message, Place(str(target)), hint)
    return Fetched(target, "", actual, size, checked=digest is not None)


def _finish(download: Download, origin: str) -> tuple[str, int]:
    download.part.flush()
    os.fsync(download.part.fileno())
    actual, size = digest_of(download.path)
    if download.sha256 is not None and actual != download.sha256:
        download.path.unlink()
        raise DataError(
            "download-wrong-digest",
            Sentence(
                f"{origin} gave {size} bytes with SHA-256 {actual}, wanted {download.sha256}",
                f"{origin} 给出 {size} 字节，SHA-256 为 {actual}，所需为 {download.sha256}",
            ),
            hint=Sentence(
                "nothing was kept; the next try starts afresh", "没有保留任何内容；下次重新开始"
            ),
        )
    return actual, size


def _first_that_gives(places: tuple[str, ...], download: Download) -> str:
    """Take the file from the first place that gives it, going on with what the one before gave."""
    reasons: list[Problem] = []
    for place in places:
        try:
            if _is_url(place):
                download.from_url(place)
            else:
                download.from_file(Path(place))
        except UnavailableError as cause:
            reasons.append(Problem(f"{place}: {cause}"))
        else:
            return place
    offset = download.part.tell()
    name = download.path.name.removesuffix(".part")
    if download.sha256:
        name += f", SHA-256 {download.sha256}"
    hint = (
        Sentence(
            f"{offset} bytes are kept; run it again to go on",
            f"已保留 {offset} 字节；重新运行即可继续",
        )
        if offset
        else Sentence(
            f"fetch it where there is a network and give it with --from FILE: {name}",
            f"请在有网络之处获取，并以 --from FILE 给出：{name}",
        )
    )
    raise DataError(
        "download-failed", Sentence("the download failed", "下载失败"), hint=hint, problems=reasons
    )


def _is_url(place: str) -> bool:
    scheme, separator, _ = place.partition("://")
    if not separator:
        return False
    if scheme.lower() not in ("http", "https"):
        message = Sentence(f"{scheme}:// is not read", f"不读取 {scheme}://")
        raise UsageError(
            "url-refused",
            message,
            hint=Sentence("give http, https or a local path", "请给出 http、https 或本机路径"),
        )
    return True
