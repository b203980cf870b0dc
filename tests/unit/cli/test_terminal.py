"""Progress: lines for everyone, a view for a terminal, and a client that never waits for either."""

import io
import re
import signal
import threading
import time

import pytest
from rich.cells import cell_len

from suite.base.bilingual import Sentence
from suite.base.language import Language
from suite.cli import terminal as module
from suite.cli.progressview import last_line, render
from suite.cli.terminal import Terminal
from suite.measure.progress import Requests
from suite.measure.signals import Stop

HALF = Requests("offline", 20, 9, 1, 4, 30.0, 30.0, ("4,123 tokens/s", "TTFT 19.0 s, p99 20.0 s"))


class Screen(io.StringIO):
    """A terminal; told to, it takes nothing until it is released."""

    def __init__(self, *, stuck: bool = False) -> None:
        super().__init__()
        self.reached = threading.Event()
        self.released = threading.Event()
        if not stuck:
            self.released.set()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.reached.set()
        self.released.wait(60)
        return super().write(text)

    def plain(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue())

    def shows(self, *texts: str) -> str:
        """What is on it, once all of these are."""
        deadline = time.monotonic() + 60
        while not all(text in self.plain() for text in texts):
            assert time.monotonic() < deadline, (texts, self.getvalue())
            time.sleep(0.01)
        return self.getvalue()


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def make(**how):
        made = Screen(**how)
        monkeypatch.setattr("sys.stderr", made)
        return made

    return make


def test_a_phase_shows_requests_done_and_time_left(screen):
    shown = screen()
    with Terminal() as terminal:
        terminal.requests(HALF)
        shown.shows("offline", "10 of 20 requests", ", ≤ ", " s left", "1 failed")
        shown.shows("4 in flight", "4,123 tokens/s", "p99 20.0 s", "━")
        terminal.line("finished")
    last = shown.getvalue().rpartition("\x1b[2K")[2]
    assert "finished" in last
    assert "of 20" not in last


@pytest.mark.parametrize("spoken", Language)
@pytest.mark.parametrize("width", [76, 80, 100])
def test_no_line_breaks_between_a_number_and_its_unit(width, spoken, monkeypatch):
    title = Sentence("single-stream-warmup (warm-up)", "单流预热（预热）")
    details = ("30 tokens/s", "TTFT 20.9 ms, p99 20.9 ms", "TPOT 5.00 ms")
    state = Requests(title, 2, 1, 1, 1, 2.3, 4.3, details)
    monkeypatch.setattr("suite.cli.progressview.language", lambda: spoken)
    lines = render(state, 0.0, 16.9, width).plain.split("\n")
    assert all(cell_len(line) <= width for line in lines)
    assert all(any(detail in line for line in lines) for detail in details)
    assert any(re.search("2[.]3 s.* ≤ .* s", line) for line in lines)


def test_a_step_shows_its_time_its_log_and_where_that_lies(screen, tmp_path):
    log = tmp_path / "engine.log"
    log.write_text("loading weights\n\x1b[31mready [bold]soon[/bold]\x1b[0m\n\n")
    shown = screen()
    with Terminal() as terminal:
        terminal.step("waiting for vLLM to be ready", log=log)
        shown.shows("waiting for vLLM to be ready", "ready [bold]soon[/bold]", " s")
        assert "engine.log" in "".join(shown.plain().split())


def test_the_last_line_of_a_log_is_what_was_written_last(tmp_path):
    log = tmp_path / "log"
    assert last_line(log) == ""
    log.write_bytes(b"x" * 100_000 + b"\n10 %\r50 %\r\x1b[K90 %\n  \n")
    assert last_line(log) == "90 %"
    log.write_bytes(b"caf\xe9\n")
    assert last_line(log) == "caf\ufffd"


def test_the_same_step_goes_on(screen):
    screen()
    with Terminal() as terminal:
        terminal.step("building")
        first = terminal._activity
        terminal.step("building")
        assert terminal._activity is first


def test_a_terminal_that_takes_nothing_holds_nobody_up(screen, monkeypatch):
    monkeypatch.setattr(module, "GIVE_UP_S", 0.01)
    shown = screen(stuck=True)
    terminal = Terminal()
    terminal.line("the first")
    assert shown.reached.wait(60)
    for _ in range(1000):
        terminal.requests(HALF)
        terminal.line("another")
    assert shown.getvalue() == ""
    terminal.clear()
    shown.released.set()
    shown.shows("the first")
    monkeypatch.setattr(module, "GIVE_UP_S", 60)
    terminal.clear()


@pytest.mark.parametrize("variable", [None, "FORCE_COLOR"])
def test_without_a_terminal_there_are_only_lines(monkeypatch, variable):
    if variable:
        monkeypatch.setenv(variable, "")
    plain = io.StringIO()
    monkeypatch.setattr("sys.stderr", plain)
    with Terminal() as terminal:
        terminal.requests(HALF)
        terminal.step("building")
        terminal.line("finished " + "x" * 300)
    assert plain.getvalue().count("\n") == 1
    assert "\x1b" not in plain.getvalue()
    assert plain.getvalue().endswith(" finished " + "x" * 300 + "\n")


def test_a_dumb_terminal_gets_lines_alone(screen, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    shown = screen()
    with Terminal() as terminal:
        terminal.requests(HALF)
        terminal.line("finished")
    assert shown.getvalue().count("\n") == 1
    assert "\x1b" not in shown.getvalue()


def test_no_color_is_respected(screen, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    shown = screen()
    with Terminal() as terminal:
        terminal.requests(HALF)
        text = shown.shows("10 of 20 requests", "1 failed")
    assert not [part for part in text.split("\x1b[")[1:] if part.partition("m")[0] in ("31", "32")]


def test_quiet_says_nothing(screen):
    shown = screen()
    with Terminal(quiet=True) as terminal:
        terminal.requests(HALF)
        terminal.line("finished")
        terminal.interrupted("SIGINT")
    assert shown.getvalue() == ""


def test_a_signal_is_answered_with_what_is_being_closed(screen):
    shown = screen()
    with Terminal() as terminal, Stop(terminal.interrupted).installed() as stop, stop.deferred():
        terminal.requests(HALF)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        shown.shows("SIGINT: closing offline; what was measured is kept")
    assert shown.getvalue().count("SIGINT") == 1


def test_nothing_is_said_to_be_kept_before_a_request_was_sent(screen):
    shown = screen()
    with Terminal() as terminal:
        terminal.step("reading the model")
        terminal.interrupted("SIGINT")
        shown.shows("SIGINT: breaking off: reading the model")
    assert "kept" not in shown.getvalue()
