"""Send times from the kernel: where they lie, what they belong to, and what happens without."""

from __future__ import annotations

import json
import socket
import ssl
import sys
from types import SimpleNamespace

import pytest

from suite.measure.engine import sim
from suite.measure.load import send as sending
from suite.measure.load.send import stamp_kinds
from suite.measure.load.target import LoadOptions
from suite.measure.load.transport import send_stamps as sendstamps
from suite.measure.load.transport.connection import Exchange
from tests.unit.measure.load.support import job, read_truth, request_doc, send
from tests.unit.measure.load.transport.test_transport import certificate, encrypted

__all__ = ["certificate"]  # a fixture
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="SO_TIMESTAMPING is Linux")
ROOM = 20_000
"""A reading of the clocks' distance is good to some 0.1 µs; 20 µs of room cannot hide a wrong stamp."""


@pytest.fixture
def user_times(monkeypatch):
    """The client's own send times of requests that are given kernel stamps, by index."""
    own: dict[int, tuple[int, int]] = {}
    settle = sendstamps.SendTimes.settle

    def keep(self, exchange):
        own[exchange.job.index] = (exchange.t_send, exchange.t_sent)
        settle(self, exchange)

    monkeypatch.setattr(sendstamps.SendTimes, "settle", keep)
    return own


@linux
def test_this_kernel_stamps_what_is_sent():
    assert sendstamps.send_stamps() == "kernel"


@linux
@pytest.mark.parametrize("words", [5, 40_000])
def test_kernel_stamps_lie_between_the_clients_write_and_the_servers_arrival(
    tmp_path, user_times, words
):
    truth = tmp_path / "truth"
    with sim.start(json.dumps({"ttft_ms": 5, "itl_ms": 1}), truth=truth) as server:
        jobs = [job(i, "word " * words + str(i)) for i in range(24)]
        result = send(server.base_url, jobs, concurrency=6, send_stamps="kernel")
    clock = result.stats.clock
    assert (clock.send_stamps, clock.unstamped_sends) == ("kernel", 0)
    assert clock.to_json()["send_stamps"] == "kernel"
    true = read_truth(truth)
    for event in result.events:
        own, kernel = user_times[event.index]
        assert event.t_send == event.t_sched == kernel
        assert own - ROOM <= kernel <= true[event.prompt_sha256]["arrived"] + ROOM


@linux
def test_the_stamp_of_a_long_request_is_that_of_its_first_bytes():
    """The receiver does not read: only the first bytes can leave, and their stamp comes all the same."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with socket.create_connection(listener.getsockname()) as sock:
            assert sendstamps.ask_for_send_stamps(sock)
            sock.setblocking(False)
            first = sock.sendmsg((b"x" * 512,), sendstamps.ASK, socket.MSG_MORE)
            sock.send(b"y" * 50_000_000)
            result = []
            while not result:
                result = sendstamps.read_send_stamps(sock)
            assert [number for number, _ in result] == [first - 1]


@linux
def test_the_open_loops_lateness_is_that_of_the_kernels_times(faulty):
    jobs = [job(i, f"x {i}", at=i * 5_000_000) for i in range(10)]
    result = send(faulty, jobs, concurrency=None, send_stamps="kernel")
    assert result.stats.clock.send_stamps == "kernel"
    assert all(event.t_send > event.t_sched for event in result.events)


@linux
def test_with_tls(certificate, user_times):
    trusting = ssl.create_default_context(cafile=str(certificate))
    with encrypted(certificate) as url:
        jobs = [job(i, "x", tokens=8) for i in range(6)]
        extra = {"tls": trusting, "request": request_doc(), "send_stamps": "kernel"}
        result = send(url, jobs, concurrency=2, **extra)
    assert result.stats.outcomes == {"ok": 6}
    assert result.stats.clock.send_stamps == "kernel"
    assert all(own - ROOM <= kernel for own, kernel in user_times.values())


def test_a_unix_socket_has_none(tmp_path):
    path = tmp_path / "engine.sock"
    with sim.start(json.dumps({"ttft_ms": 1, "itl_ms": 1}), unix=str(path)) as server:
        result = send(server.base_url, [job(i, "x") for i in range(3)], send_stamps="kernel")
    clock = result.stats.clock
    assert (clock.send_stamps, clock.unstamped_sends) == ("user", 3)
    assert result.stats.outcomes == {"ok": 3}


def test_without_the_socket_option_the_whole_phase_has_the_clients_times(
    monkeypatch, faulty, user_times
):
    monkeypatch.setattr(sendstamps, "SO_TIMESTAMPING", 9_999)
    assert sendstamps.send_stamps() == "user"
    result = send(faulty, [job(i, "x") for i in range(3)], send_stamps="kernel")
    clock = result.stats.clock
    assert (clock.send_stamps, clock.unstamped_sends) == ("user", 3)
    assert {e.index: (e.t_send, 0) for e in result.events} == user_times


def exchange(t_sent: int, fault: str | None = None) -> Exchange:
    made = Exchange(job(0, "x"), None)
    made.t_send, made.t_sent = 100, t_sent
    made.fault = fault
    return made


def test_the_first_answered_request_decides_for_all():
    sends = sendstamps.SendTimes(asked=True)
    ended = [exchange(0, "connect-refused"), exchange(0), exchange(130), exchange(140)]
    for item in ended:
        sends.settle(item)
    assert [item.t_send for item in ended] == [100] * 4
    assert (sends.kind(), sends.unstamped) == ("user", 1)


def test_a_single_stamp_that_is_missing_withdraws_the_claim():
    sends = sendstamps.SendTimes(asked=True)
    for item in (exchange(130), exchange(0, "reset")):
        sends.settle(item)
    assert (sends.kind(), sends.unstamped) == ("kernel", 0)
    sends.settle(exchange(0))
    assert (sends.kind(), sends.unstamped) == ("user", 1)


def test_nobody_asked(faulty):
    result = send(faulty, [job(0, "x")])
    assert (result.stats.clock.send_stamps, result.stats.clock.unstamped_sends) == ("user", 0)


@linux
def test_the_logs_header(monkeypatch):
    plan, unix = (SimpleNamespace(engine=SimpleNamespace(url=url)) for url in (None, "unix:/x"))
    kernel = LoadOptions(send_stamps="kernel")
    assert stamp_kinds(plan) == ("kernel", "user")
    assert stamp_kinds(plan, kernel) == ("kernel", "kernel")
    assert stamp_kinds(unix, kernel) == ("user", "user")
    monkeypatch.setattr(sending, "send_stamps", lambda: "user")
    assert stamp_kinds(plan, kernel) == ("kernel", "user")
