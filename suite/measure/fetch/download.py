"""One file on its way into a file that grows: resumed after a cut, checked for length.

The rest is asked for with Range where it can be known to be the rest of the same file: by the digest that the whole
must have, or by If-Range with the strong validator that the server gave for the bytes so far. requests does the
HTTP: proxies, certificates, redirects.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Final

import requests
import urllib3

from suite import __version__
from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place, SetupError

if TYPE_CHECKING:
    from pathlib import Path

Progress = Callable[[int, int | None], None]
"""Told bytes done and, when known, bytes in all."""

BLOCK: Final = 2**18
_CONTENT_RANGE = re.compile(r"bytes ([0-9]+)-[0-9]+/([0-9]+|\*)\Z")
_LENGTH = re.compile(r"[0-9]{1,18}\Z")
_PASSING: Final = frozenset((408, 416, 425, 429))
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


class UnavailableError(Exception):
    """This place will not give the file; the next may still have it."""


class CutError(UnavailableError):
    """The transfer failed in a way that may pass."""


@dataclass(slots=True)
class Download:
    """A file on its way.

    Attributes:
        part: the growing file, open for appending.
        path: its path.
        sha256: the digest that the whole file must have, or None.
        size: its length in bytes, or None.
        progress: told bytes done and in all.
        patience: how long to try.
    """

    part: IO[bytes]
    path: Path
    sha256: str | None
    size: int | None
    progress: Progress | None = None
    patience: Patience = field(default_factory=Patience)
    _validator: tuple[str, str] = ("", "")  # the URL that gave the bytes so far, their ETag or date

    def from_url(self, url: str) -> None:
        """Transfer until the file is whole; a try that gets further than any before renews the patience.

        Raises:
            UnavailableError: this server will not give the file, or the patience is at an end.
            DataError: ``download-wrong-size``, ``download-unverifiable``.
            SetupError: ``disk-full``.
        """
        in_vain, furthest = 0, self._length()
        while True:
            try:
                self._transfer(url)
            except CutError:
                length = self._length()
                in_vain = 0 if length > furthest else in_vain + 1
                furthest = max(furthest, length)
                if in_vain >= self.patience.attempts:
                    raise
                if in_vain:
                    self.patience.sleep(self.patience.pause_s * 2 ** (in_vain - 1))
            else:
                return

    def from_file(self, path: Path) -> None:
        """Copy a file of this machine.

        Raises:
            UnavailableError: it cannot be read.
            DataError: ``download-wrong-size``.
            SetupError: ``disk-full``.
        """
        try:
            file = path.open("rb")
            total = path.stat().st_size
        except OSError as cause:
            raise UnavailableError(cause.strerror or str(cause)) from cause
        with file:
            if self.size is not None and total != self.size:
                message = Sentence(
                    f"{path} has {total} bytes, wanted {self.size}",
                    f"{path} 有 {total} 字节，所需为 {self.size} 字节",
                )
                raise DataError(
                    "download-wrong-size",
                    message,
                    hint=Sentence("this is another file", "这是另一个文件"),
                )
            self._restart()
            self._require_space(total)
            while block := file.read(BLOCK):
                self._append(block, total)

    def _length(self) -> int:
        return self.part.seek(0, os.SEEK_END)

    def _restart(self) -> None:
        self.part.truncate(0)
        self.part.seek(0)
        self._validator = ("", "")

    def _append(self, block: bytes, total: int | None) -> None:
        self.part.write(block)
        if total is not None and self.part.tell() > total:
            message = Sentence(
                f"the server sends more than the {total} bytes that it announced",
                f"服务器发送的内容超过其所称的 {total} 字节",
            )
            raise DataError("download-wrong-size", message)
        if self.progress:
            self.progress(self.part.tell(), total)

    def _transfer(self, url: str) -> None:
        if self.size is not None and self._length() >= self.size:
            if self._length() == self.size:
                return
            self._restart()
        try:
            response = requests.get(
                url, headers=self._headers(url), stream=True, timeout=self.patience.timeout_s
            )
        except (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL) as cause:
            raise UnavailableError(f"it leads elsewhere: {str(cause)[:120]}") from cause
        except requests.exceptions.RequestException as cause:
            raise CutError(f"no answer: {str(cause)[:300]}") from cause
        with response:
            self._refuse(response)
            total = self._begin(url, response)
            self._receive(response, total)

    def _headers(self, url: str) -> dict[str, str]:
        """Ask for the rest where it can be known to be the rest of the same file, else for all."""
        headers = {
            "User-Agent": f"llm-inference-conformance/{__version__}",
            "Accept-Encoding": "identity",
        }
        length = self._length()
        validator = self._validator[1] if self._validator[0] == url else ""
        if length and (self.sha256 or validator):
            headers["Range"] = f"bytes={length}-"
            if validator:
                headers["If-Range"] = validator
        elif length:
            self._restart()
        return headers

    def _refuse(self, response: requests.Response) -> None:
        """Refuse answers that are not the file."""
        schemes = [step.url.partition(":")[0] for step in (*response.history, response)]
        if schemes != sorted(schemes):  # "http" < "https": never from https to http
            raise UnavailableError(f"redirected to {response.url[:80]}")
        status = response.status_code
        if status >= HTTPStatus.BAD_REQUEST:
            if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                self._restart()
            passing = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING
            message = Sentence(
                f"the server answered {status} {response.reason}",
                f"服务器以 {status} {response.reason} 应答",
            )
            raise (CutError if passing else UnavailableError)(message)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise UnavailableError("the server compresses what must come as it is")

    def _begin(self, url: str, response: requests.Response) -> int | None:
        """Put the file at the right place; return its whole length."""
        length = response.headers.get("Content-Length", "")
        total = int(length) if _LENGTH.match(length) else None
        if response.status_code == HTTPStatus.PARTIAL_CONTENT:
            match = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
            if match is None or int(match[1]) != self.part.tell():
                self._restart()
                raise CutError("the server sent another range than was asked for")
            total = None if match[2] == "*" else int(match[2])
        else:
            self._restart()
        if self.size is not None and total is not None and total != self.size:
            message = Sentence(
                f"the server's file has {total} bytes, wanted {self.size}",
                f"服务器的文件有 {total} 字节，所需为 {self.size} 字节",
            )
            raise DataError(
                "download-wrong-size",
                message,
                hint=Sentence("this is another file", "这是另一个文件"),
            )
        if total is None and self.size is None and self.sha256 is None:
            message = Sentence(
                "neither length nor digest is known, so a cut could not be told",
                "长度与摘要均不知道，因此无从发现截断",
            )
            raise DataError(
                "download-unverifiable",
                message,
                hint=Sentence("give the digest with --sha256", "请以 --sha256 给出摘要"),
            )
        self._require_space((self.size or total or 0) - self.part.tell())
        validator = response.headers.get("ETag", "")
        if not validator or validator.startswith("W/"):  # a weak one does not vouch for bytes
            validator = response.headers.get("Last-Modified", "")
        self._validator = (url, validator)
        return total if total is not None else self.size

    def _receive(self, response: requests.Response, total: int | None) -> None:
        while True:
            try:  # read1: what came before a cut is kept to the last byte
                block: bytes = response.raw.read1(BLOCK)
            except (OSError, urllib3.exceptions.HTTPError) as cause:
                raise self._cut(total) from cause
            if not block:
                break
            self._append(block, total)
        self.part.flush()
        if total is not None and self.part.tell() < total:
            raise self._cut(total)

    def _cut(self, total: int | None) -> CutError:
        of = "" if total is None else f" of {total}"
        return CutError(f"cut after {self.part.tell()}{of} bytes")

    def _require_space(self, needed: int) -> None:
        """Refuse to begin what the disk cannot hold."""
        free = shutil.disk_usage(self.path.parent).free
        if needed > free:
            message = Sentence(
                f"{needed} bytes are still to come, {free} are free",
                f"还需 {needed} 字节，剩余 {free} 字节",
            )
            raise SetupError(
                "disk-full",
                message,
                Place(str(self.path)),
                Sentence("free some space", "请释放空间"),
            )
