"""Getting one file over HTTP into a file that grows: resumed after a cut, checked for length.

Resuming asks for the rest with Range, and with If-Range when the server gave an ETag or a date for the
bytes so far, so that a file which changed in between is taken afresh.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final, cast

from suite import __version__
from suite.base.errors import DataError, Place, SetupError

if TYPE_CHECKING:
    from pathlib import Path

Progress = Callable[[int, int | None], None]
"""Told bytes done and, when known, bytes in all."""

BLOCK = 2**18
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)\Z")
_DIGITS = re.compile(r"[0-9]{1,18}\Z")
_AGAIN: Final = frozenset((408, 416, 425, 429))
"""Refusals that may pass: time-outs, too early, too many; 416 is answered by starting afresh."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try.

    Attributes:
        attempts: tries in a row that bring no byte before a place is given up.
        pause_s: wait before the second such try, doubled each time.
        timeout_s: longest silence of a server.
        sleep: waits.
    """

    attempts: int = 4
    pause_s: float = 1.0
    timeout_s: float = 30.0
    sleep: Callable[[float], None] = time.sleep


class TryAgain(Exception):  # noqa: N818 - no error yet: a reason to go on
    """The connection failed in a way that may pass."""


class GiveUp(Exception):  # noqa: N818 - the next place may still have it
    """This place will not give the file."""


@dataclass(slots=True)
class Wanted:
    """What the file must be, and where it grows."""

    part: Path
    sha256: str | None
    size: int | None

    @property
    def validator_file(self) -> Path:
        """Holds the server's validator (ETag or date) of the bytes so far."""
        return self.part.with_name(f"{self.part.name}.validator")


def persist(
    url: str, part: IO[bytes], wanted: Wanted, progress: Progress | None, patience: Patience
) -> None:
    """Transfer until the file is whole; a try that gets further than any before renews the patience.

    Args:
        url: http or https.
        part: the growing file, open for appending, at its end.
        wanted: what the file must be.
        progress: told bytes done and in all.
        patience: how long to try.

    Raises:
        TryAgain: the patience is at an end.
        GiveUp: this server will not give the file.
        DataError: ``download-wrong-size``, ``download-unverifiable``.
        SetupError: ``disk-full``.
    """
    in_vain, furthest = 0, part.tell()
    while True:
        try:
            _transfer(url, part, wanted, progress, patience.timeout_s)
        except TryAgain:
            in_vain = 0 if part.tell() > furthest else in_vain + 1
            furthest = max(furthest, part.tell())
            if in_vain >= patience.attempts:
                raise
            if in_vain:
                patience.sleep(patience.pause_s * 2 ** (in_vain - 1))
        else:
            return


def restart(part: IO[bytes], wanted: Wanted) -> None:
    """Throw away the bytes so far."""
    part.truncate(0)
    part.seek(0)
    wanted.validator_file.unlink(missing_ok=True)


def _request(url: str, part: IO[bytes], wanted: Wanted) -> urllib.request.Request:
    """Ask for the rest where it can be known to be the rest of the same file, else for all."""
    headers = {
        "User-Agent": f"llm-inference-conformance/{__version__}",
        "Accept-Encoding": "identity",
    }
    have = part.seek(0, os.SEEK_END)
    known = wanted.validator_file.read_text("utf-8") if wanted.validator_file.is_file() else ""
    validator = known.removeprefix(f"{url}\n") if known.startswith(f"{url}\n") else ""
    if have and (wanted.sha256 or validator):
        headers["Range"] = f"bytes={have}-"
        if validator:
            headers["If-Range"] = validator
    elif have:
        restart(part, wanted)
    return urllib.request.Request(url, headers=headers)  # noqa: S310 - the scheme was checked


def _transfer(
    url: str, part: IO[bytes], wanted: Wanted, progress: Progress | None, timeout_s: float
) -> None:
    request = _request(url, part, wanted)
    if wanted.size is not None and part.tell() >= wanted.size:
        if part.tell() == wanted.size:
            return
        restart(part, wanted)
        request = _request(url, part, wanted)
    with _open(request, part, wanted, timeout_s) as response:
        total = _begin(url, response, part, wanted)
        _receive(response, part, total, progress)


