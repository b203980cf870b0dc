"""What an address gives, from a server that may be anybody's: a plain address, or a blob or manifest of an OCI registry.

A server can be slow, endless, wrong, or send on to somewhere else. So the whole of a download has a limit of time and of
bytes, nothing is unpacked under way, and a redirection is followed only to https, three times at most, and
without the credentials of the first host. What is fetched is believed by nobody here: the digest decides.
"""

from __future__ import annotations

import re
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import urljoin, urlsplit

from suite.base import jsonio
from suite.base.addresses import is_own
from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, SuiteError
from suite.judge.submissions import credentials

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

TIMEOUT_S: Final = 30
LEAST_BYTES_PER_S: Final = 100_000
"""A server that is slower is given up."""
_REDIRECTIONS: Final = 3
_PIECE: Final = 1 << 16
_MAX_TOKEN_BYTES: Final = 1 << 16
_CHALLENGE: Final = re.compile(r'(\w+)="([^"]*)"')


class Absent(Exception):  # noqa: N818 - an answer, not a mistake
    """The server says that it has no such thing."""


def scheme(host: str) -> str:
    """How a registry that the user named is asked: https, but on this machine itself http, as Docker does."""
    return "http" if is_own(host) else "https"


class _TooManyError(ValueError):
    """There is more than what was asked for."""


class Download(threading.Thread):
    """One download, in a thread of its own, since no socket keeps a limit for the whole of an answer."""

    def __init__(
        self, url: str, most: int, target: BinaryIO, *, accept: str = "", basic: str = ""
    ) -> None:
        """Prepare it.

        Args:
            url: what to ask for.
            most: bytes that are written at most; one more is asked for, so that too many are seen.
            target: takes them.
            accept: media types, for a manifest; "" for a blob.
            basic: user and password in base64, for the host of the URL alone; "" without.
        """
        super().__init__(daemon=True)
        self._url, self._most, self._target = url, most, target
        self._headers = {"Accept-Encoding": "identity"} | ({"Accept": accept} if accept else {})
        self._basic = basic
        self._given_up = False
        self._error: Exception | None = None
        self._written: OSError | None = None

    def fetch(self, name: str) -> None:
        """Wait for it.

        Args:
            name: of what is asked, for people.

        Raises:
            Absent: 404.
            EvidenceError: ``evidence-unreachable``; ``evidence-differs`` where it says itself that it is larger.
            OSError: the target cannot take it.
        """
        self.start()
        limit = 2 * TIMEOUT_S + self._most / LEAST_BYTES_PER_S
        self.join(limit)
        if self.is_alive():
            self._given_up = True
            raise unreachable(
                name,
                Sentence(f"not all of it came in {limit:.0f} s", f"{limit:.0f} 秒内未能全部取得"),
            )
        if self._written is not None:
            raise self._written
        if isinstance(self._error, Absent):
            raise self._error
        if isinstance(self._error, _TooManyError):
            message = Sentence(
                f"{name} has {self._error} bytes, more than {self._most:,}",
                f"{name} 有 {self._error} 字节，多于 {self._most:,}",
            )
            raise EvidenceError("evidence-differs", message)
        if self._error is not None:
            cause = self._error
            raise unreachable(name, f"{type(cause).__name__}: {str(cause)[:200]}") from cause

    def run(self) -> None:
        """Download; whatever happens is kept for `fetch`."""
        import requests  # noqa: PLC0415 - only what lies elsewhere asks the network
        import urllib3  # noqa: PLC0415 - the same

        try:
            with requests.Session() as session:
                session.auth = _unchanged  # else a password of ~/.netrc goes along
                answer = self._answer(session)
                with answer:
                    self._take(answer)
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
            ValueError,
            SuiteError,
            Absent,
        ) as cause:
            self._error = cause

    def _answer(self, session: Session) -> Response:
        answer = _get(session, self._url, self._headers)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            challenge = answer.headers.get("WWW-Authenticate", "")
            answer.close()
            if urlsplit(answer.url).netloc != urlsplit(self._url).netloc:
                # Whoever was sent on to is told no password, and names nobody who is.
                raise ValueError("it sends on to an address that wants credentials")
            self._headers["Authorization"] = self._authorisation(session, challenge)
            answer = _get(session, self._url, self._headers)
        if answer.status_code == HTTPStatus.OK:
            return answer
        answer.close()
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise Absent
        raise ValueError(f"it answers {answer.status_code}")

    def _take(self, answer: Response) -> None:
        length = answer.headers.get("Content-Length", "")
        if length.isascii() and length.isdigit() and int(length) > self._most:
            raise _TooManyError(length[:20])
        left = self._most + 1
        # As it comes: no encoding is undone, and a piece is handed on when there is any of it.
        while not self._given_up and left > 0 and (piece := answer.raw.read1(min(_PIECE, left))):
            left -= len(piece)
            try:
                self._target.write(piece)
            except OSError as cause:
                self._written = cause
                return

    def _authorisation(self, session: Session, challenge: str) -> str:
        """What a registry wants to see: the user's own word, or a token that it gives."""
        basic = f"Basic {self._basic}" if self._basic else ""
        if challenge.lower().startswith("basic"):
            if not basic:
                raise ValueError(credentials.NONE_KEPT)
            return basic
        words = dict(_CHALLENGE.findall(challenge[:4096]))
        realm = words.get("realm", "")
        ours = urlsplit(self._url).scheme
        if urlsplit(realm).scheme not in ("https", ours):
            raise ValueError("the registry names no https address for tokens")
        known = {name: words[name] for name in ("service", "scope") if name in words}
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": basic} if basic else {})
        with session.get(
            realm,
            params=known,
            headers=headers,
            timeout=TIMEOUT_S,
            stream=True,
            allow_redirects=False,
        ) as answer:
            data = answer.raw.read(_MAX_TOKEN_BYTES)
        given = jsonio.loads(data, name=realm[:200], error=EvidenceError)
        token = given.get("token") or given.get("access_token") if isinstance(given, dict) else None
        if not isinstance(token, str):
            raise ValueError("the registry gives no token")  # noqa: TRY004 - what a server says
        return f"Bearer {token}"


def _unchanged(request: PreparedRequest) -> PreparedRequest:
    return request


def _get(session: Session, url: str, headers: dict[str, str]) -> Response:
    """The answer at the end of what a server sends on to."""
    for _ in range(_REDIRECTIONS + 1):
        answer = session.get(
            url, headers=headers, timeout=TIMEOUT_S, stream=True, allow_redirects=False
        )
        if not answer.is_redirect:
            return answer
        onward = urljoin(url, answer.headers["Location"])
        answer.close()
        if urlsplit(onward).scheme != "https":
            raise ValueError("it sends on to an address that is not https")
        if urlsplit(onward).netloc != urlsplit(url).netloc:
            headers = {name: text for name, text in headers.items() if name != "Authorization"}
        url = onward
    raise ValueError(f"it sends on more than {_REDIRECTIONS} times")


def unreachable(name: str, why: str) -> EvidenceError:
    """The refusal where nothing came from an address."""
    return EvidenceError(
        "evidence-unreachable",
        Sentence(f"no answer from {name}: {why}", f"{name} 没有应答：{why}"),
    )
