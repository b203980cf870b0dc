"""A phase from several processes is the same phase: its events, its times, its faults, its endings."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import asdict

from suite.base import schema
from suite.base.bilingual import chinese
from suite.base.errors import EngineError, UsageError
from suite.documents import codec
from suite.measure.engine import sim
from suite.measure.load.processes import coordinator, worker
from suite.measure.load.processes.merge import merge
from suite.measure.load.stats import Ending, PhaseStats
from suite.measure.load.transport.clock import ClockFacts
from tests.unit.measure.load.support import PER_REQUEST, job, send
from tests.unit.measure.load.test_send import OK, OTHERWISE, OUTCOMES


@pytest.fixture
def members(monkeypatch):
    """The processes of the phase that a test sends, as soon as they were started."""
    processes: list[worker.Worker] = []

    @contextlib.contextmanager
    def start(order, jobs, original=worker.start):
        with original(order, jobs) as member:
            processes.append(member)
            yield member

    monkeypatch.setattr(worker, "start", start)
    return processes


def gone(pid: int) -> bool:
    """Whether there is no such process, or only what its parent has yet to take note of."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def content(event):
    times = ("t_sched", "t_send", "t_end", "chunk_t0", "chunk_dt", "merged_reads")
    return {name: value for name, value in asdict(event).items() if name not in times}


def in_flight(events) -> int:
    edges = sorted([(e.t_send, 1) for e in events] + [(e.t_end, -1) for e in events])
    return max(itertools.accumulate(step for _, step in edges))


def test_the_same_events_as_from_one_process(faulty):
    jobs = [job(i, f"task {i}", tokens=8) for i in range(30)]
    item = send(faulty, jobs, concurrency=6)
    two = send(faulty, jobs, concurrency=6, workers=2)
    assert len(two.events) == 30
    for index in range(30):
        assert content(two[index]) == content(item[index])
        assert schema.problems(codec.plain(two[index]), "event") == []
    stats = two.stats
    assert (stats.workers, stats.planned, stats.sent, stats.unsent) == (2, 30, 30, 0)
    assert (stats.ended_by, stats.stopped) == ("all-sent", False)
    assert stats.outcomes == item.stats.outcomes == {"ok": 30}
    assert stats.connections == 6
    assert stats.clock.receive_stamps == item.stats.clock.receive_stamps
    assert stats.clock.reads >= 30 * 8
    assert stats.cpu_s > 0
    assert two.progress[-1] == (30, 0, 0)
    assert all(stats.t_start <= e.t_send <= e.t_end <= stats.t_end for e in two.events)


@pytest.mark.parametrize(("concurrency", "number"), [(5, 2), (2, 3), (4, 4)])
def test_no_more_in_flight_than_planned(faulty, concurrency, number):
    jobs = [job(i, f"task {i}") for i in range(24)]
    result = send(faulty, jobs, concurrency=concurrency, workers=number)
    assert result.stats.outcomes == {"ok": 24}
    assert result.stats.workers == min(number, concurrency)
    assert in_flight(result.events) <= concurrency


def test_an_open_loop_keeps_one_schedule(faulty):
    moments = [i * 1_500_000 + (i % 3) * 100_000 for i in range(40)]
    jobs = [job(i, "<silent>" if i == 3 else "x", at=at) for i, at in enumerate(moments)]
    result = send(faulty, jobs, workers=2, timeout_s=3)
    assert [result[i].t_sched - result.stats.t_start for i in range(40)] == moments
    assert all(event.t_send >= event.t_sched for event in result.events)
    assert result.stats.outcomes == {"ok": 39, "stall": 1}


def test_every_fault_has_the_same_outcome_from_two_processes(faulty):
    jobs = [job(i, f"<{name}>", tokens=9) for i, name in enumerate(PER_REQUEST)]
    result = send(faulty, jobs, concurrency=len(jobs), timeout_s=3, workers=2)
    assert len(result.events) == len(jobs)
    for index, name in enumerate(PER_REQUEST):
        code, sentence = ("ok", "") if name in OK | OTHERWISE else OUTCOMES[name]
        assert result[index].outcome == code, name
        assert sentence in (result[index].error or "")


def test_a_stopped_phase_cancels_what_is_in_flight_everywhere(faulty):
    asked = itertools.count()
    jobs = [job(i, "<silent>") for i in range(12)]

    def stop():
        return next(asked) > 60

    result = send(faulty, jobs, concurrency=4, workers=2, stop=stop)
    assert result.stats.stopped
    assert result.stats.ended_by == "stopped"
    assert set(result.stats.outcomes) <= {"cancelled"}
    assert result.stats.unsent + len(result.events) == 12


