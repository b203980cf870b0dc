"""The peers' commands, and the readers of what they leave, on what each pinned version really left.

Recorded from 4 requests, 2 at a time, against a server with 20 ms to the first of 6 tokens, 5 ms apart; texts
and paths cut out.
"""

import shutil
from pathlib import Path

import pytest

from benchmarks.load import peers
from benchmarks.load.case import Load, poisson
from benchmarks.load.child import ChildResult
from benchmarks.load.errors import ClientError
from benchmarks.load.peers import PEERS

RECORDED = Path(__file__).parent / "recorded"
LOAD = Load(4, 2, ttft_ms=20, itl_ms=5, tokens=6)
SOUND = ChildResult(0, status=0, ended=1)


def peer(name, venv=Path("/venv")):
    return PEERS[name](venv, "1.2.3")


@pytest.mark.parametrize("name", PEERS)
def test_what_it_really_left(name):
    seen = peer(name).read(LOAD, RECORDED / name, SOUND)
    assert seen.completed == 4
    assert len(seen.latencies.ttft) == len(seen.latencies.e2e) == 4
    # One gap for each pair of tokens; GuideLLM keeps the mean alone.
    assert len(seen.latencies.itl) == (4 if seen.mean_gaps else 4 * 5)
    assert seen.mean_gaps == (name == "guidellm")
    for ttft, e2e in zip(seen.latencies.ttft, seen.latencies.e2e, strict=True):
        assert 20 < ttft <= e2e
        assert 45 < e2e < 200
    assert (seen.lateness is not None) == (name == "guidellm")
    assert seen.times == ()


@pytest.mark.parametrize("name", PEERS)
def test_nothing_left_is_refused(name, tmp_path):
    with pytest.raises(ClientError) as caught:
        peer(name).read(LOAD, tmp_path, SOUND)
    assert "cannot be read" in str(caught.value)


@pytest.mark.parametrize("name", PEERS)
def test_something_else_is_refused(name, tmp_path):
    shutil.copytree(RECORDED / name, tmp_path / name)
    for file in (tmp_path / name).rglob("*.*"):
        if file.is_file():
            file.write_text('{"completed": 4}')
    with pytest.raises(ClientError) as caught:
        peer(name).read(LOAD, tmp_path / name, SOUND)
    assert "cannot be read" in str(caught.value)


@pytest.mark.parametrize("name", PEERS)
def test_its_failure_is_told_in_its_own_words(name, tmp_path):
    failed = ChildResult(
        0, status=1, errors="Traceback\n  ...\nValueError: no such thing\n", ended=1
    )
    with pytest.raises(ClientError) as caught:
        peer(name).read(LOAD, tmp_path, failed)
    assert str(caught.value) == "it ended with status 1: ValueError: no such thing"
    endless = ChildResult(0, status=None, ended=1)
    with pytest.raises(ClientError) as caught:
        peer(name).read(LOAD, tmp_path, endless)
    assert str(caught.value) == "it did not end in time"


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("load", [LOAD, poisson(200.0)], ids=lambda load: load.name)
def test_the_command_names_the_load(name, load, tmp_path):
    command = peer(name).command(load, "http://127.0.0.1:9", tmp_path)
    text = " ".join(command)
    assert command[0].startswith("/venv/bin/")
    assert "http://127.0.0.1:9" in text
    assert str(load.requests) in text
    assert (str(load.streams) if load.streams else "200") in text
    environment = peer(name).environment(tmp_path)
    assert environment["HOME"] == str(tmp_path)
    assert environment["DO_NOT_TRACK"] == "1"


def test_installed_and_missing(tmp_path):
    found, missing = peers.installed(tmp_path)
    assert found == []
    assert set(missing) == set(PEERS)
    assert "make bench-peers" in missing["aiperf"]
    venv = tmp_path / ".venv-peers" / "aiperf"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").touch()
    (venv / "lib" / "python3.11" / "site-packages" / "aiperf-9.8.7.dist-info").mkdir(parents=True)
    found, missing = peers.installed(tmp_path)
    assert [one.name for one in found] == ["AIPerf 9.8.7"]
    assert peers.name_of(found[0]) == "aiperf"
    assert "aiperf" not in missing


def test_the_pinned_lists_hold_the_peers():
    lists = Path(__file__).resolve().parents[3] / "benchmarks" / "load" / "peers"
    pinned = {path.stem: path.read_text().lower().splitlines() for path in lists.glob("*.txt")}
    assert set(pinned) == set(PEERS) - {"vllm"}
    for name, lines in pinned.items():
        wanted = [line for line in lines if line and not line.startswith("#")]
        assert all("==" in line for line in wanted)
        assert any(line.startswith(f"{PEERS[name].distribution}==") for line in wanted)
