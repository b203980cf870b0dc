"""The client against the scripted server: the usual case, the times, every fault, and how phases end."""

from __future__ import annotations

import contextlib
import gc
import itertools
import json
import os
import resource
import socket
import sys
import threading
import time
from dataclasses import replace

import pytest
from msgspec import UNSET

from suite.base import schema
from suite.base.errors import EngineError, UsageError
from suite.documents import codec
from suite.documents.event import Usage
from suite.measure.engine import sim
from suite.measure.engine.sim_script import token_id
from suite.measure.load import driver, phase, synthetic
from suite.measure.load.decode.foreign import clean
from suite.measure.load.decode.recorder import Recorder
from suite.measure.load.send import run_phase
from suite.measure.load.target import Target
from suite.measure.load.transport import loop
from tests.factories.engine import nobody
from tests.unit.measure.load.support import PER_REQUEST, job, read_truth, request_doc, send

OK = {
    "comments",
    "crlf",
    "empty_reason",
    "gzip",
    "lies_about_usage",
    "lines_cut",
    "null_index",
    "role_only_first_chunk",
    "several_tokens_per_chunk",
    "usage_in_choice",
}
OTHERWISE = {
    "cached_prompt",
    "reasons_only",
    "splits_characters",
    "thinks_aloud",
    "uncached_usage",
}
"""No faults, but with a text or counts of their own: each has a test of its own."""
OUTCOMES = {
    "aborts": ("aborted", "its finish reason is abort"),
    "closes_early": ("reset", "before the end"),
    "empty_answer": ("no-content", "no generated text"),
    "error_in_stream": ("error-in-stream", "out of memory"),
    "flat_error": ("error-in-stream", "a worker has died"),
    "floods": ("answer-too-large", "of what came the beginning is kept"),
    "floods_comments": ("answer-too-large", "broken off"),
    "http_400": ("http-error", "max_tokens is too large"),
    "http_500": ("http-error", "the engine is broken"),
    "json_error": ("malformed-response", "exceeds the context"),
    "malformed_chunk": ("malformed-chunk", "not JSON"),
    "never_ends": ("timeout", "not ended after"),
    "no_done": ("missing-done", "without [DONE]"),
    "no_finish": ("missing-done", "without [DONE]"),
    "no_stream": ("malformed-response", "content type application/json"),
    "no_usage": ("missing-usage", "no usage"),
    "not_http": ("malformed-response", "not HTTP"),
    "rate_limited": ("rate-limited", "Retry-After: 7"),
    "resets_midway": ("reset", "Connection reset by peer"),
    "silent": ("stall", "nothing came"),
    "stalls": ("stall", "nothing came"),
    "text_error": ("malformed-response", "upstream connect error: rank 3 is gone"),
    "unframed_error": ("error-in-stream", "exceeds the context"),
}


def test_the_fault_table_is_complete():
    assert sorted(OK | OTHERWISE | set(OUTCOMES)) == PER_REQUEST


@pytest.mark.parametrize("fault", sorted(OUTCOMES))
def test_every_fault_is_an_outcome_and_the_next_request_is_well(faulty, fault):
    jobs = [job(0, f"<{fault}>"), job(1, "fine")]
    hangs = fault in ("never_ends", "silent", "stalls")
    result = send(faulty, jobs, timeout_s=3 if hangs else 60)
    code, sentence = OUTCOMES[fault]
    event = result[0]
    assert event.outcome == code
    assert sentence in (event.error or "")
    assert event.t_end >= event.t_send
    assert result[1].outcome == "ok"
    assert result.stats.outcomes == {code: 1, "ok": 1}
    assert (result.stats.completed, result.stats.failed) == (1, 1)


