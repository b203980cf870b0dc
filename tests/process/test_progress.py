"""What a person sees of a run on a real terminal, through a pseudo-terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time

import pytest

from tests.factories import authority, runs

COLUMNS = 80
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SLOW = {"ttft_ms": 100, "itl_ms": 50, "tokens": 24}


class Terminal:
    """A command on a pseudo-terminal of 80 columns."""

    def __init__(self, *words, **changes):
        self._mine, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            runs.command(*words),
            cwd=runs.ROOT,
            env=runs.environment(TERM="xterm-256color", **changes),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.text = ""

    def read(self) -> bool:
        """Take what has come; False at the end."""
        ready, _, _ = select.select([self._mine], [], [], 0.1)
        if not ready:
            return True
        try:
            data = os.read(self._mine, 65536)
        except OSError:  # the last process that held the other side has ended
            return False
        self.text += data.decode("utf-8", "replace")
        return bool(data)

    def plain(self) -> str:
        """The text without colours and cursor movements, on one line."""
        return " ".join(ESCAPES.sub("", self.text).split())

    def until(self, pattern: str, timeout: float = 120) -> re.Match[str]:
        deadline = time.monotonic() + timeout
        while not (match := re.search(pattern, self.plain())):
            assert self.read(), self.text
            assert time.monotonic() < deadline, self.text
        return match

    def end(self) -> int:
        while self.read():
            pass
        return self.process.wait(60)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._mine)


@pytest.fixture
def terminal():
    opened: list[Terminal] = []

    def open_terminal(*words, **changes) -> Terminal:
        opened.append(Terminal(*words, **changes))
        return opened[-1]

    yield open_terminal
    for one in opened:
        one.close()


@pytest.fixture
def words(tmp_path, request):
    tasks = getattr(request, "param", 6)
    tiny = runs.profile(tmp_path, size=tasks, tasks=tasks)
    return [
        *("run", "--runtime", "sim", "--profile", tiny, "--out", tmp_path / "run"),
        *("--key", runs.key(tmp_path / "key.pem"), "--sim-script", json.dumps(SLOW)),
    ]


@pytest.mark.parametrize("words", [200], indirect=True)
def test_a_phase_shows_requests_and_time_left_and_ctrl_c_is_answered(terminal, words, tmp_path):
    shown = terminal(*words)
    shown.until(r"single-stream \S+ \d+ of 200 requests · [^·]*, ≤ [^·]* left")
    shown.process.send_signal(signal.SIGINT)
    shown.until(r"SIGINT: closing single-stream; what was measured is kept")
    assert shown.end() == 130
    assert "error[interrupted]: stopped by SIGINT" in shown.plain()
    assert shown.plain().endswith(f"suite score {tmp_path / 'run'}")
    # The cursor is there again.
    assert shown.text.rindex("\x1b[?25h") > shown.text.rindex("\x1b[?25l")


def test_ctrl_c_while_the_card_is_made_ends_by_naming_what_judges_the_run(
    terminal, words, tmp_path
):
    # A card of six requests is made before anybody sees it: an authority that keeps its answer back holds it up.
    asked, answered = threading.Event(), threading.Event()

    def keep_back(_query: bytes) -> tuple[int, bytes]:
        if (tmp_path / "run" / "manifest.json").exists():
            asked.set()
            answered.wait(60)
        return 503, b""

    with authority.Server(keep_back) as server:
        shown = terminal(*words[:-2], "--tsa", server.url)
        shown.until("scoring, signing and rendering")
        while not asked.is_set():
            assert shown.read(), shown.text
        shown.process.send_signal(signal.SIGINT)
        assert shown.end() == 130, shown.plain()
        answered.set()
    assert shown.plain().endswith(f"suite score {tmp_path / 'run'}")


def test_an_engines_start_shows_its_log(terminal, words, tmp_path):
    words[-1] = json.dumps({"faults": [{"name": "slow_start", "ms": 60_000.0}]})
    shown = terminal(*words)
    shown.until(r"waiting for .* to be ready · \S+ s")
    # A long path goes on in the next line.
    wrapped = r"(?:\x1b\[[0-9;]*m|\s)*"
    shown.until(wrapped.join(map(re.escape, "engine.log")))
    shown.process.send_signal(signal.SIGTERM)
    assert shown.end() == 130


def test_without_colours_there_are_none(terminal, words):
    shown = terminal(*words[:-2], NO_COLOR="1")
    shown.until("CONFORMANT")
    assert shown.end() == 1
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", shown.text)
