"""Kernel stamps, the distance of the clocks, and what a step of the clock leads to."""

from __future__ import annotations

import select
import socket
import sys
import time

import pytest

from suite.measure.load.transport import clock
from suite.measure.load.transport.timer import Timer
from tests.unit.measure.load.support import job, send


def test_the_offset_maps_real_time_to_monotonic_time():
    before = time.monotonic_ns()
    offset = clock.read_offset()
    mapped = time.time_ns() - offset.ns
    after = time.monotonic_ns()
    assert before - offset.error_ns <= mapped <= after + offset.error_ns


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="SO_TIMESTAMPNS is Linux")
def test_this_kernel_stamps_what_arrives():
    assert clock.receive_stamps() == "kernel"


def test_without_the_socket_option_the_client_stamps_itself(monkeypatch, faulty):
    monkeypatch.setattr(clock, "SO_TIMESTAMPNS", 9_999)
    assert clock.receive_stamps() == "user"
    result = send(faulty, [job(0, "x")])
    assert result.stats.outcomes == {"ok": 1}
    assert result.stats.clock.receive_stamps == "user"
    assert result.stats.clock.unstamped_reads == result.stats.clock.reads


def test_a_stamp_is_found_among_other_messages():
    stamp = clock.TIMESPEC.pack(3, 7)
    messages = [
        (socket.SOL_SOCKET, 1, b"\0" * 12),
        (socket.SOL_SOCKET, clock.SO_TIMESTAMPNS, b"short"),
        (socket.SOL_SOCKET, clock.SO_TIMESTAMPNS, stamp),
    ]
    assert clock.stamp_of(messages) == 3_000_000_007
    assert clock.stamp_of(messages[:2]) is None


def test_unix_sockets_are_not_asked():
    with socket.socket(socket.AF_UNIX) as sock:
        assert not clock.ask_for_stamps(sock)


def test_a_clock_step_is_seen_and_named(monkeypatch, faulty):
    real = clock.read_offset
    calls = iter(range(1_000))

    def stepped() -> clock.Offset:
        offset = real()
        step = 5_000_000 if next(calls) >= 2 else 0
        return clock.Offset(offset.ns - step, offset.error_ns)

    monkeypatch.setattr(clock, "read_offset", stepped)
    stats = send(faulty, [job(i, f"x {i}", tokens=60) for i in range(4)]).stats
    assert stats.clock.step_ns == pytest.approx(-5_000_000, abs=100_000)
    assert "CLOCK STEPPED by -5.0" in stats.summary()
    assert stats.to_json()["clock"]["clock_step_ns"] == stats.clock.step_ns


def test_a_quiet_clock_has_no_step():
    watch = clock.OffsetWatch()
    for _ in range(50):
        watch.look()
    assert watch.step_ns == 0


def test_the_timer_wakes_not_before_its_moment():
    timer = Timer()
    with select.epoll() as epoll:
        epoll.register(timer.fd, select.EPOLLIN)
        moment = time.monotonic_ns() + 3_000_000
        timer.arm(moment)
        assert epoll.poll(5) == [(timer.fd, select.EPOLLIN)]
        assert time.monotonic_ns() >= moment
        timer.clear()
        assert epoll.poll(0) == []
    timer.close()
    timer.close()
