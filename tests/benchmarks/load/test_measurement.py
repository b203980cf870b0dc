"""Clients under small loads, held against the truth."""

import os

import pytest

from benchmarks.load.case import Load
from benchmarks.load.ccompiler import Programs
from benchmarks.load.child import ChildResult
from benchmarks.load.clients import Floor, Suite
from benchmarks.load.measurement import Latencies, Machine, Seen, judge, measure, typical
from benchmarks.load.server import Served
from benchmarks.load.spreads import Spread
from benchmarks.load.times import Timed
from tests.benchmarks.load.support import measurement

SMALL = Load(12, 4, ttft_ms=10, itl_ms=2, tokens=16)
OPEN = Load(12, rate=200, ttft_ms=10, itl_ms=2, tokens=16)


@pytest.fixture
def machine(programs):
    cores = sorted(os.sched_getaffinity(0))
    return Machine(cores[0], cores[-1], programs)


@pytest.mark.parametrize("load", [SMALL, OPEN, SMALL.beside_busy()], ids=lambda load: load.name)
def test_the_suites_client(machine, load):
    found = measure(Suite(), load, machine)
    assert found.failure == ""
    assert found.matched
    assert found.tokens == 12 * 16
    # A client cannot learn of a token before it was written; 20 µs of room for two clock readings.
    for spread in (found.ttft, found.e2e):
        assert -0.02 <= spread.median <= spread.p99 <= spread.largest
    assert 0 <= found.itl.median <= found.itl.largest
    assert (found.lateness is None) == bool(load.streams)
    assert found.cpu_s_per_1000 > 0
    assert found.first_request_s > 0
    assert found.peak_mb > 1
    document = found.to_json()
    assert document["phase"]["outcomes"] == {"ok": 12}
    assert document["server"]["kind"] == "pace"


def test_without_a_compiler_the_scripted_server_serves(machine):
    without = Machine(machine.server, machine.client, Programs(None, None, "none"))
    found = measure(Suite(), SMALL, without)
    assert found.failure == ""
    assert found.server["kind"] == "sim"
    assert found.tokens == 12 * 16


def test_ordinary_priority(machine):
    found = measure(Suite(ordinary=True), SMALL, machine)
    assert found.failure == ""
    assert found.real_time is False


def test_two_workers(machine):
    found = measure(Suite(workers=2), SMALL, machine, workers=2)
    assert found.failure == ""
    assert found.phase["workers"] == 2
    assert found.tokens == 12 * 16


def test_the_floor(machine):
    bare = measure(Floor(machine.programs.floor, stamped=False), SMALL, machine)
    assert bare.failure == ""
    assert not bare.timed
    assert "ttft_bias" not in bare.to_json()
    stamped = measure(Floor(machine.programs.floor), SMALL, machine)
    assert stamped.matched
    assert stamped.ttft.median >= -0.02
    assert stamped.tokens == 12 * 16


def test_a_client_that_fails_is_an_outcome(machine, tmp_path):
    found = measure(Floor(tmp_path / "nothing"), SMALL, machine)
    assert "nothing" in found.failure
    assert found.to_json() == {
        "client": "C floor with stamps",
        "load": "4 streams",
        "failure": found.failure,
    }


def served(*requests):
    one = Served("", "pace", list(requests))
    one.tokens = sum(len(request.tokens) for request in requests)
    return one


def timed(index, arrived, *tokens):
    from array import array

    return Timed(
        index, arrived * 1_000_000, arrived * 1_000_000, array("q", [t * 1_000_000 for t in tokens])
    )


ENDED = ChildResult(0, status=0, ended=10**10, cpu_s=2.0, samples=[(5 * 10**8, 1.0), (10**9, 1.5)])


def test_another_clients_figures_are_held_quantile_by_quantile():
    truth = served(timed(-1, 500, 700, 720, 740), timed(-1, 500, 700, 720, 740))
    seen = Seen(Latencies([205.0, 230.0], [20.0] * 4, [245.0, 270.0]), 2)
    found = judge("a peer", SMALL, seen, truth, ENDED)
    assert found.ttft == Spread(5, 30, 30)
    assert found.itl == Spread(0, 0, 0)
    assert not found.matched
    assert not found.exact
    # From the first arrival at 0.5 s to the last write at 0.74 s, between two samples.
    assert found.streaming_cpu_s_per_1000 == pytest.approx(0.24 / 6 * 1000)
    # And on to its end.
    assert found.cpu_s_per_1000 == pytest.approx(1.0 / 6 * 1000)
    assert found.first_request_s == 0.5


def test_five_per_cent():
    truth = served(timed(-1, 0, 200, 220, 240))
    near = Seen(Latencies([209.0], [20.9, 20.9], [250.0]), 1)
    assert judge("a peer", SMALL, near, truth, ENDED).exact
    late = Seen(Latencies([211.0], [20.0, 20.0], [250.0]), 1)
    assert not judge("a peer", SMALL, late, truth, ENDED).exact
    rough = Seen(Latencies([200.0], [20.0, 21.1], [250.0]), 1)
    assert not judge("a peer", SMALL, rough, truth, ENDED).exact


def test_what_cannot_be_matched_is_a_failure():
    truth = served(timed(0, 0, 200, 220))
    lost = Seen(Latencies([200.0], [20.0], [220.0]), 1, times=[timed(5, 0, 200, 220)])
    assert judge("this suite", SMALL, lost, truth, ENDED).failure == "1 requests cannot be matched"


def test_the_typical_run_is_the_one_with_the_median_cost():
    costs = (0.03, 0.01, 0.02, 0.001)
    runs = [measurement(8, cpu_s_per_1000=cost) for cost in costs]
    runs[3] = measurement(8, cpu_s_per_1000=0.001, failure="it died")
    other = measurement(512, cpu_s_per_1000=0.5)
    assert typical([*runs, other]) == [runs[2], other]
    assert typical(runs[:2]) == [runs[1]]
    peer = measurement(8, client="peer", cpu_s_per_1000=0.2)
    assert typical([runs[0], peer]) == [runs[0], peer]
    assert typical([runs[3]]) == [runs[3]]
    assert typical([]) == []
