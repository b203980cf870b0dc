"""Under pressure responses go through the spool, with a helper or without; every event comes exactly once."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from suite.base.errors import SetupError
from suite.measure.load import helper as helper_module
from suite.measure.load import recorder, spool
from suite.measure.load.helper import Helper
from suite.measure.load.job import Ending
from suite.measure.load.recorder import planned_tokens
from suite.measure.load.sources import Sessions
from tests.unit.measure.load.support import PER_REQUEST, job, send
from tests.unit.measure.load.test_client import OK, OUTCOMES

WAYS = ["memory", "spool", "helper"]


@pytest.fixture
def pressure(monkeypatch):
    """Nothing may wait in memory."""
    monkeypatch.setattr(recorder, "BACKLOG_BYTES", 0)


@pytest.fixture
def helped(monkeypatch, pressure):
    """Every phase gets a helper."""
    monkeypatch.setattr(recorder, "HELPER_TOKENS", 0)
    monkeypatch.setattr(recorder, "spare_core", lambda: True)


def content(event):
    times = ("t_sched", "t_send", "t_end", "chunk_t0", "chunk_dt", "merged_reads")
    return {name: value for name, value in event.items() if name not in times}


def complete(result, count):
    assert sorted(event["index"] for event in result.events) == list(range(count))
    assert result.stats.outcomes.total() == count


@pytest.mark.parametrize("way", WAYS)
def test_every_fault_has_the_same_outcome_on_every_way(faulty, way, request):
    if way != "memory":
        request.getfixturevalue("pressure" if way == "spool" else "helped")
    # As many at once as there are: the ones that hang must not make the others wait.
    jobs = [job(i, f"<{name}>", tokens=9) for i, name in enumerate(PER_REQUEST)]
    result = send(faulty, jobs, concurrency=len(jobs), timeout_s=3)
    complete(result, len(jobs))
    for index, name in enumerate(PER_REQUEST):
        event = result[index]
        if name in OK:
            assert (event["outcome"], event["error"]) == ("ok", None), name
            assert len(event["text"].split()) == len(event["token_ids"]) == 9
        else:
            code, sentence = OUTCOMES[name]
            assert event["outcome"] == code, name
            assert sentence in event["error"]
    stats = result.stats
    assert stats.helper == ("used" if way == "helper" else "none")
    assert (stats.spooled > 0) == (way != "memory")
    assert (stats.helper_peak_kb > 0) == (way == "helper")


@pytest.mark.parametrize("way", WAYS[1:])
def test_events_through_the_spool_say_what_they_say_otherwise(faulty, way, request):
    jobs = [job(i, f"task {i}", tokens=30) for i in range(60)]
    plain = send(faulty, jobs, concurrency=16)
    request.getfixturevalue("pressure" if way == "spool" else "helped")
    result = send(faulty, jobs, concurrency=16)
    complete(result, 60)
    assert result.stats.spooled > 0
    for index in range(60):
        assert content(result[index]) == content(plain[index])
        assert len(result[index]["chunk_dt"]) == 29
    assert result.stats.decode_cpu_s > 0
    assert result.stats.cpu_s > result.stats.decode_cpu_s


def test_what_waits_in_memory_stays_small_under_pressure(faulty, pressure):
    jobs = [job(i, f"task {i}", tokens=30) for i in range(60)]
    plain = max(30 * 250, send(faulty, jobs[:1]).stats.undecoded_peak_bytes)
    result = send(faulty, jobs, concurrency=16)
    assert result.stats.undecoded_peak_bytes <= 16 * 2 * plain


@pytest.mark.parametrize("after", [0, 1, 7])
def test_a_helper_that_is_killed_loses_nothing(faulty, helped, monkeypatch, after):
    given = []

    def give(self, place, original=Helper.give):
        if len(given) == after:
            os.kill(self.pid, signal.SIGKILL)
        given.append(place)
        original(self, place)

    monkeypatch.setattr(Helper, "give", give)
    result = send(faulty, [job(i, f"x {i}", tokens=30) for i in range(40)], concurrency=16)
    complete(result, 40)
    assert result.stats.outcomes == {"ok": 40}
    assert result.stats.helper == "died"


def test_a_helper_that_hangs_is_given_up(faulty, helped, monkeypatch):
    monkeypatch.setattr(helper_module, "GIVE_UP_S", 0.1)

    def give(self, place, original=Helper.give):
        os.kill(self.pid, signal.SIGSTOP)
        original(self, place)

    monkeypatch.setattr(Helper, "give", give)
    result = send(faulty, [job(i, f"x {i}") for i in range(20)], concurrency=8)
    complete(result, 20)
    assert result.stats.helper == "died"


def test_a_helper_that_cannot_be_started(faulty, helped, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EAGAIN, "no process")

    monkeypatch.setattr(helper_module.subprocess, "Popen", refuse)
    result = send(faulty, [job(i, f"x {i}") for i in range(20)], concurrency=8)
    complete(result, 20)
    assert result.stats.helper == "none"
    assert result.stats.spooled > 0


def test_a_record_that_the_helper_cannot_read_ends_in_an_error_not_in_a_missing_event(
    faulty, helped, monkeypatch
):
    put = spool.Spool.put

    def damage(self, response):
        place = put(self, response)
        os.pwrite(self.fd, b"oops", place.offset)
        return place

    monkeypatch.setattr(spool.Spool, "put", damage)
    with pytest.raises(SetupError) as caught:
        send(faulty, [job(i, f"x {i}") for i in range(4)], concurrency=4)
    assert caught.value.code == "spool-unreadable"


def test_a_full_disk_means_decoding_between_arrivals(faulty, pressure, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spool.os, "pwrite", full)
    result = send(faulty, [job(i, f"x {i}") for i in range(20)], concurrency=8)
    complete(result, 20)
    assert result.stats.outcomes == {"ok": 20}
    assert result.stats.spooled == 0


@pytest.mark.parametrize("way", WAYS[1:])
def test_a_spool_that_is_full_means_decoding_between_arrivals(faulty, way, request, monkeypatch):
    request.getfixturevalue("pressure" if way == "spool" else "helped")
    monkeypatch.setattr(spool, "MOST_BYTES", 1)
    monkeypatch.setattr(spool, "HOLE_BYTES", 1)
    result = send(faulty, [job(i, f"x {i}", tokens=30) for i in range(40)], concurrency=16)
    complete(result, 40)
    assert result.stats.outcomes == {"ok": 40}
    assert result.stats.spooled > 0


def test_the_helper_is_gone_after_an_exception(faulty, helped, monkeypatch):
    started = []

    def start(*arguments, original=Helper.start):
        started.append(original(*arguments))
        return started[-1]

    monkeypatch.setattr(Helper, "start", start)

    class FullError(Exception):
        pass

    class Refusing(list):
        def append(self, _event):
            raise FullError

    with pytest.raises(FullError):
        send(faulty, [job(0, "x")], events=Refusing())
    assert not Path(f"/proc/{started[0].pid}").exists()


def test_the_helper_steps_back(faulty, helped, monkeypatch):
    seen = []

    def give(self, place, original=Helper.give):
        original(self, place)
        self._poll.poll(5000)
        seen.append((os.sched_getscheduler(self.pid), os.getpriority(os.PRIO_PROCESS, self.pid)))

    monkeypatch.setattr(Helper, "give", give)
    send(faulty, [job(0, "x")])
    assert seen == [(os.SCHED_OTHER, 19)]


def test_only_long_phases_get_a_helper(faulty, monkeypatch):
    monkeypatch.setattr(recorder, "spare_core", lambda: True)
    assert send(faulty, [job(0, "x")]).stats.helper == "none"
    monkeypatch.setattr(recorder, "HELPER_TOKENS", 12)
    assert send(faulty, [job(0, "x")]).stats.helper == "none"
    assert send(faulty, [job(0, "x"), job(1, "x")]).stats.helper == "used"
    monkeypatch.setattr(recorder, "spare_core", lambda: False)
    assert send(faulty, [job(0, "x"), job(1, "x")]).stats.helper == "none"


def test_planned_tokens_are_those_of_the_bodies():
    assert planned_tokens([job(0, "x", tokens=7), job(1, '"max_tokens":99', tokens=5)]) == 12


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
        return None if self._turn == 3 else self._job(event["text"])


@pytest.mark.parametrize("way", WAYS)
def test_conversations_go_on_whichever_way_their_events_take(faulty, way, request):
    if way != "memory":
        request.getfixturevalue("pressure" if way == "spool" else "helped")
    source = Sessions([Chat(i) for i in range(6)], 3, 0, planned=18)
    result = send(faulty, source, concurrency=3)
    complete(result, 18)
    assert result.stats.outcomes == {"ok": 18}
    assert (result.stats.spooled > 0) == (way != "memory")


def test_a_rule_sees_events_while_the_phase_goes_on_under_pressure(faulty, helped):
    events = []

    def enough():
        return Ending("enough") if len(events) >= 20 else None

    jobs = [job(i, f"x {i}", tokens=20) for i in range(2_000)]
    result = send(faulty, jobs, concurrency=8, enough=enough, events=events)
    assert result.stats.ended_by == "enough"
    assert result.stats.sent < 2_000
    complete(result, result.stats.sent)