@pytest.mark.parametrize("fault", sorted(OK))
def test_peculiarities_that_are_no_faults(faulty, fault):
    plain, odd = send(faulty, [job(0, "x"), job(1, f"<{fault}>", tokens=9)])
    assert plain.outcome == odd.outcome == "ok"
    assert odd.error is None
    expected = (4, 4, 1) if fault == "several_tokens_per_chunk" else (1,) * 9
    assert odd.chunk_tokens == expected
    assert len(odd.chunk_dt) == len(expected) - 1
    assert odd.token_ids == tuple(token_id(f" {word}") for word in odd.text.split())
    claimed = 27 if fault == "lies_about_usage" else 9
    usage = Usage(engine_prompt=1, engine_completion=claimed, ids_completion=9)
    assert odd.usage == usage


@pytest.mark.parametrize("reason", ["abort", "content_filter", "error", "tool_calls", "whatever"])
def test_an_answer_that_was_given_up_is_a_failure_of_its_own(reason):
    script = {"faults": [{"name": "aborts", "first": 1, "count": 1, "reason": reason}]}
    with sim.start(json.dumps(script)) as server:
        result = send(server.base_url, [job(i, f"task {i}") for i in range(3)])
    event = result[1]
    assert [e.outcome for e in result.events] == ["ok", "aborted", "ok"]
    assert (event.finish_reason, event.usage.engine_completion) == (reason, 3)
    assert event.error.endswith(f"its finish reason is {reason}")
    assert len(event.text.split()) == 3


def test_what_servers_say_of_cached_prompts(faulty):
    plain, cached, uncached = send(
        faulty,
        [job(0, "one two three"), job(1, "a b <cached_prompt>"), job(2, "<uncached_usage>")],
    ).events
    assert plain.usage.cached_tokens is UNSET
    assert (cached.usage.engine_prompt, cached.usage.cached_tokens) == (3, 2)
    assert uncached.usage.engine_prompt == 0
    assert {event.outcome for event in (plain, cached, uncached)} == {"ok"}


def test_reasoning_is_kept_apart(faulty):
    only, aloud = send(faulty, [job(0, "<reasons_only>"), job(1, "<thinks_aloud>")]).events
    assert (only.outcome, only.text, len(only.reasoning.split())) == ("ok", "", 6)
    assert len(only.chunk_dt) == 5
    assert aloud.reasoning is UNSET
    before, after = aloud.text.split("</think>")
    assert before.split()
    assert after.split()


def test_a_character_in_two_chunks_is_one(faulty):
    result = send(faulty, [job(0, "<splits_characters>")])
    assert result[0].outcome == "ok"
    assert result[0].text.startswith(" \U0001f600 ")
    assert result.stats.half_characters == 0


def test_counts_in_the_choice_are_noted(faulty):
    result = send(faulty, [job(0, "<usage_in_choice>"), job(1, "x")])
    assert result.stats.usage_in_choice == 1


def test_a_role_of_its_own_is_not_the_first_token(tmp_path):
    truth = tmp_path / "truth"
    script = {"ttft_ms": 50, "faults": ["role_only_first_chunk"]}
    with sim.start(json.dumps(script), truth=truth) as server:
        event = send(server.base_url, [job(0, "x")])[0]
    first = read_truth(truth)[event.prompt_sha256]["writes"][0]
    assert event.chunk_t0 >= first


@pytest.mark.parametrize(("concurrency", "arrivals"), [(8, False), (None, True)])
def test_arrival_times_lie_between_the_servers_write_and_the_clients_read(
    tmp_path, concurrency, arrivals, monkeypatch
):
    reads: dict[int, int] = {}
    feed = Recorder.add

    def add(self, exchange):
        reads[exchange.job.index] = time.monotonic_ns()
        feed(self, exchange)

    monkeypatch.setattr(Recorder, "add", add)
    truth = tmp_path / "truth"
    with sim.start(json.dumps({"ttft_ms": 20, "itl_ms": 2}), truth=truth) as server:
        jobs = [
            job(i, f"task {i}", at=i * 2_000_000 if arrivals else None, tokens=20)
            for i in range(24)
        ]
        result = send(server.base_url, jobs, concurrency=concurrency)
    stats = result.stats
    assert stats.outcomes == {"ok": 24}
    assert stats.clock.step_ns == 0
    # A reading of the clocks' distance is good to some 0.1 µs; 20 µs of room cannot hide a late read.
    room = 20_000 if stats.clock.receive_stamps == "kernel" else 0
    true = read_truth(truth)
    for event in result.events:
        line = true[event.prompt_sha256]
        stamps = list(itertools.accumulate(event.chunk_dt, initial=event.chunk_t0))
        assert stamps == sorted(stamps)
        assert len(stamps) == len(line["writes"]) == 20
        assert event.t_sched <= event.t_send <= line["arrived"] + room
        for stamp, write in zip(stamps, line["writes"], strict=True):
            assert stamp >= write - room
        assert stamps[-1] <= event.t_end <= reads[event.index] + room


