"""The procedure: what is run in which order, and what is left out."""

from pathlib import Path

import pytest

from benchmarks.load import report
from benchmarks.load.ccompiler import Programs
from benchmarks.load.errors import BenchmarkError
from benchmarks.load.measurement import Measurement
from benchmarks.load.peers import PEERS
from benchmarks.load.report import Options
from tests.benchmarks.load.support import measurement


@pytest.fixture
def ran(monkeypatch):
    """Every load that was asked for, by client; none is run."""
    loads = []
    exact_to = {"vLLM bench serve 1": 32}

    def measure(client, load, machine, *, workers=1):
        loads.append((client.name, load.name))
        if client.name == "AIPerf 1":
            return Measurement(client.name, load, failure="it died")
        exact = load.streams <= exact_to.get(client.name, 10_000)
        cost = 0.01 if "suite" in client.name else 1.0
        return measurement(
            load.streams,
            client=client.name,
            rate=load.rate,
            busy=load.busy,
            exact=exact,
            cpu_s_per_1000=cost,
        )

    monkeypatch.setattr(report, "measure", measure)
    monkeypatch.setattr(report.capacity, "measure", measure)
    programs = Programs(Path("pace"), Path("floor"))
    monkeypatch.setattr(report.ccompiler, "build", lambda folder: programs)
    found = [PEERS[name](Path("venv"), "1") for name in ("vllm", "aiperf")]
    missing = {"guidellm": "not installed", "evalscope": "not installed"}
    monkeypatch.setattr(report.peers, "installed", lambda: (found, missing))
    return loads


def run(**options):
    told = []
    options = Options(**{"streams": (8,), "rates": (200.0,), "search": False, **options})
    return report.run(options, told.append), told


def test_a_peer_is_raised_in_between_only_while_it_is_exact(ran):
    results, _ = run(peer_streams=(8, 32, 128))
    mine = [load for name, load in ran if name == "vLLM bench serve 1"]
    assert mine == ["8 streams", "32 streams", "128 streams", "Poisson 200/s"]
    failed = [load for name, load in ran if name == "AIPerf 1"]
    assert failed == ["8 streams", "128 streams", "Poisson 200/s"]
    assert results.notes == ["GuideLLM: not installed", "EvalScope perf: not installed"]


def test_every_variant_of_the_suites_client_and_the_floor(ran):
    results, told = run(peers=["none"])
    assert ran == [
        *[("this suite", "8 streams"), ("C floor", "8 streams")] * report.COST_RUNS,
        ("this suite, ordinary priority", "8 streams"),
        ("this suite", "8 streams, busy neighbour"),
        ("C floor with stamps", "8 streams"),
        ("this suite", "Poisson 200/s"),
    ]
    assert len(told) == len(ran)
    assert len(report.document(results)["outcomes"]) == len(ran)
    assert results.notes == []


def test_a_million_tokens_at_1024_streams(ran):
    results, _ = run(streams=(1024,), rates=(), peers=["none"])
    assert results.closed[0].load.streams == 1024
    load = report.closed(1024, rounds=report.MANY_TOKENS_ROUNDS)
    assert load.requests * load.tokens >= 1_000_000


def test_chosen_peers_alone(ran):
    results, _ = run(peers=["aiperf", "evalscope"], peer_streams=(8,))
    assert {one.client for one in results.peers} == {"AIPerf 1"}
    assert results.notes == ["EvalScope perf: not installed"]


def test_search_and_workers(ran):
    results, told = run(peers=["none"], search=True, workers=2)
    assert results.capacity.client == "this suite"
    assert results.floor_capacity.client == "C floor with stamps"
    assert results.scaling.workers == 2
    assert any("exact" in line for line in told)


def test_without_a_compiler_there_is_no_floor(ran, monkeypatch):
    monkeypatch.setattr(report.ccompiler, "build", lambda folder: Programs(None, None, "no cc"))
    results, _ = run(peers=["none"], workers=2)
    assert results.floor == []
    assert "no cc" in results.notes[0]
    assert "needs the server in C" in results.notes[1]


def test_elsewhere_than_on_linux(monkeypatch):
    monkeypatch.setattr(report.sys, "platform", "darwin")
    with pytest.raises(BenchmarkError, match="needs Linux"):
        run()


def test_a_peer_near_the_suites_cost_runs_as_often(ran, monkeypatch):
    costs = {"this suite": 0.01, "vLLM bench serve 1": 0.039}

    def measure(client, load, machine, *, workers=1):
        ran.append((client.name, load.name))
        cost = costs.get(client.name, 0.04)
        return measurement(load.streams, client=client.name, rate=load.rate, cpu_s_per_1000=cost)

    monkeypatch.setattr(report, "measure", measure)
    monkeypatch.setattr(report, "closed", lambda streams, least: measurement(streams).load)
    results, _ = run(peer_streams=(8,), rates=(), busy=False)
    assert ran.count(("vLLM bench serve 1", "8 streams")) == report.COST_RUNS
    assert ran.count(("AIPerf 1", "8 streams")) == 1
    assert len(results.peers) == report.COST_RUNS + 1


def test_failed_runs_of_a_load_are_told():
    runs = [
        measurement(8, client="peer"),
        measurement(8, client="peer", failure="it died"),
        measurement(8),
    ]
    alone = measurement(32, client="peer", failure="it died")
    assert report._failed_runs([*runs, alone]) == ["peer, 8 streams: 1 of 2 runs failed: it died"]
