"""What commands print: nothing cut, nothing coloured on a pipe, no markup and no escapes out of data."""

import io
import os
import sys

import pytest

from suite.base.errors import Place, UsageError
from suite.cli import output
from tests.factories import runs


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def make():
        made = Screen()
        monkeypatch.setattr(sys, "stdout", made)
        monkeypatch.setattr(sys, "stderr", made)
        return made

    return make


def test_a_piped_table_is_as_wide_as_its_cells(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    output.write_table(("a", "b"), [("x" * 100, "[red]y[/red] :smile: 12"), ("1", "2")])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "x" * 100 + "  [red]y[/red] :smile: 12"
    assert lines[2].split() == ["1", "2"]


def test_a_table_on_a_terminal_is_wrapped_not_cut(screen):
    screen = screen()
    output.write_table(("a", "b"), [("x" * 100, "y")])
    text = screen.getvalue()
    assert text.count("x") == 100
    assert max(len(line) for line in text.splitlines() if "\x1b" not in line) <= 60


def test_an_error_keeps_its_words_and_loses_escapes(capsys):
    error = UsageError(
        "usage-wrong", "no [bold]\x1b[31mred\x1b[0m " + "x" * 200, Place("f", 3), "do it"
    )
    output.write_error(error)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"error[usage-wrong]: no [bold]red {'x' * 200}\n  at f:3\n  hint: do it\n"


def test_colours_are_for_terminals_that_want_them(screen, monkeypatch):
    screen = screen()
    output.write_error(UsageError("usage-wrong", "so"))
    assert "\x1b[" in screen.getvalue()
    screen.truncate(0)
    monkeypatch.setenv("NO_COLOR", "1")
    output.write_text("CONFORMANT", "bold green")
    assert "32m" not in screen.getvalue()
    screen.truncate(0)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    output.write_text("CONFORMANT", "bold green")
    assert "\x1b" not in screen.getvalue()


def test_a_report_makes_its_folder_and_takes_the_place_of_a_link(tmp_path):
    other, report = tmp_path / "other", tmp_path / "new" / "report"
    output.write_report(report, b"first")
    other.write_bytes(b"somebody else's")
    report.unlink()
    report.symlink_to(other)
    output.write_report(report, b"second")
    assert (report.read_bytes(), other.read_bytes()) == (b"second", b"somebody else's")


def test_a_reader_that_goes_away_is_no_error():
    command = " ".join(runs.command("vendors", "show", "mthreads"))
    done = runs.shell(f"{command} | head -c 1; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_report_takes_the_place_of_a_link_and_waits_for_no_reader_of_a_pipe(tmp_path):
    other, link, pipe = (tmp_path / name for name in ("other", "link", "pipe"))
    other.write_text("theirs")
    link.symlink_to(other)
    output.write_report(link, b"ours")
    assert (other.read_text(), link.read_text(), link.is_symlink()) == ("theirs", "ours", False)
    os.mkfifo(pipe)
    with pytest.raises(UsageError) as refused:
        output.write_report(pipe, b"ours")
    assert refused.value.code == "page-unwritable"