def test_open_loop_sends_at_the_intended_times_whatever_the_server_does(faulty):
    gap = 3_000_000
    jobs = [job(i, "<silent>" if i < 5 else "x", at=i * gap) for i in range(20)]
    result = send(faulty, jobs, timeout_s=3)
    scheduled = [result[i].t_sched for i in range(20)]
    assert [b - a for a, b in itertools.pairwise(scheduled)] == [gap] * 19
    assert all(event.t_send >= event.t_sched for event in result.events)
    assert scheduled[0] == result.stats.t_start
    assert result.stats.outcomes == {"stall": 5, "ok": 15}


def test_a_closed_loop_keeps_its_concurrency(faulty):
    result = send(faulty, [job(i, f"x {i}") for i in range(30)], concurrency=4)
    events = result.events
    assert result.stats.outcomes == {"ok": 30}
    assert result.stats.connections == 4
    assert all(event.t_sched == event.t_send for event in events)
    edges = sorted(
        [(event.t_send, 1) for event in events] + [(event.t_end, -1) for event in events]
    )
    running = list(itertools.accumulate(step for _, step in edges))
    assert max(running) == 4
    assert result.progress[-1] == (30, 0, 0)


def test_completions_and_running_usage(faulty):
    request = request_doc(api="completions", path="/v1/completions")
    body = {
        "return_token_ids": False,
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
    }
    result = send(faulty, [job(0, "x", **body)], path="/v1/completions", request=request)
    event = result[0]
    assert event.outcome == "ok"
    assert event.chunk_tokens == (1,) * 6
    assert event.token_ids is None


def test_missing_parts_are_accepted_where_the_engine_is_declared_so(faulty):
    request = request_doc(done_marker=False, stream_options=None)
    body = {"stream_options": {}}
    jobs = [job(0, "<no_done>", **body), job(1, "<no_finish>", **body)]
    result = send(faulty, jobs, request=request)
    assert result[0].outcome == "ok"
    assert result[1].outcome == "missing-done"
    assert result.stats.without_done == 1


def test_nobody_listens():
    with nobody() as port:
        result = send(f"http://127.0.0.1:{port}", [job(i, "x") for i in range(3)], concurrency=2)
    assert result.stats.outcomes == {"connect-refused": 3}
    assert result[0].error == "Connection refused"
    assert result[0].chunk_t0 is None


def test_a_server_that_dies_ends_the_phase(tmp_path):
    script = {"ttft_ms": 10, "itl_ms": 1, "faults": [{"name": "dies_after", "first": 3}]}
    with sim.start(json.dumps(script)) as server:
        result = send(server.base_url, [job(i, f"x {i}") for i in range(12)], concurrency=2)
        server.process.wait(60)
        assert server.alive() == "it ended with status 1"
    outcomes = result.stats.outcomes
    assert outcomes["ok"] >= 2
    assert set(outcomes) == {"ok", "reset", "connect-refused"}
    assert sum(outcomes.values()) == 12


