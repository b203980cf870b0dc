"""Under pressure decoding takes turns with reading; every event comes exactly once and says the same."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import asdict

from suite.measure.engine import sim
from suite.measure.load.decode import recorder
from suite.measure.load.decode.recorder import Recorder
from suite.measure.load.sources import Sessions
from suite.measure.load.stats import Ending
from tests.unit.measure.load.support import PER_REQUEST, job, send
from tests.unit.measure.load.test_send import OK, OTHERWISE, OUTCOMES


@pytest.fixture
def pressure(monkeypatch):
    """Nothing may wait: every response is decoded between arrivals."""
    monkeypatch.setattr(recorder, "BACKLOG_BYTES", 0)


def content(event):
    times = ("t_sched", "t_send", "t_end", "chunk_t0", "chunk_dt", "merged_reads")
    return {name: value for name, value in asdict(event).items() if name not in times}


def complete(result, count):
    assert sorted(event.index for event in result.events) == list(range(count))
    assert result.stats.outcomes.total() == count


def test_every_fault_has_the_same_outcome_under_pressure(faulty, pressure):
    # As many at once as there are: the ones that hang must not make the others wait.
    jobs = [job(i, f"<{name}>", tokens=9) for i, name in enumerate(PER_REQUEST)]
    result = send(faulty, jobs, concurrency=len(jobs), timeout_s=3)
    complete(result, len(jobs))
    for index, name in enumerate(PER_REQUEST):
        event = result[index]
        if name in OK:
            assert (event.outcome, event.error) == ("ok", None), name
            assert len(event.text.split()) == len(event.token_ids) == 9
        elif name in OTHERWISE:
            assert (event.outcome, event.error) == ("ok", None), name
        else:
            code, sentence = OUTCOMES[name]
            assert event.outcome == code, name
            assert sentence in event.error


def test_events_under_pressure_say_what_they_say_otherwise(faulty, monkeypatch):
    jobs = [job(i, f"task {i}", tokens=30) for i in range(60)]
    plain = send(faulty, jobs, concurrency=16)
    monkeypatch.setattr(recorder, "BACKLOG_BYTES", 0)
    result = send(faulty, jobs, concurrency=16)
    complete(result, 60)
    for index in range(60):
        assert content(result[index]) == content(plain[index])
        assert len(result[index].chunk_dt) == 29


def test_what_waits_stays_small_under_pressure(faulty, pressure):
    jobs = [job(i, f"task {i}", tokens=30) for i in range(60)]
    largest = send(faulty, jobs[:1]).stats.undecoded_peak_bytes
    result = send(faulty, jobs, concurrency=16)
    assert 0 < result.stats.undecoded_peak_bytes <= 16 * 2 * max(30 * 250, largest)


@pytest.mark.parametrize(("limit", "kept_up"), [(1 << 16, True), (1 << 30, False)])
def test_a_server_faster_than_the_client_does_not_fill_the_memory(monkeypatch, limit, kept_up):
    monkeypatch.setattr(recorder, "BACKLOG_BYTES", limit)
    jobs = [job(i, f"x {i}", tokens=400) for i in range(200)]
    turns = []
    catch_up = Recorder.catch_up
    monkeypatch.setattr(
        Recorder, "catch_up", lambda self, most: (turns.append(most), catch_up(self, most))
    )
    with sim.start(json.dumps({"ttft_ms": 0, "itl_ms": 0})) as server:
        result = send(server.base_url, jobs, concurrency=100)
    complete(result, 200)
    assert bool(turns) is kept_up
    if kept_up:
        # A hundred answers may end at the same moment.
        assert result.stats.undecoded_peak_bytes < limit + 130 * 400 * 250


def test_catching_up_ends_with_its_time(monkeypatch, pressure):
    steps = []
    waiting = Recorder.__new__(Recorder)
    waiting._waiting_bytes = 1
    monkeypatch.setattr(Recorder, "step", lambda _: steps.append(1))
    waiting.catch_up(2_000_000)
    assert steps
    steps.clear()
    waiting.catch_up(0)
    assert not steps


class Chat:
    """Three turns, each naming the words of the answer before."""

    def __init__(self, number: int) -> None:
        self._first = number * 3
        self._turn = 0

    def _job(self, words: str):
        return job(self._first + self._turn, f"turn {words}")

    def first(self):
        return self._job("first")

    def after(self, event):
        self._turn += 1
        return None if self._turn == 3 else self._job(event.text)


def test_conversations_go_on_under_pressure(faulty, pressure):
    source = Sessions([Chat(i) for i in range(6)], 3, 0, planned=18)
    result = send(faulty, source, concurrency=3)
    complete(result, 18)
    assert result.stats.outcomes == {"ok": 18}


def test_a_rule_sees_events_while_the_phase_goes_on_under_pressure(faulty, pressure):
    events = []

    def enough():
        return Ending("enough") if len(events) >= 20 else None

    jobs = [job(i, f"x {i}", tokens=20) for i in range(2_000)]
    result = send(faulty, jobs, concurrency=8, enough=enough, events=events)
    assert result.stats.ended_by == "enough"
    assert result.stats.sent < 2_000
    complete(result, result.stats.sent)
