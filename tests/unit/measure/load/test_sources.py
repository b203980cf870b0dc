"""Batches, conversations and schedules, each as a source alone and against the scripted server."""

from __future__ import annotations

import itertools
import json
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from suite.measure.engine import sim
from suite.measure.load import synthetic
from suite.measure.load.sources import (
    UNLIMITED,
    ClosedLoop,
    Lockstep,
    OpenLoop,
    Sessions,
    source_of,
)
from tests.unit.measure.load.support import job, send

PHASE = synthetic.phase("p", 4, None, 1.0)


class Talk:
    """A conversation: every turn sends all prompts and answers before it."""

    def __init__(self, first_index: int, turns: int, ask: str = "turn") -> None:
        self.next = first_index
        self.end = first_index + turns
        self.ask = ask
        self.messages: list[dict[str, str]] = []
        self.heard: list[str] = []

    def first(self):
        return self.turn()

    def after(self, event):
        self.heard.append(event.outcome)
        if event.outcome != "ok" or self.next == self.end:
            return None
        self.messages.append({"role": "assistant", "content": event.text})
        return self.turn()

    def turn(self):
        self.messages.append({"role": "user", "content": f"{self.ask} {self.next}"})
        made = job(self.next, self.messages[-1]["content"], messages=list(self.messages))
        self.next += 1
        return made


def overlaps(events):
    edges = [(e.t_send, 1) for e in events] + [(e.t_end, -1) for e in events]
    return max(itertools.accumulate(step for _, step in sorted(edges)))


def test_a_closed_loop_gives_its_list_and_then_nothing():
    jobs = [job(i, "x") for i in range(3)]
    source = ClosedLoop(jobs, 2)
    assert (source.planned, source.streams, source.limit, source.due_ns) == (3, 2, 2, 0)
    assert [source.take() for _ in jobs] == jobs
    assert (source.limit, source.waiting(), source.given) == (0, False, 3)
    assert not ClosedLoop([], 1).waiting()


def test_a_closed_source_gives_nothing_more():
    jobs = [job(i, "x", at=i) for i in range(3)]
    for source in (ClosedLoop(jobs, 2), OpenLoop(jobs), Lockstep(jobs, 2), sessions(2)):
        source.take()
        source.close()
        assert (source.limit, source.waiting(), source.given) == (0, False, 1)


def sessions(count: int, turns: int = 2, concurrency: int = 1, think_ns: int = 0) -> Sessions:
    talks = [Talk(i * turns, turns) for i in range(count)]
    return Sessions(talks, concurrency, think_ns, planned=count * turns)


def test_batches_wait_until_nothing_is_in_flight():
    source = Lockstep([job(i, "x") for i in range(5)], 2)
    limits = []
    while source.waiting():
        source.take()
        limits.append(source.limit)
    assert limits == [2, 1, 2, 1, 0]


def test_an_open_loop_says_when():
    source = OpenLoop([job(i, "x", at=at) for i, at in enumerate((0, 5, 9))])
    assert (source.streams, source.limit) == (None, UNLIMITED)
    due = []
    while source.waiting():
        due.append(source.due_ns)
        source.take()
    assert due == [0, 5, 9]


def test_a_turn_follows_its_answer_after_the_pause_and_a_session_makes_room():
    source = sessions(3, concurrency=2, think_ns=100)
    first, second = source.take(), source.take()
    assert (first.index, second.index, source.limit) == (0, 2, 0)
    assert source.waiting()
    source.ended(SimpleNamespace(index=0, outcome="ok", text="a"), 1_000)
    assert (source.limit, source.due_ns) == (UNLIMITED, 1_100)
    # A failed turn ends its session; the next session begins without a pause.
    source.ended(SimpleNamespace(index=2, outcome="reset", text=""), 1_050)
    assert source.due_ns == 1_050
    assert source.take().index == 4
    assert source.take().index == 1


@pytest.mark.parametrize(
    ("phase", "at", "kind"),
    [
        ({"scenario": "offline", "concurrency": 3}, None, ClosedLoop),
        ({"scenario": "concurrency", "concurrency": 3, "lockstep": True}, None, Lockstep),
        ({"scenario": "server", "concurrency": None}, 0, OpenLoop),
        ({"scenario": "soak", "concurrency": 3}, None, ClosedLoop),
    ],
)
def test_what_a_list_is_sent_as(phase, at, kind):
    assert type(source_of(replace(PHASE, **phase), [job(0, "x", at=at)])) is kind


def test_one_stream_and_all_at_once():
    jobs = [job(i, "x") for i in range(4)]
    assert source_of(replace(PHASE, scenario="single_stream"), jobs).streams == 1
    assert source_of(replace(PHASE, scenario="offline"), jobs).streams == 4


def test_lockstep_really_sends_in_batches(faulty):
    result = send(faulty, [job(i, "x " * (i + 1)) for i in range(10)], concurrency=4, lockstep=True)
    assert result.stats.outcomes == {"ok": 10}
    batches = [[result[i] for i in range(start, min(start + 4, 10))] for start in (0, 4, 8)]
    for batch, following in itertools.pairwise(batches):
        assert max(e.t_end for e in batch) <= min(e.t_send for e in following)
    for batch in batches:
        assert max(e.t_send for e in batch) < min(e.t_end for e in batch)


def test_batches_go_on_when_requests_fail(faulty):
    jobs = [job(i, "<http_500>" if i % 3 == 0 else "x") for i in range(9)]
    result = send(faulty, jobs, concurrency=3, lockstep=True)
    assert result.stats.outcomes == {"ok": 6, "http-error": 3}


def test_sessions_send_their_history_one_turn_after_the_other(tmp_path):
    talks = [Talk(session * 3, 3, f"session {session} turn") for session in range(4)]
    source = Sessions(talks, 2, 20_000_000, planned=12)
    with sim.start(json.dumps({"ttft_ms": 5, "itl_ms": 1})) as server:
        result = send(server.base_url, source)
    assert result.stats.outcomes == {"ok": 12}
    assert (result.stats.sent, result.stats.unsent, result.stats.ended_by) == (12, 0, "all-sent")
    assert overlaps(result.events) == 2
    for number, talk in enumerate(talks):
        events = [result[number * 3 + turn] for turn in range(3)]
        for before, after in itertools.pairwise(events):
            assert after.t_send >= before.t_end + 20_000_000
        spoken = [m["content"] for m in talk.messages if m["role"] == "assistant"]
        assert spoken == [event.text for event in events[:2]]
        assert all(spoken)


def test_what_a_session_sent_is_what_the_server_got():
    """The echoing server answers with the last message, which shows that turns arrive as they were made."""
    talk = Talk(0, 3)
    with sim.start(json.dumps({"ttft_ms": 1, "itl_ms": 1, "answers": "echo"})) as server:
        result = send(server.base_url, Sessions([talk], 1, 0, planned=3))
    assert [result[i].text.strip() for i in range(3)] == ["turn 0", "turn 1", "turn 2"]


def test_a_failed_turn_ends_its_session_and_the_rest_is_not_sent(faulty):
    talks = [Talk(0, 4), Talk(4, 4, "<http_500>"), Talk(8, 4)]
    result = send(faulty, Sessions(talks, 1, 0, planned=12))
    assert result.stats.outcomes == {"ok": 8, "http-error": 1}
    assert (result.stats.sent, result.stats.unsent) == (9, 3)
    assert talks[1].heard == ["http-error"]


def test_sessions_without_a_server_end():
    result = send("http://127.0.0.1:1", Sessions([Talk(0, 2), Talk(2, 2)], 2, 0, planned=4))
    assert result.stats.outcomes == {"connect-refused": 2}
    assert result.stats.unsent == 2


def test_a_source_that_does_not_say_takes_the_phases_tasks(faulty):
    source = Sessions([Talk(0, 2)], 1, 0)
    result = send(faulty, source)
    # The phase of the test helper plans as many tasks as the source says: none.
    assert result.stats.planned == 0
    assert result.stats.sent == 2