def test_a_server_that_stops_listening(monkeypatch):
    monkeypatch.setattr(loop, "RESEND_WITHIN_NS", 60 * 10**9)
    script = {"ttft_ms": 1, "itl_ms": 1, "faults": [{"name": "refuses", "first": 2}]}
    with sim.start(json.dumps(script)) as server:
        result = send(server.base_url, [job(i, f"x {i}") for i in range(6)])
    # The request that met the closing was sent again on a new connection, which nobody took.
    assert result.stats.outcomes == {"ok": 2, "connect-refused": 4}
    assert result.stats.resent == 1


def test_a_stopped_phase_cancels_what_is_in_flight_and_sends_no_more(faulty):
    asked = itertools.count()
    jobs = [job(i, "<silent>") for i in range(10)]
    result = send(faulty, jobs, concurrency=3, stop=lambda: next(asked) > 3)
    assert result.stats.outcomes == {"cancelled": 3}
    assert result.stats.stopped
    assert result.stats.unsent == 7


def test_a_stopped_phase_keeps_what_had_arrived(faulty):
    asked = itertools.count()
    result = send(faulty, [job(0, "<stalls>")], stop=lambda: next(asked) > 12)
    event = result[0]
    assert event.outcome == "cancelled"
    assert len(event.text.split()) == 3


def test_a_phase_stopped_before_it_began(faulty):
    result = send(faulty, [job(0, "x")], stop=lambda: True)
    assert result.events == []
    assert result.stats.unsent == 1


def test_a_phase_without_requests(faulty):
    assert send(faulty, []).stats.outcomes == {}


def test_a_large_prompt_is_written_whole(faulty):
    event = send(faulty, [job(0, "word " * 400_000)])[0]
    assert event.outcome == "ok"
    assert event.usage.engine_prompt == 400_000


def test_an_exception_of_the_callback_leaves_no_connection_and_the_collector_on(faulty):
    def refuse(_event):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        send_with(faulty, refuse)
    assert gc.isenabled()


def send_with(base_url, on_request):
    target = Target(base_url, "/v1/chat/completions", {}, request_doc())
    run_phase(
        target,
        [job(0, "x")],
        phase=synthetic.phase("x", 1, 1, 5.0),
        zero_ns=0,
        on_request=on_request,
        stop=lambda: False,
        on_progress=lambda *_: None,
    )


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://127.0.0.1", "url-malformed"),
        ("http://", "url-malformed"),
        ("http://127.0.0.1:99999", "url-malformed"),
        ("http://me@127.0.0.1", "url-malformed"),
        ("http://127.0.0.1/?x=1", "url-malformed"),
    ],
)
def test_addresses_that_cannot_be_used(url, code):
    with pytest.raises(UsageError) as caught:
        send(url, [job(0, "x")])
    assert caught.value.code == code


def test_a_host_that_is_not_known():
    with pytest.raises(EngineError) as caught:
        send("http://host.invalid", [job(0, "x")])
    assert caught.value.code == "host-unknown"


@pytest.mark.parametrize(
    "headers",
    [{"A": "x\r\nB: y"}, {"A": "x\ny"}, {"A": "\u20ac"}, {"A b": "x"}, {"Content-Length": "1"}],
)
def test_header_fields_that_cannot_be_sent(headers):
    with pytest.raises(UsageError) as caught:
        send("http://127.0.0.1:1", [job(0, "x")], headers=headers)
    assert caught.value.code == "header-malformed"


def test_prompts_of_token_ids(tmp_path):
    """A completion request may carry ids in place of text: the client looks into no body."""
    request = request_doc(api="completions", path="/v1/completions")
    ids = [17, 4, 31_999, 0]
    with sim.start(json.dumps({"ttft_ms": 1, "itl_ms": 1})) as server:
        made = [job(i, "x", tokens=3) for i in range(3)]
        jobs = [replace(item, body=item.body.replace(b'"x"', b"[17,4,31999,0]")) for item in made]
        result = send(server.base_url, jobs, path="/v1/completions", request=request)
    assert result.stats.outcomes == {"ok": 3}
    assert result[0].chunk_tokens == (1, 1, 1)
    assert json.loads(jobs[0].body)["prompt"] == ids
    assert result[0].usage.engine_prompt == 4


