"""The benchmark's command: its options, and a quick run from end to end."""

import json
import shutil

import pytest

from benchmarks.load import __main__ as command
from benchmarks.load import report
from benchmarks.load.__main__ import main, parser


def wanted(*arguments):
    return command._options(parser().parse_args(arguments))


def test_without_options_everything_is_run():
    found = wanted()
    assert found.streams == (8, 32, 128, 512, 1024)
    assert found.rates == (200.0, 500.0)
    assert found.peers is None
    assert found.search
    assert found.busy


def test_options():
    found = wanted(
        "--concurrency", "8, 16", "--rates", "50", "--peers", "vllm,aiperf", "--no-search"
    )
    assert list(found.streams) == [8, 16]
    assert list(found.rates) == [50.0]
    assert found.peers == ["vllm", "aiperf"]
    assert not found.search
    assert wanted("--peers", "none").peers == []
    assert wanted("--quick").peers == []
    assert wanted("--quick", "--peers", "all").peers is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--concurrency", "8,x"), "no list"),
        (("--concurrency", "0"), "no list"),
        (("--concurrency", "5000"), "no list"),
        (("--rates", "nan"), "no list"),
        (("--rates", "-1"), "no list"),
        (("--peers", "nobody"), "no peer"),
        (("--workers", "0"), "not a number from"),
        (("--markdown", "/nowhere/at/all.md"), "no directory"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, sentence, capsys, monkeypatch):
    monkeypatch.setattr(report, "run", lambda *_: pytest.fail("it ran"))
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err


def test_a_quick_run_from_end_to_end(capsys, tmp_path):
    file = tmp_path / "table.md"
    assert main(["--quick", "--json", "--markdown", str(file)]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    clients = {one["client"] for one in document["outcomes"]}
    if shutil.which("cc"):
        assert clients == {"this suite", "C floor", "C floor with stamps"}
    assert [one.get("failure") for one in document["outcomes"]] == [None] * len(
        document["outcomes"]
    )
    names = {bar["name"]: bar["met"] for bar in document["bars"]}
    assert names["TTFT bias, median"] in (True, False)
    assert names["two workers against one, server not the limit"] is None
    assert "### Side by side" in file.read_text()
    assert "this suite: 4 streams" in captured.err


def test_faults(capsys, monkeypatch):
    monkeypatch.setattr(command, "fault_table", lambda: "the table\n")
    assert main(["--faults"]) == 0
    assert capsys.readouterr().out == "the table\n"
