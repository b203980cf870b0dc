"""The paced server: the bytes of the scripted one, and a truth that can be trusted."""

import contextlib
import http.client
import json

import pytest

from benchmarks.load import ccompiler
from benchmarks.load.case import Load, closed, poisson
from benchmarks.load.server import prompt, serve

LOAD = Load(1, 1, ttft_ms=5, itl_ms=2, tokens=3)


def ask(url, body, path="/v1/chat/completions"):
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def chat(index, **more):
    messages = [{"role": "user", "content": prompt(index)}]
    return {"messages": messages, "stream": True, "max_tokens": 3, **more}


def shape(value):
    """Members and kinds, without what a server is free to choose."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in sorted(value.items()) if name != "id"}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__ if isinstance(value, (str, int)) and value else value


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", chat(7, stream_options={"include_usage": True})),
        ("/v1/chat/completions", chat(7)),
        ("/v1/completions", {"prompt": prompt(7), "stream": True, "max_tokens": 2}),
    ],
)
def test_it_answers_as_the_scripted_server_does(tmp_path, programs, path, body):
    answers = []
    for pace in (programs.pace, None):
        with serve(LOAD, tmp_path, pace, None) as served:
            status, text = ask(served.base_url, body, path)
        assert status == 200
        lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
        assert lines.pop() == "[DONE]"
        answers.append([shape(json.loads(line)) for line in lines])
    assert answers[0] == answers[1]


def test_the_truth_of_both_servers(tmp_path, programs):
    load = Load(3, 1, ttft_ms=5, itl_ms=2, tokens=3)
    for pace in (programs.pace, None):
        with serve(load, tmp_path, pace, None) as served:
            ask(served.base_url, chat(2))
            ask(served.base_url, chat(0))
        assert [one.index for one in served.truth] == [2, 0]
        assert served.tokens == 6
        for one in served.truth:
            assert one.planned <= one.started
            for position, moment in enumerate(one.tokens):
                assert moment - one.started >= 5_000_000 + position * 2_000_000
        assert served.late.median >= 0
        assert served.kind == ("sim" if pace is None else "pace")
        assert 0 <= served.cpu_share <= 1.5


def test_several_tokens_in_one_write(tmp_path, programs):
    load = Load(1, 1, ttft_ms=5, itl_ms=1, tokens=6, pack=4)
    with serve(load, tmp_path, programs.pace, None) as served:
        _, text = ask(served.base_url, chat(0, max_tokens=6))
    assert text.count('"content":" ') == 6
    (one,) = served.truth
    assert len(set(one.tokens[:4])) == 1
    assert len(set(one.tokens[4:])) == 1
    assert one.tokens[4] > one.tokens[3]


def test_a_client_that_does_not_read_is_waited_for(tmp_path, programs):
    import socket

    load = Load(1, 1, ttft_ms=0, itl_ms=0, tokens=200_000, pack=64)
    body = json.dumps(chat(0, max_tokens=200_000))
    with serve(load, tmp_path, programs.pace, None) as served:
        port = int(served.base_url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as sock:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
            sock.sendall(f"{head}{body}".encode())
            assert sock.recv(1)
    assert 0 < served.tokens < 200_000


def test_requests_that_are_none_are_refused(tmp_path, programs):
    with serve(LOAD, tmp_path, programs.pace, None) as served:
        assert ask(served.base_url, {"prompt": "x"}, "/v1/completions")[0] == 400
        assert ask(served.base_url, chat(0), "/elsewhere")[0] == 404
    assert served.truth == []


def test_without_a_compiler_it_says_so(tmp_path):
    built = ccompiler.build(tmp_path, compiler="no-such-compiler")
    assert (built.pace, built.floor) == (None, None)
    assert "no C compiler" in built.why
    (tmp_path / "pace.c").write_text("nonsense")
    (tmp_path / "floor.c").write_text("nonsense")
    built = ccompiler.build(tmp_path, sources=tmp_path)
    assert built.pace is None
    assert built.why


def test_loads():
    assert closed(512).nominal_tokens_s == 25_600
    assert closed(8).requests == 16
    assert closed(8).beside_busy().name == "8 streams, busy neighbour"
    assert poisson(200.0).requests == 1200
    assert poisson(200.0).nominal_tokens_s == 6400
    assert poisson(200.0).name == "Poisson 200/s"
