import http.server
import threading
import time

import pytest

from suite.base import jsonio
from suite.base.errors import EngineError, UsageError
from suite.measure.engine import serve
from suite.measure.engine.readiness import get_json, probe, wait_ready
from suite.measure.engine.served import Marks, Unknown, log_tail, own_words
from tests.factories import engine as factory
from tests.factories.documents import changed

STREAM = b'data: {"choices": [{"delta": {"content": "y"}}]}\n\ndata: [DONE]\n\n'


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        found = self.server.answers.get(self.path, (404, b""))
        self.answer(*(found(self.server.asked) if callable(found) else found))

    def do_POST(self):
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(*self.server.first)

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.answers = {"/health": (200, b"")}
        made.first = (200, STREAM)
        made.asked, made.bodies = 0, []
        made.url = f"http://127.0.0.1:{made.server_address[1]}"
        thread = threading.Thread(target=made.serve_forever, args=(0.02,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ready(url, *, timeout_s=60.0, alive=lambda: None, log=None, **request):
    readiness = {"path": "/health", "timeout_s": timeout_s, "interval_s": 0.02}
    engine = changed(factory.plan().engine, readiness=readiness, request=request)
    marks = Marks()
    wait_ready(engine, url, marks=marks, alive=alive, log=log, on_progress=lambda *_, **__: None)
    return marks.list


def test_both_moments_are_stamped_on_the_monotonic_clock(server):
    before = time.monotonic_ns()
    (healthy, first), (answered, second) = ready(server.url)
    assert (healthy, answered) == ("engine.healthy", "engine.first_answer")
    assert before <= first <= second <= time.monotonic_ns()


def test_health_that_comes_late_is_waited_for(server):
    server.answers["/health"] = lambda asked: (200 if asked > 3 else 503, b"")
    ready(server.url)
    assert server.asked == 4


def test_the_first_request_speaks_as_the_plan_says(server):
    ready(
        server.url,
        api="completions",
        path="/v1/completions",
        extra_body={"return_token_ids": True},
        stream_options={"include_usage": True},
    )
    assert jsonio.loads(server.bodies[0]) == {
        "max_tokens": 2,
        "model": "mini",
        "prompt": "Say yes.",
        "return_token_ids": True,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0,
    }
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("first", "says"),
    [
        ((404, b"no such model"), "404: no such model"),
        ((200, b"<html>"), "no event stream: <html>"),
    ],
)
def test_a_first_answer_that_is_none_is_refused(server, first, says):
    server.first = first
    with pytest.raises(EngineError) as caught:
        ready(server.url)
    assert caught.value.code == "engine-bad-answer"
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("first", "hint"),
    [
        ((404, b'{"error":{"message":"The model `mini` does not exist."}}'), "--served-model-name"),
        ((200, b'{"choices":[{"index":0,"text":"yes"}]}'), "with server-sent events"),
    ],
)
def test_at_somebody_elses_server_the_refusal_says_what_to_do(server, tmp_path, first, hint):
    server.first = first
    plan = changed(factory.plan(runtime="endpoint"), engine={"url": server.url})
    with (
        pytest.raises(EngineError) as caught,
        serve(plan, tmp_path, on_progress=lambda *_, **__: None),
    ):
        pytest.fail("it must not be yielded")
    assert (caught.value.code, hint in caught.value.hint) == ("engine-bad-answer", True)


def test_a_server_that_never_answers_is_given_up(tmp_path):
    log = tmp_path / "log"
    log.write_text("loading\nstill loading\n")
    with factory.nobody() as port, pytest.raises(EngineError) as caught:
        ready(f"http://127.0.0.1:{port}", timeout_s=0.2, log=log)
    assert caught.value.code == "engine-timeout"
    assert "still loading" in caught.value.message


def test_an_engine_that_died_is_not_waited_for():
    with factory.nobody() as port, pytest.raises(EngineError) as caught:
        ready(f"http://127.0.0.1:{port}", alive=lambda: "exit code 1")
    assert caught.value.code == "engine-died"


def test_another_server_on_the_port_of_a_dead_engine_is_not_taken_for_it(server):
    with pytest.raises(EngineError) as caught:
        ready(server.url, alive=lambda: "exit code 1")
    assert caught.value.code == "engine-died"
    assert server.bodies == []


def test_probe_and_get_json_never_raise(server):
    server.answers |= {"/v": (200, b'{"version": "1"}'), "/list": (200, b"[]"), "/bad": (200, b"{")}
    assert probe(server.url, "/health") == 200
    with factory.nobody() as port:
        assert "refused" in probe(f"http://127.0.0.1:{port}", "/health")
    assert get_json(server.url, "/v") == {"version": "1"}
    for path in ("/list", "/bad", "/missing"):
        assert isinstance(get_json(server.url, path), str)


def test_an_endpoint_is_used_as_it_is(server, tmp_path):
    plan = changed(factory.plan(runtime="endpoint"), engine={"url": server.url + "/"})
    with serve(plan, tmp_path, on_progress=lambda *_, **__: None) as served:
        assert served.base_url == server.url
        assert served.alive() is None
        server.answers["/health"] = (500, b"")
        assert "500" in served.alive()
        assert isinstance(served.facts["engine.version"], Unknown)
    assert (tmp_path / "engine.log").read_text()


def test_an_endpoint_without_address_is_refused(tmp_path):
    plan = factory.plan(runtime="endpoint")
    with pytest.raises(UsageError), serve(plan, tmp_path, on_progress=lambda *_, **__: None):
        pytest.fail("it must not be yielded")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (
            "(EngineCore pid=20) ERROR Worker proc VllmWorker-0 died unexpectedly (exit code: -9)",
            True,
        ),
        ("RuntimeError: Process EngineCore_0 (PID: 20) died with exit code -11", True),
        ("vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue.", True),
        ("Fatal Python error: Segmentation fault", True),
        (
            "(APIServer pid=1) WARNING [shutdown] force killing sub process VLLM::Worker pid 33",
            False,
        ),
        ("INFO: Application shutdown complete.", False),
        ("trigger received signal=SIGTERM", False),
        ("loaded deadline scheduler, exit code 0", False),
    ],
)
def test_what_died_is_named_in_the_logs_own_words(tmp_path, line, named):
    log = tmp_path / "log"
    log.write_text(f"INFO: started\n\x1b[31m{line}\x1b[0m\nINFO: died of age later\n")
    words = own_words(log)
    assert (line in words) == named
    assert "\x1b" not in words
    assert own_words(tmp_path / "missing") == ""


def test_the_tail_of_a_log_is_short_and_readable(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"\n".join(b"line %d \xff" % n for n in range(100)) + b"\n" + b"x" * 5000)
    tail = log_tail(log).splitlines()
    assert len(tail) == 20
    assert tail[0].startswith("    line 81")
    assert len(tail[-1]) == 404
    assert log_tail(tmp_path / "missing") == ""