def test_every_event_is_as_the_schema_says(faulty):
    jobs = [job(i, f"<{name}>") for i, name in enumerate(PER_REQUEST)]
    result = send(faulty, jobs, concurrency=len(jobs), timeout_s=3)
    assert len(result.events) == len(PER_REQUEST)
    assert {event.outcome for event in result.events} == {"ok"} | {
        code for code, _ in OUTCOMES.values()
    }
    for event in result.events:
        assert schema.problems(codec.plain(event), "event") == []


def test_the_process_is_left_as_it_was(faulty):
    def state() -> tuple[object, ...]:
        return (
            os.sched_getscheduler(0),
            gc.isenabled(),
            gc.get_freeze_count(),
            sys.getswitchinterval(),
        )

    before = state()
    send(faulty, [job(0, "x")])
    assert state() == before


def test_a_client_that_may_not_run_ahead_says_so(faulty, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(driver.os, "sched_setscheduler", refuse)
    result = send(faulty, [job(0, "x")])
    assert result.stats.outcomes == {"ok": 1}
    assert result.stats.real_time is False


def test_who_may_not_clear_the_flag_of_real_time_keeps_it_and_loses_nothing(faulty, monkeypatch):
    # sched(7): only the privileged may clear reset-on-fork once it is set.
    real, calls = os.sched_setscheduler, []

    def unprivileged(pid, policy, param):
        calls.append(policy)
        if calls[0] & os.SCHED_RESET_ON_FORK and not policy & os.SCHED_RESET_ON_FORK:
            raise PermissionError
        real(pid, policy, param)

    monkeypatch.setattr(driver.os, "sched_setscheduler", unprivileged)
    result = send(faulty, [job(0, "x")])
    monkeypatch.undo()
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    assert result.stats.outcomes == {"ok": 1}
    assert calls[-1] == os.SCHED_OTHER | os.SCHED_RESET_ON_FORK


@pytest.mark.parametrize("before", [0, 100, 140, 160, 190])
def test_a_secret_that_a_server_repeats_is_cut_out_wherever_the_text_was_cut(before):
    key = "sk-proj-ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    text = clean("x" * before + " the key was " + key + " and is not valid")
    kept = phase._without([f"Bearer {key}"], text)
    assert key[:6] not in kept


_EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"' + b"w " * 500 + b'"}}]}\n\n'
_FLOODS = {
    "chunks": b"%x\r\n%b\r\n" % (len(_EVENT), _EVENT) * 60,
    "one line": b"10000\r\n" + b"x" * 0x10000 + b"\r\n",
    "bytes": b"1\r\nx\r\n" * 10_000,
    "head": b"",
}


@pytest.mark.parametrize("kind", _FLOODS)
def test_a_server_that_never_stops_ends_its_request_and_nothing_else(kind):
    """As fast as the loopback takes it; before, 64 MiB for each request in flight were kept."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
    good = (
        _EVENT
        + b'data: {"choices":[{"index":0,"delta":{"content":"."},"finish_reason":"stop"}],'
        + b'"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\ndata: [DONE]\n\n'
    )
    sent = []

    def serve(connection):
        with connection, contextlib.suppress(OSError):
            while asked := connection.recv(65_536):
                if b"flood" not in asked:
                    whole = head + b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(good), good)
                    connection.sendall(whole)
                    continue
                connection.sendall(head + (b"" if kind == "head" else b"\r\n"))
                while True:
                    sent.append(connection.send(_FLOODS[kind] or b"x-more: y\r\n" * 100))

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        jobs = [job(i, "flood" if i % 2 else "fine") for i in range(20)]
        result = send(f"http://127.0.0.1:{port}", jobs, concurrency=4)
        server.shutdown(socket.SHUT_RDWR)
    wanted = "malformed-response" if kind == "head" else "answer-too-large"
    events = sorted(result.events, key=lambda event: event.index)
    assert [event.outcome for event in events] == ["ok", wanted] * 10
    assert max(len(event.text) for event in result.events) <= 70_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB
