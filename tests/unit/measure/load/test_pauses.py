"""Letting the kernel gather arrivals: when it is done, and that no time suffers."""

from __future__ import annotations

import itertools
import json
import time

import pytest

from suite.measure.engine import sim
from suite.measure.load.driver import PAUSE_NS, Driver, Hooks
from suite.measure.load.sources import ClosedLoop, OpenLoop
from suite.measure.load.stats import PhaseStats
from suite.measure.load.transport import loop
from suite.measure.load.transport.clock import ClockFacts
from suite.measure.load.transport.send_stamps import SendTimes
from tests.unit.measure.load.support import job, read_truth, send


class Counts:
    """What the driver reads of a loop."""

    def __init__(
        self,
        in_flight: int,
        reads: int,
        unstamped: int = 0,
        live: int | None = None,
        merged: int = 0,
    ) -> None:
        self.in_flight = in_flight
        self.reads = reads
        self.unstamped = unstamped
        self.seen = in_flight if live is None else live, merged

    def live(self, since_ns: int) -> tuple[int, int]:
        return self.seen


def pause(
    counts: Counts, *, merged: int = 0, kind: str = "kernel", given: int = 0, elapsed_s: int = 9
):
    stats = PhaseStats(1, ClockFacts(kind, 0, 0, 0, 0, 0, 0))
    stats.merged_reads = merged
    hooks = Hooks(lambda: False, None, lambda *_: None)
    source = ClosedLoop([], 1)
    source.given = given
    driver = Driver(counts, stats, source, hooks, SendTimes(asked=False))
    return driver._pause(50_000_000, elapsed_s * 1_000_000_000)


def test_many_streams_gather():
    # 512 streams, a token each in 20 ms: 1,280 arrivals in 50 ms.
    assert pause(Counts(512, 1_280)) == PAUSE_NS


def test_it_stays_below_a_twentieth_of_the_time_between_two_tokens():
    # 128 streams, a token each in 2 ms.
    assert pause(Counts(128, 3_200)) == 100_000


def test_streams_that_wait_for_their_turn_have_no_gap():
    # 1,000 in flight, of which the server generates 16 at a time, a token each in 2 ms.
    assert pause(Counts(1_000, 400, live=16)) == 0
    assert pause(Counts(1_000, 3_200, live=128)) == 100_000


def test_an_open_loop_never_pauses():
    stats = PhaseStats(1, ClockFacts("kernel", 0, 0, 0, 0, 0, 0))
    hooks = Hooks(lambda: False, None, lambda *_: None)
    source = OpenLoop([job(0, "x")])
    driver = Driver(Counts(512, 1_280), stats, source, hooks, SendTimes(asked=False))
    assert driver._pause(50_000_000, 9_000_000_000) == 0


def test_it_stays_below_a_thousandth_of_an_answer():
    # 512 answers at a time, 46,080 of them in 9 s: 0.1 s each.
    assert pause(Counts(512, 1_280), given=46_080 + 512) == 100_000
    # Before the first has ended, an answer takes as long as they all took so far.
    assert pause(Counts(512, 1_280), given=512, elapsed_s=0) == 0
    assert pause(Counts(512, 1_280), given=512) == PAUSE_NS


@pytest.mark.parametrize("counts", [Counts(8, 20), Counts(1, 500), Counts(4, 0)])
def test_a_few_streams_do_not_wait_for_one_another(counts):
    assert pause(counts) == 0


def test_what_only_the_client_stamps_never_waits():
    assert pause(Counts(512, 1_280), kind="user") == 0
    assert pause(Counts(512, 1_280, unstamped=1)) == 0


def test_streams_whose_arrivals_meet_end_it():
    assert pause(Counts(512, 1_280), merged=6) == PAUSE_NS
    assert pause(Counts(512, 1_280), merged=7) == 0
    # Also those of responses that are not yet decoded.
    assert pause(Counts(512, 1_280, merged=6)) == PAUSE_NS
    assert pause(Counts(512, 1_280, merged=4), merged=3) == 0


def test_times_are_those_of_the_kernel_all_the_same(tmp_path, monkeypatch):
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.sleep(seconds)

    monkeypatch.setattr(loop, "time", type("Time", (), {"sleep": staticmethod(sleep)}))
    truth = tmp_path / "truth"
    with sim.start(json.dumps({"ttft_ms": 30, "itl_ms": 15}), truth=truth) as server:
        jobs = [job(i, f"x {i}", tokens=30) for i in range(100)]
        result = send(server.base_url, jobs, concurrency=100)
    stats = result.stats
    assert stats.outcomes == {"ok": 100}
    if stats.clock.receive_stamps != "kernel":
        assert not slept
        return
    assert slept
    assert max(slept) <= PAUSE_NS / 1e9
    true = read_truth(truth)
    for event in result.events:
        stamps = itertools.accumulate(event.chunk_dt, initial=event.chunk_t0)
        writes = true[event.prompt_sha256]["writes"]
        if event.merged_reads:
            continue
        # 20 µs of room, as for single arrivals; the next write bounds a stamp from above.
        for stamp, write, following in zip(stamps, writes, [*writes[1:], None], strict=True):
            assert stamp >= write - 20_000
            assert following is None or stamp <= following + 20_000