def test_a_phase_stopped_before_it_began(faulty):
    result = send(faulty, [job(i, "x") for i in range(4)], concurrency=2, workers=2, stop=bool_true)
    assert result.events == []
    assert (result.stats.unsent, result.stats.ended_by) == (4, "stopped")


def bool_true() -> bool:
    return True


@pytest.mark.parametrize("cancel", [False, True])
def test_enough_ends_the_sending_everywhere(faulty, cancel):
    events = []

    def enough():
        return Ending("enough", cancel=cancel) if len(events) >= 10 else None

    jobs = [job(i, f"x {i}", tokens=30) for i in range(1_000)]
    result = send(faulty, jobs, concurrency=4, workers=2, enough=enough, events=events)
    stats = result.stats
    assert stats.ended_by == "enough"
    assert not stats.stopped
    assert 10 <= stats.sent < 1_000
    assert stats.sent + stats.unsent == 1_000
    assert stats.sent == len(result.events)
    assert set(stats.outcomes) <= ({"ok", "cancelled"} if cancel else {"ok"})
    for residue in range(2):
        sent = sorted(e.index for e in result.events if e.index % 2 == residue)
        assert sent == list(range(residue, residue + 2 * len(sent), 2))


@pytest.mark.parametrize("arrivals", [False, True])
def test_a_process_that_dies_ends_the_phase(faulty, members, arrivals):
    class Killing(list):
        def append(self, event):
            super().append(event)
            if len(self) == 4:
                os.kill(members[0].pid, signal.SIGKILL)

    jobs = [
        job(i, f"x {i}", at=i * 10_000_000 if arrivals else None, tokens=60) for i in range(400)
    ]
    result = send(faulty, jobs, concurrency=8, workers=2, events=Killing())
    stats = result.stats
    assert (stats.ended_by, stats.stopped) == ("worker-died", True)
    assert stats.completed < 400
    assert stats.outcomes.total() == len(result.events) == stats.sent
    assert stats.sent + stats.unsent == 400
    indexes = [event.index for event in result.events]
    assert len(set(indexes)) == len(indexes)
    lost = [event for event in result.events if "SIGKILL" in (event.error or "")]
    assert lost
    assert all(event.index % 2 == 0 for event in lost)
    assert {event.outcome for event in lost} == {"cancelled"}
    assert set(stats.outcomes) == {"ok", "cancelled"}
    for event in lost:
        assert schema.problems(codec.plain(event), "event") == []
    assert in_flight(result.events) <= (8 if not arrivals else 400)
    assert all(gone(member.pid) for member in members)


def test_a_process_that_dies_before_the_start(faulty, members):
    def stop():
        if members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(members[-1].pid, signal.SIGKILL)
        return False

    result = send(faulty, [job(i, "x") for i in range(6)], concurrency=2, workers=2, stop=stop)
    assert result.stats.ended_by == "worker-died"
    assert result.stats.completed == 0
    assert result.stats.sent + result.stats.unsent == 6


def test_a_process_that_hangs_is_ended(faulty, members, monkeypatch):
    monkeypatch.setattr(worker.Worker, "silent_s", 2.5)

    class Halting(list):
        def append(self, event):
            super().append(event)
            if len(self) == 1:
                os.kill(members[1].pid, signal.SIGSTOP)

    jobs = [job(i, f"x {i}", tokens=60) for i in range(20)]
    result = send(faulty, jobs, concurrency=4, workers=2, events=Halting())
    assert result.stats.ended_by == "worker-died"
    assert all(gone(member.pid) for member in members)


def test_an_exception_of_the_callback_leaves_no_process(faulty, members):
    class Refusing(list):
        def append(self, _event):
            raise OSError("disk full")

    jobs = [job(i, f"x {i}") for i in range(20)]
    with pytest.raises(OSError, match="disk full"):
        send(faulty, jobs, concurrency=4, workers=2, events=Refusing())
    assert len(members) == 2
    assert all(gone(member.pid) for member in members)


def test_an_error_of_a_process_is_the_phases(monkeypatch, members):
    monkeypatch.setattr(coordinator, "resolve", lambda target: None)
    with pytest.raises(EngineError) as caught:
        send("http://host.invalid", [job(i, "x") for i in range(4)], concurrency=2, workers=2)
    assert caught.value.code == "host-unknown"
    assert "未知" in chinese(caught.value.message)
    assert all(gone(member.pid) for member in members)


