"""Progress: lines for everyone, a live line for a terminal, and a client that never waits for either."""

import io
import threading

import pytest

from suite.cli import terminal as module
from suite.cli.terminal import Terminal


class Screen(io.StringIO):
    """A terminal; told to, it takes nothing until it is released."""

    def __init__(self, *, stuck: bool = False) -> None:
        super().__init__()
        self.reached = threading.Event()
        self.released = threading.Event()
        self.written = threading.Event()
        if not stuck:
            self.released.set()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.reached.set()
        self.released.wait(60)
        count = super().write(text)
        if text.strip():
            self.written.set()
        return count


@pytest.fixture
def screen(monkeypatch):
    def make(**how):
        made = Screen(**how)
        monkeypatch.setattr("sys.stderr", made)
        return made

    return make


def test_a_live_line_is_overwritten_by_a_finished_step(screen):
    shown = screen()
    terminal = Terminal()
    terminal.live("1/2 done")
    assert shown.written.wait(60)
    terminal.line("finished")
    text = shown.getvalue()
    assert "1/2 done" in text
    last = text.rpartition("\r")[2]
    assert last.endswith("finished\n")
    assert "1/2" not in last


def test_a_live_line_fits_the_terminal(screen, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    shown = screen()
    Terminal().live("x" * 200)
    assert shown.written.wait(60)
    assert len(shown.getvalue().lstrip("\r")) == 39


def test_live_lines_come_at_most_four_times_a_second(screen, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    shown = screen()
    terminal = Terminal()
    taken = []
    for step in range(100):
        now[0] = 100.0 + step * 0.01
        terminal.live(f"step {step}")
        taken.append(terminal._last)
    assert len(set(taken)) == 4
    assert shown.written.wait(60)


def test_a_terminal_that_takes_nothing_holds_nobody_up(screen, monkeypatch):
    monkeypatch.setattr(module, "LIVE_S", 0.0)
    monkeypatch.setattr(module, "GIVE_UP_S", 0.01)
    shown = screen(stuck=True)
    terminal = Terminal()
    terminal.live("the first")
    assert shown.reached.wait(60)
    for step in range(1000):
        terminal.live(f"step {step}")
    assert shown.getvalue() == ""
    terminal.clear()
    shown.released.set()
    assert shown.written.wait(60)


def test_without_a_terminal_there_are_only_lines(monkeypatch):
    plain = io.StringIO()
    monkeypatch.setattr("sys.stderr", plain)
    terminal = Terminal()
    terminal.live("1/2 done")
    terminal.line("finished")
    assert plain.getvalue().count("\n") == 1
    assert "done" not in plain.getvalue()


def test_quiet_says_nothing(screen):
    shown = screen()
    terminal = Terminal(quiet=True)
    terminal.live("1/2 done")
    terminal.line("finished")
    assert shown.getvalue() == ""
