"""`suite chat`: what was said goes with each turn, answers come as they are made, and what fails is said."""

import contextlib
import http.server
import io
import json
import os
import pty
import select
import signal
import subprocess
import threading

import pytest

from suite.cli.main import main
from tests.factories import runs


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked; ``slow`` never ends, ``plain`` is no stream, ``fail`` fails in the middle, ``die`` stops there."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.whole({"data": [{"id": name} for name in self.server.models]})

    def whole(self, value, status=200):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body | {"key": self.headers["Authorization"]})
        last = body["messages"][-1]["content"]
        if last == "refuse":
            return self.whole({"error": {"message": "no such model"}}, 404)
        if last == "plain":
            return self.whole({"choices": [{"message": {"content": "whole"}}]})
        if last == "nothing":
            return self.whole([])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for text in ("re: ", last, "\x1b[31m") if last != "silent" else ():
            self.event({"choices": [{"index": 0, "delta": {"content": text}}]})
        if last == "fail":
            self.event({"error": {"message": "out of blocks"}})
        if last == "die":
            self.wfile.write(b'data: {"choices": [{"index": 0, "del')
            self.close_connection = True
            return None
        if last == "slow":
            self.server.hold.wait(60)
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True
        return None

    def event(self, value):
        self.wfile.write(b"data: " + json.dumps(value).encode() + b"\n\n")
        self.wfile.flush()


@pytest.fixture
def server():
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.asked, made.models, made.hold = [], ["one"], threading.Event()
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.hold.set()
    made.shutdown()
    made.server_close()


@pytest.fixture
def chat(server, capsys, monkeypatch):
    def run(*words, lines=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(lines))
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        status = main(["chat", "--url", url, *words])
        return status, *capsys.readouterr()

    return run


def roles(body):
    return [(message["role"], message["content"]) for message in body["messages"]]


def test_a_pipe_is_a_conversation_and_new_begins_anew(chat, server):
    status, out, _ = chat("--system", "be brief", lines="a\n\nb\n/new\nc\n/exit\nd\n")
    assert status == 0
    assert out == "re: a\nre: b\nre: c\n", "escapes of the terminal are not printed"
    told = ("system", "be brief")
    a, b, c = map(roles, server.asked)
    assert a == [told, ("user", "a")]
    assert b == [*a, ("assistant", "re: a\x1b[31m"), ("user", "b")]
    assert c == [told, ("user", "c")]
    assert {body["model"] for body in server.asked} == {"one"}
    assert all(body["stream"] and body["temperature"] == 0 for body in server.asked)


def test_one_message_with_a_key_and_limits(chat, server, monkeypatch):
    monkeypatch.setenv("KEY", "secret")
    words = ("--api-key-env", "KEY", "--max-tokens", "7", "--temperature", "0.5", "hello")
    assert chat(*words)[:2] == (0, "re: hello\n")
    (body,) = server.asked
    assert (body["key"], body["max_tokens"], body["temperature"]) == ("Bearer secret", 7, 0.5)
    assert chat("plain") == (0, "whole\n", "")


def test_an_answer_that_ends_at_once_is_said(chat):
    status, out, err = chat("silent")
    assert (status, out) == (0, "\n")
    assert "ended its answer at once" in err


@pytest.mark.parametrize(
    ("message", "status", "says"),
    [
        ("refuse", 3, "no such model"),
        ("fail", 3, "out of blocks"),
        ("die", 3, "the connection ended before the answer did"),
        ("nothing", 3, "the answer has no choice"),
    ],
)
def test_what_the_server_refuses_is_said(chat, message, status, says):
    ended, _, err = chat(message)
    assert ended == status
    assert "error[engine-bad-answer]" in err
    assert says in err


def test_of_several_models_one_is_named(chat, server):
    server.models = ["one", "two"]
    status, _, err = chat("hello")
    assert (status, "one, two" in err) == (3, True)
    assert chat("--served-model-name", "two", "hello")[0] == 0
    assert server.asked[-1]["model"] == "two"


@contextlib.contextmanager
def terminal(*words):
    """``suite chat`` at a terminal: the process, what is typed, and a wait for what is printed."""
    ours, theirs = pty.openpty()
    command = runs.command("chat", *words)
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=runs.ROOT, start_new_session=True
    ) as process:
        os.close(theirs)
        read = bytearray()

        def until(text):
            while text not in read:
                assert select.select([ours], [], [], 60)[0], f"{text} was not printed: {read}"
                read.extend(os.read(ours, 4096))
            # What came in the same piece is waited for next.
            del read[: read.index(text) + len(text)]

        try:
            yield process, lambda text: os.write(ours, text), until
        finally:
            os.close(ours)  # who still asks for a line is told that none comes


def test_at_a_terminal_the_conversation_outlives_a_failed_answer(server):
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with terminal("--url", url) as (process, write, until):
        until(b"> ")
        write(b"die\n")
        until(b"before the answer did")
        until(b"> ")
        write(b"more\n")
        until(b"re: more")
        write(b"/exit\n")
        assert process.wait(60) == 0
    die = [("user", "die"), ("assistant", "re: die\x1b[31m")]
    assert roles(server.asked[-1]) == [*die, ("user", "more")], "what had come of it stays"


def test_a_plans_engine_that_dies_ends_the_conversation_and_says_why(server):
    # Three minutes of an answer that what is typed does not begin with.
    script = json.dumps({"itl_ms": 500, "answers": "constant", "text": "hello " * 400})
    with terminal("--runtime", "sim", "--sim-script", script) as (process, write, until):
        until(b"> ")
        write(b"a b c\n")
        until(b"hello")
        (engine,) = [n for n in runs.children_of(process.pid) if "sim_main" in runs.name_of(n)]
        os.kill(engine, signal.SIGKILL)
        until(b"error[engine-died]")
        assert process.wait(60) == 3


def test_ctrl_c_breaks_an_answer_off_and_the_conversation_goes_on(server):
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with terminal("--url", url) as (process, write, until):
        until(b"> ")
        write(b"slow\n")
        until(b"re: slow")
        process.send_signal(signal.SIGINT)
        until(b"> ")
        write(b"more\n")
        until(b"re: more")
        write(b"/exit\n")
        assert process.wait(60) == 0
    (asked, said) = roles(server.asked[-1])[:2]
    assert asked == ("user", "slow")
    assert said[1].startswith("re: slow"), "what had come of it stays"