def test_an_address_that_cannot_be_used_starts_no_process(members):
    with pytest.raises(UsageError):
        send("ftp://127.0.0.1", [job(i, "x") for i in range(4)], concurrency=2, workers=2)
    assert members == []


@pytest.mark.parametrize(
    "how", [{"concurrency": 1}, {"concurrency": 4, "lockstep": True}, {"concurrency": 4, "one": 1}]
)
def test_what_one_process_must_do_alone(faulty, members, how):
    count = 1 if how.pop("one", 0) else 6
    result = send(faulty, [job(i, "x") for i in range(count)], workers=2, **how)
    assert result.stats.outcomes == {"ok": count}
    assert result.stats.workers == 1
    assert members == []


def test_processes_end_with_their_parent(tmp_path):
    script = (
        "import sys; from tests.unit.measure.load.support import job, send\n"
        "from suite.measure.load.processes import worker\n"
        "order = worker.Worker.order\n"
        "worker.Worker.order = lambda s, o: (print(s.pid, flush=True), order(s, o))\n"
        "send(sys.argv[1], [job(i, '<silent>') for i in range(4)], concurrency=4, workers=2)\n"
    )
    faults = [{"name": "silent", "contains": "<silent>"}]
    with sim.start(json.dumps({"faults": faults})) as server:
        command = [sys.executable, "-c", script, server.base_url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
            pids = [int(parent.stdout.readline()) for _ in range(2)]
            parent.kill()
        deadline = time.monotonic() + 60
        while not all(map(gone, pids)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert all(map(gone, pids))


def test_a_worker_imports_little():
    check = (
        "import sys, suite.measure.load.processes.worker_main\n"
        "print({'yaml', 'numpy', 'jsonschema', 'tokenizers', 'asyncio', 'docker', 'cryptography',"
        " 'multiprocessing', 'tempfile', 'subprocess', 'http'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", check], capture_output=True, check=True)
    assert result.stdout.strip() == b"set()"


def test_requests_are_dealt_by_index_and_concurrency_is_split():
    jobs = [job(i, "x") for i in range(10, 17)]
    hands = coordinator.deal(jobs, 3)
    assert [[item.index for item in hand] for hand in hands] == [[12, 15], [10, 13, 16], [11, 14]]
    assert coordinator.shares(10, 3) == [4, 3, 3]
    assert coordinator.shares(2, 2) == [1, 1]


def test_cores_are_taken_from_the_top(monkeypatch):
    monkeypatch.setattr(coordinator.os, "sched_getaffinity", lambda _: {0, 1, 2, 5})
    assert coordinator.cores(2) == [5, 2]
    assert coordinator.cores(4) == [5, 2, 1, 0]
    assert coordinator.cores(5) is None


def member(stats, unsent=0):
    process = worker.Worker.__new__(worker.Worker)
    process.stats = stats
    process._left = set(range(unsent))
    return process


def test_statistics_are_summed_and_qualities_are_the_weakest():
    good = PhaseStats(5, ClockFacts("kernel", 1, 2, 10, 0, 50, 0, "kernel", 0))
    good.real_time, good.cpu_s, good.merged_reads, good.connections = True, 1.0, 1, 2
    weak = PhaseStats(5, ClockFacts("user", 1, 2, 20, -70, 40, 3, "user", 2))
    weak.cpu_s, weak.merged_reads, weak.connections = 0.5, 2, 3
    weak.ended_by = "enough"
    whole = merge([member(good), member(weak, 2)], 10, "")
    assert whole.clock == ClockFacts("user", 1, 2, 20, -70, 90, 3, "user", 2)
    assert (whole.cpu_s, whole.merged_reads, whole.connections) == (1.5, 3, 5)
    assert (whole.real_time, whole.ended_by) == (False, "enough")
    assert (whole.sent, whole.unsent, whole.workers) == (8, 2, 2)
    dead = merge([member(good), member(None, 4)], 10, "worker-died")
    assert (dead.sent, dead.stopped, dead.ended_by) == (6, True, "worker-died")
    assert merge([member(None, 5), member(None, 5)], 10, "worker-died").sent == 0


def test_an_order_larger_than_its_pipe(faulty):
    jobs = [job(i, f"task {i} " + "word " * 300_000) for i in range(8)]
    result = send(faulty, jobs, concurrency=4, workers=2)
    assert result.stats.outcomes == {"ok": 8}
    assert result[5].usage.engine_prompt == 300_002