def _open(
    request: urllib.request.Request, part: IO[bytes], wanted: Wanted, timeout_s: float
) -> http.client.HTTPResponse:
    try:
        return cast("http.client.HTTPResponse", _OPENER.open(request, timeout=timeout_s))
    except urllib.error.HTTPError as cause:
        cause.close()
        if cause.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            restart(part, wanted)
        again = cause.code >= 500 or cause.code in _AGAIN
        message = f"the server answered {cause.code} {cause.reason}"
        raise (TryAgain if again else GiveUp)(message) from cause
    except urllib.error.URLError as cause:
        raise TryAgain(f"no connection: {cause.reason}") from cause
    except (OSError, http.client.HTTPException) as cause:
        raise TryAgain(f"no answer: {cause!r}") from cause


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects to http and https alone, and never from https to http."""

    def redirect_request(  # noqa: PLR0917 - the library's signature
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        allowed = ("https",) if req.type == "https" else ("http", "https")
        if urllib.parse.urlsplit(newurl).scheme not in allowed:
            raise urllib.error.URLError(f"redirected to {newurl[:80]}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER: Final = urllib.request.build_opener(_Redirects)


def _begin(
    url: str, response: http.client.HTTPResponse, part: IO[bytes], wanted: Wanted
) -> int | None:
    """Read the head of an answer, put the file at the right place, return its whole length."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise GiveUp("the server compresses what must come as it is")
    length = response.headers.get("Content-Length")
    total = int(length) if length and _DIGITS.match(length) else None
    if response.status == http.HTTPStatus.PARTIAL_CONTENT:
        match = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
        if match is None or int(match.group(1)) != part.tell():
            restart(part, wanted)
            raise TryAgain("the server sent another range than was asked for")
        total = None if match.group(2) == "*" else int(match.group(2))
    else:
        restart(part, wanted)
    if wanted.size is not None and total is not None and total != wanted.size:
        message = f"the server's file has {total} bytes, wanted {wanted.size}"
        raise DataError("download-wrong-size", message, hint="this is another file")
    if total is None and wanted.size is None and wanted.sha256 is None:
        message = "neither length nor digest is known, so a cut could not be told"
        raise DataError("download-unverifiable", message, hint="give the digest with --sha256")
    require_space(wanted, (wanted.size or total or 0) - part.tell())
    validator = response.headers.get("ETag", "")
    if not validator or validator.startswith("W/"):  # a weak one does not vouch for bytes
        validator = response.headers.get("Last-Modified", "")
    if validator:
        wanted.validator_file.write_text(f"{url}\n{validator}", "utf-8")
    return total if total is not None else wanted.size


def require_space(wanted: Wanted, needed: int) -> None:
    """Refuse to begin what the disk cannot hold.

    Raises:
        SetupError: ``disk-full``.
    """
    free = shutil.disk_usage(wanted.part.parent).free
    if needed > free:
        message = f"{needed} bytes are still to come, {free} are free"
        raise SetupError("disk-full", message, Place(str(wanted.part)), "free some space")


def _receive(
    response: http.client.HTTPResponse,
    part: IO[bytes],
    total: int | None,
    progress: Progress | None,
) -> None:
    while True:
        try:
            block = response.read(BLOCK)
        except (OSError, http.client.HTTPException) as cause:
            raise TryAgain(f"cut after {part.tell()} bytes: {cause}") from cause
        if not block:
            break
        part.write(block)
        if total is not None and part.tell() > total:
            message = f"the server sends more than the {total} bytes that it announced"
            raise DataError("download-wrong-size", message)
        if progress:
            progress(part.tell(), total)
    part.flush()
    if total is not None and part.tell() < total:
        raise TryAgain(f"cut after {part.tell()} of {total} bytes")
