"""Serves a folder of runs to a browser on the same machine: runs, their states as they go, the cards they left.

It answers only under its own name, so that no page elsewhere can ask it through the reader's browser, and it gives
out files of a fixed list alone.
"""

from __future__ import annotations

import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import msgspec

from suite.base.bilingual import Sentence
from suite.base.errors import EngineError
from suite.base.jsonio import read_bytes
from suite.base.safe import MAX_FILE_BYTES, is_plain, read_plain
from suite.judge.attest.files import PAGE_FILE
from suite.judge.live.follow import Follower
from suite.judge.site.pages import LIBRARY, live_page, live_policy, runs_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.judge.live.follow import RunState

NAMES: Final = ("127.0.0.1", "localhost")
FILES: Final = {PAGE_FILE: "text/html; charset=utf-8", "scorecard.json": "application/json"}
"""What is given out of a run, with its kind."""
TEXT: Final = "text/plain; charset=utf-8"
KINDS: Final = {".js": "text/javascript; charset=utf-8", ".json": "application/json"}
MOST_RUNS: Final = 200
"""Runs that are listed, the newest; each keeps the state of its log."""
_PLAN: Final = "plan.json"


class Runs:
    """The runs of some folders, followed one request at a time."""

    def __init__(self, places: Sequence[Path]) -> None:
        """Each place is a run directory or a folder of these."""
        self._places = tuple(places)
        self._followers: dict[Path, Follower] = {}
        self._lock = threading.Lock()

    def _directories(self) -> dict[str, Path]:
        """By name, the newest first; of two with one name the first place's."""
        directories: dict[str, Path] = {}
        for place in self._places:
            inner = [place] if is_plain(place / _PLAN) else sorted(place.iterdir(), reverse=True)
            for path in inner:
                if is_plain(path / _PLAN):
                    directories.setdefault(path.name, path)
        return dict(sorted(directories.items(), reverse=True)[:MOST_RUNS])

    def states(self) -> list[RunState]:
        """All runs, the newest first."""
        return [self._state(path) for path in self._directories().values()]

    def state(self, name: str) -> RunState | None:
        """One run; None where there is none of that name."""
        path = self._directories().get(name)
        return None if path is None else self._state(path)

    def file(self, name: str, file: str) -> bytes | None:
        """A file of `FILES` of a run; None where there is none."""
        path = self._directories().get(name)
        if path is None or file not in FILES or not is_plain(path / file):
            return None
        return read_plain(path / file, MAX_FILE_BYTES, below=path)

    def _state(self, path: Path) -> RunState:
        with self._lock:
            return self._followers.setdefault(path, Follower(path)).state()


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version = "suite"
    sys_version = ""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a page, a state or a file."""
        if self.headers.get("Host", "").partition(":")[0].lower() not in NAMES:
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, b"served as localhost alone\n")
            return
        path = unquote(self.path.partition("?")[0])
        try:
            self._route(path)
        except OSError as cause:
            reason = f"cannot read: {cause.strerror or cause}\n"
            self._answer(HTTPStatus.NOT_FOUND, reason.encode())

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def _route(self, path: str) -> None:
        runs = self.server.runs
        match path.strip("/").split("/"):
            case [""]:
                self._page(runs_page(runs.states()))
            case ["favicon.ico"]:
                self._answer(HTTPStatus.NO_CONTENT, b"")
            case ["chartjs", _]:
                self._library(path.strip("/"))
            case ["state.json"]:
                self._json(runs.states())
            case ["runs", name]:
                self._live(name)
            case ["runs", name, "state.json"]:
                state = runs.state(name)
                self._missing() if state is None else self._json(state)
            case ["runs", name, file]:
                data = runs.file(name, file)
                if data is None:
                    self._missing()
                else:
                    self._answer(HTTPStatus.OK, data, FILES[file])
            case _:
                self._missing()

    def _live(self, name: str) -> None:
        if not self.path.partition("?")[0].endswith("/"):
            self._moved(f"{self.path}/")
        elif (state := self.server.runs.state(name)) is not None:
            self._page(live_page(state))
        else:
            self._missing()

    def _library(self, name: str) -> None:
        """What draws the curves, as it lies in a site."""
        own = LIBRARY.get(name)
        if own is None:
            self._missing()
        else:
            self._answer(HTTPStatus.OK, read_bytes(own), KINDS.get(own.suffix, TEXT))

    def _page(self, page: bytes) -> None:
        policy = {"Content-Security-Policy": live_policy()}
        self._answer(HTTPStatus.OK, page, "text/html; charset=utf-8", policy)

    def _json(self, document: object) -> None:
        self._answer(HTTPStatus.OK, msgspec.json.encode(document), "application/json")

    def _missing(self) -> None:
        self._answer(HTTPStatus.NOT_FOUND, b"there is no such run or file\n")

    def _moved(self, path: str) -> None:
        self._answer(HTTPStatus.MOVED_PERMANENTLY, b"", headers={"Location": path})

    def _answer(
        self,
        status: HTTPStatus,
        data: bytes,
        kind: str = TEXT,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        fixed = {
            "Content-Type": kind,
            "Content-Length": str(len(data)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        for name, value in (fixed | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: a page asks every second."""


class Server(ThreadingHTTPServer):
    """Listens at 127.0.0.1 alone."""

    daemon_threads = True

    def __init__(self, runs: Runs, port: int) -> None:
        """Listen.

        Args:
            runs: what is served.
            port: 0 for any that is free.

        Raises:
            EngineError: ``address-taken``.
        """
        self.runs = runs
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as cause:
            raise EngineError(
                "address-taken",
                Sentence(
                    f"cannot listen at 127.0.0.1:{port}: {cause.strerror}",
                    f"无法在 127.0.0.1:{port} 监听：{cause.strerror}",
                ),
                hint=Sentence("--port 0 takes any that is free", "--port 0 使用任一空闲端口"),
            ) from cause

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's own
        """A browser that goes away in the middle of an answer is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"http://127.0.0.1:{self.server_address[1]}/"
