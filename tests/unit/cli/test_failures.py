"""A defect of ours has a status and a report of its own, whatever it is."""

import click
import pytest

from suite.base.errors import Interrupted
from suite.cli.failures import guarded
from suite.cli.main import main


class UnspeakableError(Exception):
    def __str__(self):
        raise ValueError


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        RecursionError(),
        MemoryError(),
        UnspeakableError(),
        SystemExit(1),
        UnicodeDecodeError("a", b"", 0, 1, "\u202e"),
    ],
)
def test_a_defect_is_70_and_says_where_to_report_it(error, capsys):
    def work():
        raise error

    assert guarded(work) == 70
    report = capsys.readouterr().err
    assert report.startswith("error[defect]: ")
    assert "open an issue" in report
    assert "what was measured until then is kept" in report
    assert "Traceback" not in report
    assert "\u202e" not in report


def test_a_signal_that_was_taken_over_is_told_as_it_was_said(capsys):
    def work():
        raise Interrupted("interrupted", "stopped by SIGTERM", hint="suite score RUN judges it")

    assert guarded(work) == 130
    assert capsys.readouterr().err.splitlines() == [
        "error[interrupted]: stopped by SIGTERM",
        "  hint: suite score RUN judges it",
    ]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interruption_is_none(error, capsys):
    def work():
        raise error

    assert guarded(work) == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("command", ["verify", "score", "render", "receipt", "sign"])
def test_a_name_longer_than_a_file_system_takes_is_refused(command, capsys):
    assert main([command, "n" * 300]) == 2
    assert "too long a name" in capsys.readouterr().err
